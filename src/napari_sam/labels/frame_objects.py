"""Frame objects: sizes and centres of the labels in a frame of a movie, read block by block."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .blocks import block_regions, natural_block
from .label_array import LabelArray


@dataclass(frozen=True, slots=True, eq=False)
class FrameObjects:
    """Labels in a frame of a movie.

    Made by :func:`frame_objects`; read by :func:`~napari_sam.labels.tracks.tracks_of` and by the
    tracking.

    Parameters
    ----------
    labels : ndarray
        ``(N,)`` int64, ascending.
    sizes : ndarray
        ``(N,)`` int64, pixels.
    centres : ndarray
        ``(N, D)`` float64, pixels, along all axes but time.
    """

    labels: NDArray[np.int64]
    sizes: NDArray[np.int64]
    centres: NDArray[np.float64]


def frame_objects(labels: LabelArray, time: int, frame: int) -> FrameObjects:
    """Measure the labels of a frame; one block at a time is in memory.

    Parameters
    ----------
    labels : array-like
        Integers; 0 is background.
    time : int
        Index of the time axis.
    frame : int
        Index along it.
    """
    shape = tuple(labels.shape)
    block = list(natural_block(labels))
    block[time] = 1
    space = [axis for axis in range(len(shape)) if axis != time]
    numbers, sizes, sums = [], [], []
    one_frame = [1 if axis == time else size for axis, size in enumerate(shape)]
    for inside in block_regions(one_frame, block):
        region = tuple(slice(frame, frame + 1) if i == time else s for i, s in enumerate(inside))
        values = np.asarray(labels[region])
        places = np.nonzero(values)
        present, ranks = np.unique(values[places], return_inverse=True)
        count = np.bincount(ranks, minlength=len(present))
        totals = [np.bincount(ranks, places[axis], len(present)) for axis in space]
        starts = np.array([inside[axis].start for axis in space])
        numbers.append(present.astype(np.int64))
        sizes.append(count)
        sums.append(np.stack(totals, axis=1) + count[:, None] * starts)
    return _joined(np.concatenate(numbers), np.concatenate(sizes), np.concatenate(sums))


def _joined(
    numbers: NDArray[np.int64], sizes: NDArray[np.int64], sums: NDArray[np.float64]
) -> FrameObjects:
    """Objects of a frame from the parts of objects in its blocks."""
    labels, ranks = np.unique(numbers, return_inverse=True)
    size = np.zeros(len(labels), np.int64)
    total = np.zeros((len(labels), sums.shape[1]))
    np.add.at(size, ranks, sizes)
    np.add.at(total, ranks, sums)
    return FrameObjects(labels, size, total / size[:, None])
