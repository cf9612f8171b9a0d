"""Depth: signed distance of pixels to the outline of a mask, positive inside."""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt

from napari_sam.masks.mask import Mask
from napari_sam.tiles.bbox import BBox, box_of, place, union


def depth(mask: Mask, region: BBox) -> NDArray[np.float64]:
    """Signed distance of the pixels of a region to the outline of a mask.

    Parameters
    ----------
    mask : Mask
        Must not be empty.
    region : tuple of int
        ``(y0, x0, y1, x1)``, data pixels of the same plane.

    Returns
    -------
    ndarray
        ``(y1 - y0, x1 - x0)`` float64, pixels: 0.5 and more inside, -0.5 and less outside.
    """
    y0, x0, y1, x1 = union((mask.bbox, region))
    around = (y0 - 1, x0 - 1, y1 + 1, x1 + 1)
    inside = mask.within(around)
    signed = np.where(
        inside, distance_transform_edt(inside) - 0.5, 0.5 - distance_transform_edt(~inside)
    )
    cut: NDArray[np.float64] = signed[place(region, around)]
    return cut


def innermost(pixels: NDArray[np.bool_]) -> tuple[int, int]:
    """Row and column of the deepest pixel inside a mask.

    Parameters
    ----------
    pixels : ndarray
        ``(h, w)`` bool, not all False. Beyond the array is background.

    Returns
    -------
    tuple of int
        ``(y, x)`` in the array: the first pixel of largest Euclidean distance to the background.

    Raises
    ------
    ValueError
        If all pixels are False.
    """
    box = box_of(pixels)
    if box is None:
        raise ValueError("an empty mask has no innermost pixel")
    y0, x0, y1, x1 = box
    depth = distance_transform_edt(np.pad(pixels[y0:y1, x0:x1], 1))[1:-1, 1:-1]
    y, x = np.unravel_index(int(depth.argmax()), depth.shape)
    return y0 + int(y), x0 + int(x)
