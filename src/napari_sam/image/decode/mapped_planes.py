"""MappedPlanes: uncompressed planes of a TIFF, mapped into memory."""

import mmap
from collections.abc import Sequence
from pathlib import Path
from threading import Lock
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from napari_sam.errors import ImageError

from .lazy_array import LazyArray, Region


class Page(Protocol):
    """What a plane needs of tifffile's TiffPage or TiffFrame."""

    @property
    def dataoffsets(self) -> Sequence[int]:
        """Positions of its strips in the file."""


class MappedPlanes(LazyArray):
    """Uncompressed, contiguous planes of a file.

    Only the rows of a region are loaded, whatever the size of a strip.

    Parameters
    ----------
    path : Path
        The file.
    shape : tuple of int
        Shape of all planes together.
    dtype : dtype
        As in the file, with its byte order.
    plane_ndim : int
        Number of the last dimensions that are a plane.
    pages : sequence of Page
        The pages, of which each holds a plane; None for a missing plane, which is 0. One page
        holds the first of several planes that follow each other without a gap.
    """

    def __init__(
        self,
        path: Path,
        shape: tuple[int, ...],
        dtype: Any,
        plane_ndim: int,
        pages: Sequence[Page | None],
    ) -> None:
        super().__init__(shape, dtype)
        self._stored = np.dtype(dtype)
        self._planes_shape = self.shape[: self.ndim - plane_ndim]
        self._plane_shape = self.shape[self.ndim - plane_ndim :]
        self._pages = pages
        self._lock = Lock()  # tifffile loads a page when it is asked for
        self._path = path
        with path.open("rb") as file:
            self._bytes = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        self._plane(0)  # fails now if the file is cut off

    def read(self, region: Region) -> NDArray[Any]:
        """Copy a region out of the file."""
        pixels = np.zeros([s.stop - s.start for s in region], self.dtype)
        leading = region[: len(self._planes_shape)]
        inside = region[len(self._planes_shape) :]
        for place in np.ndindex(*(s.stop - s.start for s in leading)):
            index = [s.start + i for s, i in zip(leading, place, strict=True)]
            flat = int(np.ravel_multi_index(index, self._planes_shape)) if index else 0
            plane = self._plane(flat)
            if plane is not None:
                pixels[place] = plane[inside]
        return pixels

    def _plane(self, number: int) -> NDArray[Any] | None:
        """View of a plane; None if it is missing.

        Raises
        ------
        ImageError
            If the file ends before the plane does.
        """
        with self._lock:
            page = self._pages[number if len(self._pages) > 1 else 0]
            if page is None or not len(page.dataoffsets):
                return None
            offset = int(page.dataoffsets[0])
        if len(self._pages) == 1:
            offset += number * int(np.prod(self._plane_shape)) * self._stored.itemsize
        try:
            return np.ndarray(self._plane_shape, self._stored, self._bytes, offset)
        except (TypeError, ValueError):
            raise ImageError(
                f"part of {self._path} cannot be read: it ends within plane {number}; check that "
                "the file is whole"
            ) from None
