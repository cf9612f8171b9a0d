"""Winner: pixels that several objects of a plane claim go to one of them."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from napari_sam.masks.mask import Mask
from napari_sam.tiles.bbox import BBox, intersection, place

from .depth import depth


def share_pixels(found: Mapping[int, Mask], expected: Mapping[int, Mask]) -> dict[int, Mask]:
    """Give each pixel to one object at most.

    A contested pixel goes to the object in whose expected mask it lies deepest, or to whose it is
    nearest. So a mask that runs over into a neighbour does not take what was the neighbour's.

    Parameters
    ----------
    found : mapping of int to Mask
        Objects of one plane, as the model saw them.
    expected : mapping of int to Mask
        Where each of them should be; not empty.

    Returns
    -------
    dict of int to Mask
        Without a common pixel.
    """
    shared = dict(found)
    for a, b in combinations(found, 2):
        region = intersection(shared[a].bbox, shared[b].bbox)
        if region is None:
            continue
        both = _crop(shared[a], region) & _crop(shared[b], region)
        if both.any():
            nearer = depth(expected[a], region) >= depth(expected[b], region)
            shared[a] = _without(shared[a], region, both & ~nearer)
            shared[b] = _without(shared[b], region, both & nearer)
    return shared


def share_contested(found: Mapping[int, Mask]) -> dict[int, Mask]:
    """Give each pixel to one object at most, where nothing but the masks is known.

    A contested pixel goes to the object whose own part, which no other claims, is nearer. An
    object that lies wholly in another has no such part: it keeps its pixels, as a nucleus in a
    cell.

    Parameters
    ----------
    found : mapping of int to Mask
        Objects of one plane.

    Returns
    -------
    dict of int to Mask
        Without a common pixel.
    """
    masks = {i: mask for i, mask in found.items() if not mask.empty}
    own: dict[int, Mask] = {}
    for i, mask in masks.items():
        left = without_pixels({i: mask}, (other for j, other in masks.items() if j != i))[i]
        own[i] = mask if left.empty else left
    return {**found, **share_pixels(masks, own)}


def without_pixels(found: Mapping[int, Mask], taken: Iterable[Mask]) -> dict[int, Mask]:
    """What is left of objects without pixels that are taken.

    Parameters
    ----------
    found : mapping of int to Mask
        Objects of one plane.
    taken : iterable of Mask
        Of the same plane.

    Returns
    -------
    dict of int to Mask
        Tight; maybe empty.
    """
    left = dict(found)
    for other in taken:
        for i, mask in left.items():
            region = intersection(mask.bbox, other.bbox)
            if region is not None and (lost := _crop(mask, region) & _crop(other, region)).any():
                left[i] = _without(mask, region, lost)
    return left


def _crop(mask: Mask, region: BBox) -> NDArray[np.bool_]:
    return mask.pixels[place(region, mask.bbox)]


def _without(mask: Mask, region: BBox, lost: NDArray[np.bool_]) -> Mask:
    pixels = mask.pixels.copy()
    pixels[place(region, mask.bbox)] &= ~lost
    return replace(mask, pixels=pixels).tight()
