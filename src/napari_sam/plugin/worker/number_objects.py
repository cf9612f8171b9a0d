"""Number objects: masks of a plane in an array of numbers; no Qt, no napari."""

from collections.abc import Sequence

import numpy as np

from napari_sam.masks.mask import Mask
from napari_sam.tiles.bbox import place as place_in
from napari_sam.tiles.bbox import union

from .events import Found, PlaneObjects


def number_objects(masks: Sequence[Mask], numbers: Sequence[int] = ()) -> PlaneObjects:
    """Draw masks of a plane into an array of numbers; overlaps go to the first mask.

    Parameters
    ----------
    masks : sequence of Mask
        At least one, all on one plane.
    numbers : sequence of int
        Their numbers; from 1 on by default.

    Returns
    -------
    PlaneObjects
    """
    y0, x0, y1, x1 = bbox = union(mask.bbox for mask in masks)
    drawn = np.zeros((y1 - y0, x1 - x0), np.uint32)
    detected = {}
    for number, mask in zip(numbers or range(1, len(masks) + 1), masks, strict=True):
        region = drawn[place_in(mask.bbox, bbox)]
        region[mask.pixels & (region == 0)] = number
        detected[number] = Found(mask.confidence, mask.bbox)
    return PlaneObjects(masks[0].plane, bbox, drawn, bool(numbers), detected)
