"""Canvas: an array of zeros to paint labels into, in memory or on disk."""

import math
import mmap
import tempfile
import weakref

import numpy as np
import zarr
from numpy.typing import NDArray

from .label_array import LabelArray

IN_MEMORY = 2 * 1024**3
"""Bytes of labels above which the array is on disk."""

_CHUNK = 1024  # rows and columns of a chunk on disk


def new_labels(shape: tuple[int, ...]) -> LabelArray:
    """Make labels without objects.

    Parameters
    ----------
    shape : tuple of int
        ``(*planes, Y, X)``.

    Returns
    -------
    array
        uint32 zeros: numpy, or above :data:`IN_MEMORY` a zarr array in a temporary folder, which is
        removed with the last reference to the array. Chunks without labels take no space.
    """
    if 4 * math.prod(shape) <= IN_MEMORY:
        return _sparse_zeros(shape)
    folder = tempfile.TemporaryDirectory(prefix="napari-sam-labels-", ignore_cleanup_errors=True)
    array = zarr.create_array(
        folder.name,
        shape=shape,
        chunks=(1,) * (len(shape) - 2) + tuple(min(_CHUNK, n) for n in shape[-2:]),
        dtype="uint32",
        fill_value=0,
        overwrite=True,
    )
    weakref.finalize(array, folder.cleanup)
    return array


def _sparse_zeros(shape: tuple[int, ...]) -> NDArray[np.uint32]:
    """Zeros in small pages of memory, which count only after a write.

    numpy asks the system for pages of 2 MB instead: one cell per plane would make nearly all count.
    """
    size = math.prod(shape)
    if size == 0:
        return np.zeros(shape, np.uint32)
    return np.frombuffer(mmap.mmap(-1, 4 * size), np.uint32).reshape(shape)
