"""Figures: what was seen on the images of a set, as one number each."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from .clicks import Answer, Protocol
from .matching import Detection

CLICKS_SHOWN = (1, 3, 5)
FEWEST_BACKGROUND = 20
"""Clicks beside all objects that say something; dense sets have only gaps between objects."""

Figures = dict[str, float]


@dataclass(frozen=True, slots=True)
class Seen:
    """What was seen on one image, one plane or one stack.

    Parameters
    ----------
    clicks : sequence of sequence of Answer
        For each object the answer after each click.
    boxes : sequence of Answer
        For each object that to its box.
    background : sequence of float
        Object score, a logit, of each click into the background.
    plane, stack : Detection or None
        All objects of the plane, or of the stack.
    """

    clicks: Sequence[Sequence[Answer]] = ()
    boxes: Sequence[Answer] = ()
    background: Sequence[float] = ()
    plane: Detection | None = None
    stack: Detection | None = None


def summarise(seen: Iterable[Seen], protocol: Protocol) -> Figures:
    """The figures of a set.

    Prompted objects of a set all weigh the same; of the automatic figures, precisions are means
    over images, and the mistakes are shares of all true objects of the set.

    Parameters
    ----------
    seen : iterable of Seen
        On each of its images.
    protocol : Protocol
        How was clicked.

    Returns
    -------
    dict of str to float
        What was not looked at is not there.
    """
    parts = list(seen)
    clicks = [own for one in parts for own in one.clicks]
    boxes = [answer for one in parts for answer in one.boxes]
    background = [score for one in parts for score in one.background]
    planes = [one.plane for one in parts if one.plane is not None]
    stacks = [one.stack for one in parts if one.stack is not None]
    figures = (
        (_of_clicks(clicks, protocol) if clicks else {})
        | (_of_answers("box", boxes) if boxes else {})
        | (
            _of_object_scores(clicks, background)
            if clicks and len(background) >= FEWEST_BACKGROUND
            else {}
        )
        | (_of_detections("plane", planes) if planes else {})
        | (_of_detections("stack", stacks) if stacks else {})
    )
    # what predicts no IoU has no error in it
    return {name: value for name, value in figures.items() if isfinite(value)}


def _of_clicks(clicks: Sequence[Sequence[Answer]], protocol: Protocol) -> Figures:
    figures: Figures = {"objects": len(clicks)}
    for count in CLICKS_SHOWN:
        if count <= protocol.most:
            answers = [own[min(count, len(own)) - 1] for own in clicks]
            figures |= _of_answers(f"click_{count}", answers)
    needed = [clicks_to(own, protocol.target) for own in clicks]
    figures["noc"] = float(np.mean([protocol.most if n is None else n for n in needed]))
    figures["never"] = float(np.mean([n is None for n in needed]))
    return figures


def clicks_to(answers: Sequence[Answer], target: float) -> int | None:
    """After how many clicks the IoU was reached first; None if it never was."""
    good = (n for n, answer in enumerate(answers, 1) if answer.iou >= target)
    return next(good, None)


def _of_answers(name: str, answers: Sequence[Answer]) -> Figures:
    ious = np.array([answer.iou for answer in answers])
    predicted = np.array([answer.predicted for answer in answers])
    return {
        f"{name}_iou": float(ious.mean()),
        f"{name}_under_half": float((ious < 0.5).mean()),
        f"{name}_iou_error": float(np.abs(predicted - ious).mean()),
    }


def _of_object_scores(clicks: Sequence[Sequence[Answer]], background: Sequence[float]) -> Figures:
    on = _probability([own[0].object_score for own in clicks])
    off = _probability(background)
    return {
        "background_clicks": len(off),
        "background_taken": float((off > 0.5).mean()),
        "background_score_error": float(off.mean()),
        "object_score_error": float((1 - on).mean()),
        "objects_refused": float((on <= 0.5).mean()),
    }


def _probability(logits: Sequence[float]) -> NDArray[np.float64]:
    probability: NDArray[np.float64] = expit(np.array(logits, float))
    return probability


def _of_detections(name: str, found: Sequence[Detection]) -> Figures:
    objects = sum(one.objects for one in found)
    counts = {
        kind: sum(getattr(one, kind) for one in found)
        for kind in ("missed", "split", "merged", "added")
    }
    shares = {f"{name}_{kind}": n / max(objects, 1) for kind, n in counts.items()}
    return {
        f"{name}_objects": objects,
        f"{name}_found": sum(one.found for one in found),
        f"{name}_ap50": float(np.mean([one.ap50 for one in found])),
        f"{name}_msa": float(np.mean([one.msa for one in found])),
        **{f"{name}_{kind}_count": n for kind, n in counts.items()},
        **shares,
    }


def macro_mean(sets: Iterable[Mapping[str, float]]) -> Figures:
    """Mean over sets of each figure, over those sets that have it; numbers of things are summed."""
    rows = list(sets)
    return {
        name: _together(name, [row[name] for row in rows if name in row]) for name in _names(rows)
    }


def _together(name: str, values: Sequence[float]) -> float:
    counted = name == "objects" or name.endswith(("_objects", "_found", "_count", "_clicks"))
    return sum(values) if counted else float(np.mean(values))


def _names(rows: Iterable[Mapping[str, float]]) -> Iterator[str]:
    yield from dict.fromkeys(name for row in rows for name in row)
