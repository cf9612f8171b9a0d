"""Refine: what a mask looks like after its crumbs and pinholes are gone."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import generate_binary_structure
from scipy.ndimage import label as connected_components

from napari_sam.masks.mask import Mask

CRUMB = 0.15  # share of the largest part below which a part is a crumb, and a hole a pinhole
_CROSS = generate_binary_structure(2, 1)


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
    parts, count = connected_components(mask.pixels, _CROSS)
    areas = np.bincount(parts.ravel())
    areas[0] = 0
    limit = CRUMB * areas.max()
    pixels = mask.pixels if count == 1 else _without_crumbs(parts, areas >= limit, mask, clicks)
    return replace(mask, pixels=_fill_pinholes(pixels, limit)).tight()


def _without_crumbs(
    parts: NDArray[np.int32],
    keep: NDArray[np.bool_],
    mask: Mask,
    clicks: Sequence[tuple[float, float]],
) -> NDArray[np.bool_]:
    """The parts to keep, and those that were clicked."""
    for y, x in clicks:
        row, col = round(y) - mask.bbox[0], round(x) - mask.bbox[1]
        if 0 <= row < parts.shape[0] and 0 <= col < parts.shape[1]:
            keep[parts[row, col]] = True
    keep[0] = False
    return np.asarray(keep[parts])


def _fill_pinholes(pixels: NDArray[np.bool_], limit: float) -> NDArray[np.bool_]:
    height, width = pixels.shape
    background = np.ones((height + 2, width + 2), bool)
    background[1:-1, 1:-1] = ~pixels
    holes, count = connected_components(background, _CROSS)
    if count == 1:  # the outside
        return pixels
    small = np.bincount(holes.ravel()) < limit
    small[[0, holes[0, 0]]] = False
    filled: NDArray[np.bool_] = pixels | small[holes[1:-1, 1:-1]]
    return filled
