"""Contested pixels: claimed by several masks of a plane, given to a single mask."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from napari_sam.masks.mask import Mask
from napari_sam.tiles.bbox import BBox, intersection, place

from .depth import depth


def share_pixels(masks: Mapping[int, Mask], expected: Mapping[int, Mask]) -> dict[int, Mask]:
    """Give each contested pixel to the object with the deepest expected mask there.

    Outside of all expected masks, the nearest gets the pixel. So a mask that runs over into a
    neighbour does not take the neighbour's pixels.

    Parameters
    ----------
    masks : mapping of int to Mask
        Object id to its mask in one plane, as the model drew it.
    expected : mapping of int to Mask
        Where each object should be, such as its mask carried over from the plane before; not empty.

    Returns
    -------
    dict of int to Mask
        The same objects, without common pixels; some may be empty.
    """
    shared = dict(masks)
    for a, b in combinations(masks, 2):
        region = intersection(shared[a].bbox, shared[b].bbox)
        if region is None:
            continue
        contested = _crop(shared[a], region) & _crop(shared[b], region)
        if contested.any():
            nearer = depth(expected[a], region) >= depth(expected[b], region)
            shared[a] = _without(shared[a], region, contested & ~nearer)
            shared[b] = _without(shared[b], region, contested & nearer)
    return shared


def share_contested(masks: Mapping[int, Mask]) -> dict[int, Mask]:
    """Give each contested pixel to the object with the nearest uncontested part.

    For masks without an expected place. An object that lies wholly inside another has no
    uncontested part: it keeps its pixels, as a nucleus in a cell.

    Parameters
    ----------
    masks : mapping of int to Mask
        Object id to its mask in one plane.

    Returns
    -------
    dict of int to Mask
        The same objects, without common pixels.
    """
    drawn = {i: mask for i, mask in masks.items() if not mask.empty}
    uncontested: dict[int, Mask] = {}
    for i, mask in drawn.items():
        free = without_pixels({i: mask}, (other for j, other in drawn.items() if j != i))[i]
        uncontested[i] = mask if free.empty else free
    return {**masks, **share_pixels(drawn, uncontested)}


def without_pixels(masks: Mapping[int, Mask], occupied: Iterable[Mask]) -> dict[int, Mask]:
    """Remove occupied pixels from masks.

    Parameters
    ----------
    masks : mapping of int to Mask
        Object id to its mask in one plane.
    occupied : iterable of Mask
        Of the same plane.

    Returns
    -------
    dict of int to Mask
        The same objects; changed masks are tight, and may be empty.
    """
    free = dict(masks)
    for other in occupied:
        for i, mask in free.items():
            region = intersection(mask.bbox, other.bbox)
            if region is not None and (lost := _crop(mask, region) & _crop(other, region)).any():
                free[i] = _without(mask, region, lost)
    return free


def _crop(mask: Mask, region: BBox) -> NDArray[np.bool_]:
    return mask.pixels[place(region, mask.bbox)]


def _without(mask: Mask, region: BBox, lost: NDArray[np.bool_]) -> Mask:
    pixels = mask.pixels.copy()
    pixels[place(region, mask.bbox)] &= ~lost
    return replace(mask, pixels=pixels).tight()
