"""Refine: remove crumbs and fill pinholes, as decoders leave in masks."""

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import label as connected_components

from napari_sam.masks.mask import Mask

from .holes import CROSS, fill_holes

CRUMB = 0.15
"""Share of the largest piece's pixels below which a piece is a crumb, and a hole a pinhole."""


def refine(mask: Mask, clicks: Sequence[tuple[float, float]] = ()) -> Mask:
    """Drop crumbs and fill pinholes.

    Pieces nearly as large as the largest stay: in a plane, an object may be in two pieces. A
    clicked piece stays however small.

    Parameters
    ----------
    mask : Mask
        As the decoder drew it.
    clicks : sequence of tuple of float
        Foreground clicks, ``(y, x)``, data pixels.

    Returns
    -------
    Mask
        Tight; an empty mask is returned as it is.
    """
    if mask.empty:
        return mask
    pieces, count = connected_components(mask.pixels, CROSS)
    areas = np.bincount(pieces.ravel())
    areas[0] = 0
    limit = CRUMB * areas.max()
    pixels = mask.pixels if count == 1 else _without_crumbs(pieces, areas >= limit, mask, clicks)
    return replace(mask, pixels=fill_holes(pixels, math.ceil(limit) - 1)).tight()


def _without_crumbs(
    pieces: NDArray[np.int32],
    keep: NDArray[np.bool_],
    mask: Mask,
    clicks: Sequence[tuple[float, float]],
) -> NDArray[np.bool_]:
    """Pixels of the pieces to keep and of the clicked pieces, ``(h, w)`` bool."""
    for y, x in clicks:
        row, col = round(y) - mask.bbox[0], round(x) - mask.bbox[1]
        if 0 <= row < pieces.shape[0] and 0 <= col < pieces.shape[1]:
            keep[pieces[row, col]] = True
    keep[0] = False
    return np.asarray(keep[pieces])
