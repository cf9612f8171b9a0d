"""Seams: pairs of objects in overlapping tiles that are the same object."""

import numpy as np
from numpy.typing import NDArray

from napari_sam.tiles.bbox import intersection, place
from napari_sam.tiles.stitch import SAME_OBJECT

from .tile_objects import TileObjects

Pairs = NDArray[np.int64]


def agreeing(first: TileObjects, second: TileObjects) -> Pairs:
    """Pairs of objects of two tiles that are the same object.

    Two objects are the same if, within the overlap of the tiles, they share more than
    :data:`~napari_sam.tiles.stitch.SAME_OBJECT` of the smaller object's pixels.

    Parameters
    ----------
    first, second : TileObjects
        Objects of two tiles of one plane.

    Returns
    -------
    ndarray
        ``(N, 2)`` int64: number of an object in `first`, number of an object in `second`.
    """
    overlap = intersection(first.tile.bbox, second.tile.bbox)
    if overlap is None or not len(first) or not len(second):
        return np.empty((0, 2), np.int64)
    a = first.numbers[place(overlap, first.tile.bbox)].astype(np.int64)
    b = second.numbers[place(overlap, second.tile.bbox)].astype(np.int64)
    size_a = np.bincount(a.ravel(), minlength=len(first) + 1)
    size_b = np.bincount(b.ravel(), minlength=len(second) + 1)
    in_both = (a > 0) & (b > 0)
    codes, shared = np.unique(a[in_both] * (len(second) + 1) + b[in_both], return_counts=True)
    pairs = np.stack(np.divmod(codes, len(second) + 1), axis=1)
    smaller = np.minimum(size_a[pairs[:, 0]], size_b[pairs[:, 1]])
    return np.asarray(pairs[shared > SAME_OBJECT * smaller], np.int64)
