"""Refine: what a mask looks like after its crumbs and pinholes are gone."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_fill_holes
from skimage.measure import label as connected_components

from .mask import Mask

CRUMB = 0.15  # share of the largest part below which a part is a crumb, and a hole a pinhole


def refine(mask: Mask, clicks: Sequence[tuple[float, float]] = ()) -> Mask:
    """Drop crumbs and fill pinholes.

    Parts of an object that are nearly as large as its largest are kept: in 2D, an object may be
    in two pieces. A part that was clicked is kept however small.

    Parameters
    ----------
    mask : Mask
        The object.
    clicks : sequence of tuple of float
        Foreground clicks, ``(y, x)``, data pixels.

    Returns
    -------
    Mask
    """
    if mask.empty:
        return mask
    parts = connected_components(mask.pixels, connectivity=1)
    areas = np.bincount(parts.ravel())
    areas[0] = 0
    keep = areas >= CRUMB * areas.max()
    for y, x in clicks:
        row, col = round(y) - mask.bbox[0], round(x) - mask.bbox[1]
        if 0 <= row < parts.shape[0] and 0 <= col < parts.shape[1]:
            keep[parts[row, col]] = True
    keep[0] = False
    return replace(mask, pixels=_fill_pinholes(keep[parts], CRUMB * areas.max())).tight()


def _fill_pinholes(pixels: NDArray[np.bool_], limit: float) -> NDArray[np.bool_]:
    holes = connected_components(binary_fill_holes(pixels) & ~pixels, connectivity=1)
    small = np.bincount(holes.ravel()) < limit
    small[0] = False
    filled: NDArray[np.bool_] = pixels | small[holes]
    return filled
