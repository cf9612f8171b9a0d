"""Figures: numbers for a set of images, such as the mean IoU after a click."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from .clicks import Answer, Protocol
from .matching import Detection

CLICKS_SHOWN = (1, 3, 5)
"""Numbers of clicks after which the IoU is a figure of its own."""

FEWEST_BACKGROUND = 20
"""Background clicks on a set, below which there are no figures of object scores.

Dense sets have nothing but gaps between objects, and a few clicks there say little.
"""

Figures = dict[str, float]
"""Value by the name of the figure, such as ``click_1_iou`` or ``plane_ap50``."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """Results of an evaluation on an image, a plane or a stack; parts left out are empty.

    Parameters
    ----------
    clicks : sequence of sequence of Answer
        For each prompted object, the answers after each click.
    boxes : sequence of Answer
        For each prompted object, the answer to its box.
    background : sequence of float
        Object score, a logit, of each click into the background.
    plane, stack : Detection or None
        Comparison of all objects of the plane, or of the stack.
    """

    clicks: Sequence[Sequence[Answer]] = ()
    boxes: Sequence[Answer] = ()
    background: Sequence[float] = ()
    plane: Detection | None = None
    stack: Detection | None = None


def summarise(outcomes: Iterable[Outcome], protocol: Protocol) -> Figures:
    """Compute the figures of a set of images.

    Prompted figures are means over all objects of the set. Automatic precisions are means over
    planes or stacks; missed, split, merged and added objects are shares of all true objects.

    Parameters
    ----------
    outcomes : iterable of Outcome
        Results on each image, plane and stack of the set.
    protocol : Protocol
        Rules of the annotator.

    Returns
    -------
    dict of str to float
        Figures by name, without those of parts that were left out.
    """
    outcomes = list(outcomes)
    clicks = [answers for outcome in outcomes for answers in outcome.clicks]
    boxes = [answer for outcome in outcomes for answer in outcome.boxes]
    background = [score for outcome in outcomes for score in outcome.background]
    planes = [outcome.plane for outcome in outcomes if outcome.plane is not None]
    stacks = [outcome.stack for outcome in outcomes if outcome.stack is not None]
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
    # methods that predict no IoU have NaN for its error
    return {name: value for name, value in figures.items() if isfinite(value)}


def _of_clicks(clicks: Sequence[Sequence[Answer]], protocol: Protocol) -> Figures:
    figures: Figures = {"objects": len(clicks)}
    for count in CLICKS_SHOWN:
        if count <= protocol.most:
            # an object that needed fewer clicks counts with its last answer
            at_count = [answers[min(count, len(answers)) - 1] for answers in clicks]
            figures |= _of_answers(f"click_{count}", at_count)
    needed = [clicks_to(answers, protocol.target) for answers in clicks]
    figures["noc"] = float(np.mean([protocol.most if n is None else n for n in needed]))
    figures["never"] = float(np.mean([n is None for n in needed]))
    return figures


def clicks_to(answers: Sequence[Answer], target: float) -> int | None:
    """Count the clicks to the first answer with an IoU of at least `target`; None without one."""
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
    on = _probability([answers[0].object_score for answers in clicks])
    off = _probability(background)
    return {
        "background_clicks": len(off),
        "background_taken": float((off > 0.5).mean()),
        "background_score_error": float(off.mean()),
        "object_score_error": float((1 - on).mean()),
        "objects_refused": float((on <= 0.5).mean()),
    }


def _probability(logits: Sequence[float]) -> NDArray[np.float64]:
    """Turn logits into probabilities, 0 to 1."""
    probability: NDArray[np.float64] = expit(np.array(logits, float))
    return probability


def _of_detections(name: str, detections: Sequence[Detection]) -> Figures:
    objects = sum(detection.objects for detection in detections)
    counts = {
        kind: sum(getattr(detection, kind) for detection in detections)
        for kind in ("missed", "split", "merged", "added")
    }
    shares = {f"{name}_{kind}": n / max(objects, 1) for kind, n in counts.items()}
    return {
        f"{name}_objects": objects,
        f"{name}_found": sum(detection.predicted for detection in detections),
        f"{name}_ap50": float(np.mean([detection.ap50 for detection in detections])),
        f"{name}_msa": float(np.mean([detection.msa for detection in detections])),
        **{f"{name}_{kind}_count": n for kind, n in counts.items()},
        **shares,
    }


def macro_mean(sets: Iterable[Mapping[str, float]]) -> Figures:
    """Average each figure over the sets that have it; counts are summed.

    Parameters
    ----------
    sets : iterable of mapping of str to float
        Figures of each set.
    """
    rows = list(sets)
    return {
        name: _together(name, [row[name] for row in rows if name in row]) for name in _names(rows)
    }


def _together(name: str, values: Sequence[float]) -> float:
    """Sum the values of a count, average those of another figure."""
    counted = name == "objects" or name.endswith(("_objects", "_found", "_count", "_clicks"))
    return sum(values) if counted else float(np.mean(values))


def _names(rows: Iterable[Mapping[str, float]]) -> Iterator[str]:
    """Yield the names of all figures, each once."""
    yield from dict.fromkeys(name for row in rows for name in row)
