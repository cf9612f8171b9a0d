"""Clicks: an annotator who knows the truth, and clicks where the answer is most wrong."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import find_objects
from skimage.measure import label as connected_components

from napari_sam.image.volume import Plane
from napari_sam.masks.mask import Mask
from napari_sam.masks.pixels.depth import innermost
from napari_sam.prompts.prompt import BACKGROUND, FOREGROUND, PointPrompt
from napari_sam.tiles.bbox import union

from .objects import Bool, TrueObject

Ask = Callable[[Mapping[int, Sequence[PointPrompt]]], Mapping[int, Mask]]
"""Clicks of some objects to their masks, as :meth:`napari_sam.Session.predict_objects` does."""


@dataclass(frozen=True, slots=True)
class Protocol:
    """How the annotator clicks.

    Parameters
    ----------
    most : int
        Clicks that an object gets at most.
    target : float
        The IoU at which an answer is good enough.
    always : int
        Clicks that an object gets even if its answer is good enough before.
    """

    most: int = 10
    target: float = 0.85
    always: int = 5


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of the prompts of one object.

    Parameters
    ----------
    iou : float
        With the true object, 0 to 1.
    predicted : float
        What the model thought that this would be; NaN where nobody thinks.
    object_score : float
        Logit that there is an object at all.
    """

    iou: float
    predicted: float
    object_score: float

    @classmethod
    def of(cls, mask: Mask, truth: TrueObject) -> "Answer":
        """A mask, compared with the truth."""
        return cls(truth.iou(mask), mask.iou, mask.object_score)


def simulate(
    objects: Sequence[TrueObject], plane: Plane, ask: Ask, protocol: Protocol
) -> list[tuple[Answer, ...]]:
    """Click on all objects of a plane; those that are not good enough get more clicks.

    This is the usual protocol of interactive segmentation (Xu et al., Deep Interactive Object
    Selection, CVPR 2016): the first click at the innermost pixel of an object, each further one at
    the innermost pixel of the largest error region. With each click, all clicks are asked anew.

    Parameters
    ----------
    objects : sequence of TrueObject
        Of the plane.
    plane : tuple of int
        Index of the leading axes.
    ask : callable
        Answers the clicks of several objects at once.
    protocol : Protocol
        When to stop.

    Returns
    -------
    list of tuple of Answer
        For each object the answer after each click.
    """
    clicks = {i: [PointPrompt((*plane, *one.click))] for i, one in enumerate(objects, 1)}
    answers: dict[int, list[Answer]] = {i: [] for i in clicks}
    active = list(clicks)
    while active:
        masks = ask({i: tuple(clicks[i]) for i in active})
        still: list[int] = []
        for i in active:
            answers[i].append(Answer.of(masks[i], objects[i - 1]))
            if _is_done(answers[i], protocol):
                continue
            click = next_click(objects[i - 1], masks[i], clicks[i])
            if click is not None:
                clicks[i].append(click)
                still.append(i)
        active = still
    return [tuple(own) for own in answers.values()]


def _is_done(answers: Sequence[Answer], protocol: Protocol) -> bool:
    good = any(answer.iou >= protocol.target for answer in answers)
    return len(answers) >= min(protocol.most, protocol.always if good else protocol.most)


def next_click(
    truth: TrueObject, mask: Mask, clicks: Sequence[PointPrompt] = ()
) -> PointPrompt | None:
    """Where to click next: the innermost pixel of the largest error region.

    Parameters
    ----------
    truth : TrueObject
        The object.
    mask : Mask
        What the clicks so far gave; may be empty.
    clicks : sequence of PointPrompt
        Those clicks. A pixel that was clicked is not clicked again.

    Returns
    -------
    PointPrompt or None
        Foreground where the object was left out, background where the mask went too far; None if
        nothing is wrong, or all that is was clicked.
    """
    region = truth.bbox if mask.empty else union((truth.bbox, mask.bbox))
    wanted, shown = truth.within(region), mask.within(region)
    wrong = wanted != shown
    for click in clicks:
        y, x = (round(v) - start for v, start in zip(click.position[-2:], region[:2], strict=True))
        if 0 <= y < wrong.shape[0] and 0 <= x < wrong.shape[1]:
            wrong[y, x] = False
    if not wrong.any():
        return None
    y, x = _middle_of_largest(wrong & wanted, wrong & shown)
    label = FOREGROUND if wanted[y, x] else BACKGROUND
    return PointPrompt((*mask.plane, float(y + region[0]), float(x + region[1])), label)


def _middle_of_largest(missing: Bool, surplus: Bool) -> tuple[int, int]:
    """The innermost pixel of the largest part of two regions ``(h, w)`` that do not touch."""
    parts = connected_components(missing + 2 * surplus.astype(np.uint8), background=0)
    sizes = np.bincount(parts.ravel())
    sizes[0] = 0
    largest = int(sizes.argmax())
    rows, cols = find_objects(parts, largest)[largest - 1]
    y, x = innermost(parts[rows, cols] == largest)
    return y + rows.start, x + cols.start
