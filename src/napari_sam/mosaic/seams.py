"""Seams: which objects of overlapping tiles are one, whatever the order of the tiles."""

import numpy as np
from numpy.typing import NDArray

from napari_sam.tiles.bbox import intersection, place
from napari_sam.tiles.stitch import SAME_OBJECT

from .tile_objects import TileObjects

Pairs = NDArray[np.int64]


def agreeing(first: TileObjects, second: TileObjects) -> Pairs:
    """Objects of two tiles that mean the same.

    They do if, among the pixels that both tiles see, they share more than half of the smaller one.

    Parameters
    ----------
    first, second : TileObjects
        Of two tiles of one plane.

    Returns
    -------
    ndarray
        ``(N, 2)`` int64: a number of the first, one of the second.
    """
    seen = intersection(first.tile.bbox, second.tile.bbox)
    if seen is None or not len(first) or not len(second):
        return np.empty((0, 2), np.int64)
    a = first.numbers[place(seen, first.tile.bbox)].astype(np.int64)
    b = second.numbers[place(seen, second.tile.bbox)].astype(np.int64)
    size_a = np.bincount(a.ravel(), minlength=len(first) + 1)
    size_b = np.bincount(b.ravel(), minlength=len(second) + 1)
    both = (a > 0) & (b > 0)
    codes, shared = np.unique(a[both] * (len(second) + 1) + b[both], return_counts=True)
    pairs = np.stack(np.divmod(codes, len(second) + 1), axis=1)
    smaller = np.minimum(size_a[pairs[:, 0]], size_b[pairs[:, 1]])
    return np.asarray(pairs[shared > SAME_OBJECT * smaller], np.int64)
