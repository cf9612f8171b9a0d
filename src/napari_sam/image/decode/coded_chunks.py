"""CodedChunks: strips or tiles of a TIFF, with errors about damaged strips and tiles."""

from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_sam.errors import ImageError

from .lazy_array import LazyArray, Region


class CodedChunks(LazyArray):
    """View of the strips or tiles of a TIFF.

    Parameters
    ----------
    array : zarr.Array
        The file, as tifffile gives it.
    letters : str
        A letter for each dimension, for messages.
    part : str
        What a chunk is called: "strip" or "tile".
    codec : str
        Name of the compression.
    name : str
        The file, for messages.
    """

    def __init__(self, array: Any, letters: str, part: str, codec: str, name: str) -> None:
        super().__init__(array.shape, array.dtype, array.chunks)
        self._array = array
        self._letters, self._part, self._codec, self._name = letters, part, codec, name

    def read(self, region: Region) -> NDArray[Any]:
        """Decode the chunks of a region.

        Raises
        ------
        ImageError
            If a chunk is damaged.
        """
        try:
            return np.asarray(self._array[region], self.dtype)
        except Exception as error:  # codecs raise errors of many kinds
            self._check_each(region)
            raise error

    def _check_each(self, region: Region) -> None:
        """Decode each chunk of a region alone; ImageError at the first failure."""
        sizes = self._array.chunks
        starts = (range(s.start // n * n, s.stop, n) for s, n in zip(region, sizes, strict=True))
        for corner in product(*starts):
            chunk = tuple(
                slice(a, min(a + n, end))
                for a, n, end in zip(corner, sizes, self.shape, strict=True)
            )
            try:
                self._array[chunk]
            except Exception as error:
                lines = str(error).splitlines() or [type(error).__name__]
                raise ImageError(
                    f"part of {self._name} cannot be read: the {self._part} at "
                    f"{self._place(chunk)} is damaged ({self._codec}: {lines[0]}); check that the "
                    "file is whole"
                ) from error

    def _place(self, chunk: Region) -> str:
        return ", ".join(
            f"{letter} {s.start}" + (f" to {s.stop - 1}" if s.stop - s.start > 1 else "")
            for letter, s in zip(self._letters, chunk, strict=True)
            if letter in "YX" or s.stop - s.start == 1
        )
