"""Clicks: a simulated annotator, clicking at the largest error of each mask."""

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
"""From the clicks of each object to its mask: :meth:`napari_sam.Session.predict_objects`."""


@dataclass(frozen=True, slots=True)
class Protocol:
    """Rules for the number of clicks of the simulated annotator.

    Parameters
    ----------
    most : int
        Largest number of clicks on an object.
    target : float
        IoU with the true object, 0 to 1, from which a mask is good enough.
    always : int
        Clicks on every object, even if an earlier mask is good enough; for figures after a fixed
        number of clicks.
    """

    most: int = 10
    target: float = 0.85
    always: int = 5


@dataclass(frozen=True, slots=True)
class Answer:
    """Scores of the mask that a model answers to the prompts of an object.

    Parameters
    ----------
    iou : float
        Intersection over union with the true object, 0 to 1.
    predicted : float
        The model's own prediction of `iou`; NaN from methods without one.
    object_score : float
        The model's logit that there is an object at the prompts.
    """

    iou: float
    predicted: float
    object_score: float

    @classmethod
    def of(cls, mask: Mask, truth: TrueObject) -> "Answer":
        """Compare a mask with the true object."""
        return cls(truth.iou(mask), mask.iou, mask.object_score)


def simulate(
    objects: Sequence[TrueObject], plane: Plane, ask: Ask, protocol: Protocol
) -> list[tuple[Answer, ...]]:
    """Click on all objects of a plane, and correct each mask until the protocol is fulfilled.

    This is the usual protocol of interactive segmentation (Xu et al., Deep Interactive Object
    Selection, CVPR 2016): the first click at the innermost pixel of an object, each further one at
    the innermost pixel of the largest error region. Each time the model gets all clicks so far.

    Parameters
    ----------
    objects : sequence of TrueObject
        True objects of the plane.
    plane : tuple of int
        Index of the plane along the leading axes.
    ask : callable
        The model: clicks of several objects to masks.
    protocol : Protocol
        Rules for the number of clicks.

    Returns
    -------
    list of tuple of Answer
        For each object, in order, the answers after its first click, its second, and so on.
    """
    clicks = {i: [PointPrompt((*plane, *true.click))] for i, true in enumerate(objects, 1)}
    answers: dict[int, list[Answer]] = {i: [] for i in clicks}
    active = list(clicks)
    while active:
        masks = ask({i: tuple(clicks[i]) for i in active})
        unfinished: list[int] = []
        for i in active:
            answers[i].append(Answer.of(masks[i], objects[i - 1]))
            if _is_done(answers[i], protocol):
                continue
            click = next_click(objects[i - 1], masks[i], clicks[i])
            if click is not None:
                clicks[i].append(click)
                unfinished.append(i)
        active = unfinished
    return [tuple(answers_of_one) for answers_of_one in answers.values()]


def _is_done(answers: Sequence[Answer], protocol: Protocol) -> bool:
    """Whether an object with these answers gets no more clicks."""
    good = any(answer.iou >= protocol.target for answer in answers)
    return len(answers) >= min(protocol.most, protocol.always if good else protocol.most)


def next_click(
    truth: TrueObject, mask: Mask, clicks: Sequence[PointPrompt] = ()
) -> PointPrompt | None:
    """Click at the innermost pixel of the largest error region.

    Parameters
    ----------
    truth : TrueObject
        The object.
    mask : Mask
        Mask for the clicks so far; may be empty.
    clicks : sequence of PointPrompt
        The clicks so far. No pixel is clicked twice.

    Returns
    -------
    PointPrompt or None
        Foreground if the region belongs to the object, background if not; None if every pixel is
        right, or every wrong one was clicked already.
    """
    region = truth.bbox if mask.empty else union((truth.bbox, mask.bbox))
    target, answer = truth.within(region), mask.within(region)
    wrong = target != answer
    for click in clicks:
        y, x = (round(v) - start for v, start in zip(click.position[-2:], region[:2], strict=True))
        if 0 <= y < wrong.shape[0] and 0 <= x < wrong.shape[1]:
            wrong[y, x] = False
    if not wrong.any():
        return None
    y, x = _middle_of_largest(wrong & target, wrong & answer)
    label = FOREGROUND if target[y, x] else BACKGROUND
    return PointPrompt((*mask.plane, float(y + region[0]), float(x + region[1])), label)


def _middle_of_largest(missing: Bool, surplus: Bool) -> tuple[int, int]:
    """Return the innermost pixel, yx, of the largest connected part of disjoint ``(h, w)`` masks.

    Pixels of `missing` and of `surplus` are never connected.
    """
    parts = connected_components(missing + 2 * surplus.astype(np.uint8), background=0)
    sizes = np.bincount(parts.ravel())
    sizes[0] = 0
    largest = int(sizes.argmax())
    rows, cols = find_objects(parts, largest)[largest - 1]
    y, x = innermost(parts[rows, cols] == largest)
    return y + rows.start, x + cols.start
