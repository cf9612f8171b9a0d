"""ChannelStack: images of one shape as the channels of one, none of them loaded."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_sam.errors import ImageError


class ChannelStack:
    """Array-likes of one shape along a new first axis.

    Parameters
    ----------
    arrays : sequence of array-like
        With ``shape``, ``dtype`` and slicing: numpy, dask, zarr; at least one.

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
        """A type that holds the values of all."""
        return np.result_type(*(np.dtype(array.dtype) for array in self._arrays))

    def __getitem__(self, index: tuple[Any, ...]) -> NDArray[Any]:
        """Read of one channel what is asked for; the first index says which."""
        channel, *within = index
        return np.asarray(self._arrays[channel][tuple(within)])
