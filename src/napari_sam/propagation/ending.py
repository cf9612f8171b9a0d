"""Ending: the reason to stop following an object, judged by its history."""

from enum import Enum

from napari_sam.masks.mask import Mask
from napari_sam.tiles.bbox import intersection, place

from .history import History

_LARGEST_CHANGE = 3.0
"""Factor between an object's area and its usual area, above which it has ended."""

_LEAST_OVERLAP = 0.1
"""IoU with the expected mask below which the model's answer is another object."""

_LEAST_SHARE = 0.6
"""Predicted IoU, as a share of the object's usual one, below which it has ended."""

_LEAST_SHARPNESS = 0.6
"""Sharpness of the outline, as a share of the object's largest, below which it is out of focus.
Measured by benchmarks/volumes.py on stacks with and without light from other planes."""

_SMALLEST = 4
"""Data pixels below which an answer is no object."""


class Ending(Enum):
    """Reason to stop following an object; the value is the message for users."""

    NOT_SEEN = "the model sees no object there"
    UNSURE = "the model is far less sure than before"
    AREA = "its area changed too much"
    MOVED = "what is found lies elsewhere"
    FADED = "its outline fades: it is out of focus there"
    LEFT = "it left the image"
    TAKEN = "its pixels belong to another object"
    DIVIDED = "its daughters begin, or it was born, there"
    MISSING = "planes are empty"


def judge(
    history: History, expected: Mask, answer: Mask, sharpness: float | None = None
) -> Ending | None:
    """Judge whether the model's answer is still the object that was followed.

    Parameters
    ----------
    history : History
        The object on earlier planes.
    expected : Mask
        The object's mask carried to this plane; not empty.
    answer : Mask
        The model's mask on this plane.
    sharpness : float, optional
        At the outline of the answer; without it, an object does not end for being out of focus.

    Returns
    -------
    Ending or None
        The reason to stop; None if the answer is the object.
    """
    if answer.area < _SMALLEST or answer.object_score < 0:
        return Ending.NOT_SEEN
    if answer.iou < _LEAST_SHARE * history.usual_iou:
        return Ending.UNSURE
    if not 1 / _LARGEST_CHANGE <= answer.area / history.usual_area <= _LARGEST_CHANGE:
        return Ending.AREA
    if overlap(answer, expected) < _LEAST_OVERLAP:
        return Ending.MOVED
    if sharpness is not None and sharpness < _LEAST_SHARPNESS * history.sharpest:
        return Ending.FADED
    return None


def overlap(a: Mask, b: Mask) -> float:
    """IoU of two masks of a plane."""
    region = intersection(a.bbox, b.bbox)
    if region is None:
        return 0.0
    common = int((a.pixels[place(region, a.bbox)] & b.pixels[place(region, b.bbox)]).sum())
    return common / (a.area + b.area - common)
