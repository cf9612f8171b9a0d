"""ChannelStack: several images of the same shape as the channels of a single image."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_sam.errors import ImageError


class ChannelStack:
    """Array-likes of the same shape along a new first axis; no pixels are loaded.

    Parameters
    ----------
    arrays : sequence of array-like
        At least one, with ``shape``, ``dtype`` and slicing: numpy, dask, zarr.

    Raises
    ------
    ImageError
        If their shapes differ.
    """

    def __init__(self, arrays: Sequence[Any]) -> None:
        shapes = {tuple(int(n) for n in array.shape) for array in arrays}
        if len(shapes) != 1:
            raise ImageError(f"channels of different shapes, {sorted(shapes)}: crop them alike")
        self._arrays = tuple(arrays)
        self.shape = (len(self._arrays), *shapes.pop())

    @property
    def dtype(self) -> np.dtype[Any]:
        """The smallest type for the values of all channels."""
        return np.result_type(*(np.dtype(array.dtype) for array in self._arrays))

    def __getitem__(self, index: tuple[Any, ...]) -> NDArray[Any]:
        """Read a region of a channel: the first index is the channel, the others the region."""
        channel, *region = index
        return np.asarray(self._arrays[channel][tuple(region)])
