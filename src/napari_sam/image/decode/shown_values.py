"""Shown values: pixels of a TIFF as displayed by its tags, in the colours of a palette."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .lazy_array import LazyArray, Region


class Inverted(LazyArray):
    """View of an array whose smallest value means white.

    Parameters
    ----------
    array : array-like
        Unsigned integers or bool.
    bits : int
        Bits of a value in the file: the largest value becomes 0.
    """

    def __init__(self, array: Any, bits: int) -> None:
        super().__init__(array.shape, array.dtype, getattr(array, "chunks", None))
        self._array = array
        self._top = self.dtype.type(True if self.dtype == np.bool_ else (1 << bits) - 1)

    def read(self, region: Region) -> NDArray[Any]:
        """Read a region with black as 0."""
        # all bits of the largest value are 1, so that to flip them is to subtract from it
        inverted: NDArray[Any] = np.asarray(self._array[region]) ^ self._top
        return inverted


class Coloured(LazyArray):
    """View of the indices of a palette as colours; as grey levels if the palette is grey.

    Parameters
    ----------
    array : array-like
        Unsigned integers: indices.
    palette : ndarray
        ``(3, colours)`` uint16: red, green and blue; as TIFF has them, from 0 to 65535.
    """

    def __init__(self, array: Any, palette: NDArray[Any]) -> None:
        levels = np.asarray(palette)
        # some programs write 8-bit colours
        bytes_ = (levels >> 8 if levels.max(initial=0) > 255 else levels).astype(np.uint8)
        self.is_grey = bool((bytes_ == bytes_[0]).all())
        self._colours = bytes_[0] if self.is_grey else np.ascontiguousarray(bytes_.T)
        extra = () if self.is_grey else (3,)
        chunks = getattr(array, "chunks", None)
        super().__init__(
            (*array.shape, *extra), np.uint8, None if chunks is None else (*chunks, *extra)
        )
        self._array = array

    def read(self, region: Region) -> NDArray[Any]:
        """Read a region as colours, 0 to 255."""
        indices = region if self.is_grey else region[:-1]
        colours: NDArray[Any] = self._colours[np.asarray(self._array[indices])]
        return colours if self.is_grey else colours[..., region[-1]]
