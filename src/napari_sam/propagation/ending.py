"""Ending: whether an object is still there, judged by its own history."""

from enum import Enum

from napari_sam.masks.mask import Mask
from napari_sam.tiles.bbox import intersection, place

from .history import History

_LARGEST_CHANGE = 3.0  # of the area from what it usually was
_LEAST_OVERLAP = 0.1  # IoU with where it should be
_LEAST_SHARE = 0.6  # of the predicted IoU that it usually had
_SMALLEST = 4  # pixels


class Ending(Enum):
    """Why an object was not followed any further."""

    NOT_SEEN = "the model sees no object there"
    UNSURE = "the model is far less sure than before"
    AREA = "its area changed too much"
    MOVED = "what is found lies elsewhere"
    LEFT = "it left the image"
    TAKEN = "its pixels belong to another object"
    DIVIDED = "its daughters begin, or it was born, there"
    MISSING = "planes are empty"


def judge(history: History, expected: Mask, found: Mask) -> Ending | None:
    """Why what was found is not the object any more; None if it is.

    Parameters
    ----------
    history : History
        The object so far.
    expected, found : Mask
        Where it should be on this plane, not empty, and what the model found there.

    Returns
    -------
    Ending or None
    """
    if found.area < _SMALLEST or found.object_score < 0:
        return Ending.NOT_SEEN
    if found.iou < _LEAST_SHARE * history.usual_iou:
        return Ending.UNSURE
    if not 1 / _LARGEST_CHANGE <= found.area / history.usual_area <= _LARGEST_CHANGE:
        return Ending.AREA
    if overlap(found, expected) < _LEAST_OVERLAP:
        return Ending.MOVED
    return None


def overlap(a: Mask, b: Mask) -> float:
    """IoU of two masks of one plane."""
    region = intersection(a.bbox, b.bbox)
    if region is None:
        return 0.0
    common = int((a.pixels[place(region, a.bbox)] & b.pixels[place(region, b.bbox)]).sum())
    return common / (a.area + b.area - common)
