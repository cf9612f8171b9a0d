"""Object windows: the labels in and around the bounding box of each object."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_sam.labels.blocks import natural_block
from napari_sam.labels.label_array import LabelArray

from .sums import Ints, ObjectSums

MARGIN = 1
"""Pixels around the bounding box of an object: its neighbours touch it there."""

Labels = NDArray[np.integer[Any]]


def object_windows(
    labels: LabelArray, plane_axes: str, sums: ObjectSums
) -> Iterator[tuple[int, Labels]]:
    """Yield the objects, block after block, each with the labels around it.

    Objects that lie in one block are cut from it, so that a chunk on disk is decoded once for all
    of them. An object across blocks, or in several planes, is read by itself.

    Parameters
    ----------
    labels : array-like
        ``(*planes, Y, X)`` integers, 0 is background.
    plane_axes : str
        Letters of the axes before Y and X.
    sums : ObjectSums
        Of all objects.

    Yields
    ------
    row : int
        Of the object in `sums`.
    window : ndarray
        ``(z, y, x)`` labels in the bounding box of the object and :data:`MARGIN` pixels around it.
        Beyond the borders of the labels there is background.
    """
    sizes = np.array([1, *natural_block(labels)[-2:]])
    rows_by_block: dict[tuple[int, ...], list[int]] = defaultdict(list)
    for row, (frame, low) in enumerate(zip(sums.frame, sums.low, strict=True)):
        rows_by_block[(int(frame), *map(int, low // sizes))].append(row)
    for (frame, *block), rows in sorted(rows_by_block.items()):
        start = np.array(block) * sizes
        stop = start + sizes
        of_block = None
        for row in rows:
            low, high = sums.low[row] - MARGIN, sums.high[row] + MARGIN
            in_block = (low[1:] >= start[1:]).all() and (high[1:] <= stop[1:]).all()
            if in_block and "Z" not in plane_axes:
                if of_block is None:
                    of_block = _read(labels, plane_axes, frame, start - MARGIN, stop + MARGIN)
                cut = zip(low - start + MARGIN, high - start + MARGIN, strict=True)
                yield row, of_block[tuple(slice(a, b) for a, b in cut)]
            else:
                yield row, _read(labels, plane_axes, frame, low, high)


def _read(labels: LabelArray, plane_axes: str, frame: int, low: Ints, high: Ints) -> Labels:
    """Labels ``(z, y, x)`` of a frame in a box, which may reach beyond the borders."""
    shape = dict(zip((*plane_axes, "Y", "X"), labels.shape, strict=True))
    limits = [shape.get(axis, 1) for axis in "ZYX"]
    starts = [max(0, int(at)) for at in low]
    stops = [min(limit, int(at)) for limit, at in zip(limits, high, strict=True)]
    space = dict(zip("ZYX", map(slice, starts, stops), strict=True))
    index = tuple(frame if axis == "T" else space[axis] for axis in (*plane_axes, "Y", "X"))
    part = np.asarray(labels[index])
    part = part.reshape([b - a for a, b in zip(starts, stops, strict=True)])
    around = zip(starts, low, high, stops, strict=True)
    return np.pad(part, [(int(a - a0), int(b0 - b)) for a, a0, b0, b in around])
