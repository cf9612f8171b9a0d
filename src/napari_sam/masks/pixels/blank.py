"""Blank: places where an image has a single value, and no object."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from napari_sam.image.volume import Plane, Volume
from napari_sam.masks.mask import Mask
from napari_sam.tiles.bbox import BBox

_NO_OBJECT = float("-inf")
"""Object score of a mask on a blank place: no model gives it."""


def is_constant(pixels: NDArray[np.generic]) -> bool:
    """Whether all finite pixels have a single value, or none is finite."""
    finite = pixels[np.isfinite(pixels)]
    return finite.size == 0 or bool(finite.min() == finite.max())


def is_blank(volume: Volume, plane: Plane, bbox: BBox) -> bool:
    """Whether a region of a plane and its surroundings have a single value.

    Parameters
    ----------
    volume : Volume
        The image; only the pixels of the region and around it are read.
    plane : tuple of int
        The plane.
    bbox : tuple of int
        ``(y0, x0, y1, x1)``, data pixels: an object of a single value has other surroundings, so
        its own height and width are added on each side.
    """
    y0, x0, y1, x1 = bbox
    dy, dx = y1 - y0, x1 - x0
    around = (max(y0 - dy, 0), max(x0 - dx, 0))
    end = (min(y1 + dy, volume.height), min(x1 + dx, volume.width))
    y, x = max(y0, 0), max(x0, 0)
    first_row = volume.read(plane, y, x, y + 1, min(x1, volume.width))
    # most images vary within one row of the object, and no more of them is read
    return is_constant(first_row) and is_constant(volume.read(plane, *around, *end))


def blank_mask(mask: Mask) -> Mask:
    """The mask without pixels, marked as lying on a blank place."""
    return replace(mask.emptied(), iou=0.0, object_score=_NO_OBJECT)


def lies_on_blank(mask: Mask) -> bool:
    """Whether a mask is empty because the image is blank there."""
    return mask.empty and mask.object_score == _NO_OBJECT
