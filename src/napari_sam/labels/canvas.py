"""New labels: an empty array, in memory or on disk."""

import math
import tempfile
import weakref
from typing import Any

import numpy as np
import zarr

IN_MEMORY = 2 * 1024**3  # bytes
_CHUNK = 1024


def new_labels(shape: tuple[int, ...]) -> Any:
    """Labels without objects.

    Parameters
    ----------
    shape : tuple of int
        ``(*planes, Y, X)``.

    Returns
    -------
    array
        uint32 zeros: numpy, or above 2 GiB a zarr array in a temporary folder that goes when the
        array does. Chunks without labels take no space.
    """
    if 4 * math.prod(shape) <= IN_MEMORY:
        return np.zeros(shape, np.uint32)
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
