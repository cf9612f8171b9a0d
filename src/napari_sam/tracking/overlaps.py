"""Overlaps: common pixels of the objects of two frames, after a shift of the first frame."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from napari_sam.labels.blocks import block_regions, natural_block
from napari_sam.labels.label_array import LabelArray

_HALF = np.uint64(32)
"""Bits of a label: two labels share a code of 64 bits."""


def overlaps(
    labels: LabelArray, first: int, second: int, shift: Sequence[int]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Count common pixels of objects of two frames; one block at a time is read.

    Parameters
    ----------
    labels : array-like
        ``(T, *space)`` integers from 0 to 2**32 - 1.
    first, second : int
        The frames.
    shift : sequence of int
        Pixels along each axis of space, by which the first frame is moved.

    Returns
    -------
    pairs : ndarray
        ``(N, 2)`` int64: the label in the first frame, and in the second.
    counts : ndarray
        ``(N,)`` int64: common pixels.
    """
    size = tuple(labels.shape[1:])
    codes, counts = [np.empty(0, np.uint64)], [np.empty(0, np.int64)]
    for region in block_regions(size, natural_block(labels)[1:]):
        common = _shifted(region, size, shift)
        if common is None:
            continue
        before, after = common
        a = np.asarray(labels[(first, *before)]).astype(np.uint64)
        b = np.asarray(labels[(second, *after)]).astype(np.uint64)
        common_pixels = (a > 0) & (b > 0)
        code, count = np.unique(a[common_pixels] << _HALF | b[common_pixels], return_counts=True)
        codes.append(code)
        counts.append(count)
    code, ranks = np.unique(np.concatenate(codes), return_inverse=True)
    total = np.zeros(len(code), np.int64)
    np.add.at(total, ranks, np.concatenate(counts))
    pairs = np.stack([code >> _HALF, code & np.uint64(0xFFFFFFFF)], axis=1)
    return pairs.astype(np.int64), total


def _shifted(
    region: tuple[slice, ...], size: Sequence[int], shift: Sequence[int]
) -> tuple[tuple[slice, ...], tuple[slice, ...]] | None:
    """Overlap of a region with the shifted first frame: its place in both frames."""
    before, after = [], []
    for part, length, step in zip(region, size, shift, strict=True):
        start, stop = max(part.start, step), min(part.stop, length + step)
        if start >= stop:
            return None
        before.append(slice(start - step, stop - step))
        after.append(slice(start, stop))
    return tuple(before), tuple(after)
