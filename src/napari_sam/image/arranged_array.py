"""ArrangedArray: an array-like with its dimensions in another order, read lazily."""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .arrangement import Arrangement

Index = int | slice


class ArrangedArray:
    """View of an array-like: dimensions moved, left out, added with a length of 1, or joined.

    Made by :func:`arranged` where :func:`~napari_sam.image.read.read_image` meets an unusual order,
    and by :func:`~napari_sam.image.fit.fit_labels`.

    Parameters
    ----------
    data : array-like
        With ``shape``, ``dtype`` and slicing by integers and slices, such as a zarr array.
    dimensions : tuple of tuple of int
        For each dimension of the view those of `data`, see
        :attr:`~napari_sam.image.arrangement.Arrangement.dimensions`.
    """

    def __init__(self, data: Any, dimensions: tuple[tuple[int, ...], ...]) -> None:
        self._data = data
        self._dimensions = dimensions
        self.shape = tuple(math.prod(int(data.shape[d]) for d in source) for source in dimensions)

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the values."""
        dtype: np.dtype[Any] = np.dtype(self._data.dtype)
        return dtype

    @property
    def ndim(self) -> int:
        """Number of dimensions."""
        return len(self.shape)

    @property
    def chunks(self) -> tuple[int, ...] | None:
        """Size of a chunk; None for an array in memory."""
        chunks = getattr(self._data, "chunks", None)
        if chunks is None:
            return None
        return tuple(math.prod(int(chunks[d]) for d in source) for source in self._dimensions)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        """Read the whole array."""
        return np.asarray(self[()], dtype)

    def __getitem__(self, index: Index | tuple[Index, ...]) -> NDArray[Any]:
        """Read a region, given as integers and slices; dimensions at the end may be left out."""
        full = self._full(index)
        joined = [i for i, source in enumerate(self._dimensions) if len(source) > 1]
        if joined and isinstance(part := full[joined[0]], slice):
            return self._stacked(full, joined[0], part)
        indices = dict(self._source_indices(full))
        return self._in_order(np.asarray(self._data[self._place(indices)]), full, indices)

    def __setitem__(self, index: Index | tuple[Index, ...], values: Any) -> None:
        """Write a region through to the data; no dimensions may be joined."""
        full = self._full(index)
        indices = dict(self._source_indices(full))
        place = self._place(indices)
        # the same view of the places of a region says where each value goes
        shape = tuple(len(range(n)[part]) for part, n in zip(place, self._data.shape, strict=True)
                      if isinstance(part, slice))  # fmt: skip
        pixels = np.empty(shape, self.dtype)
        region = self._in_order(pixels, full, indices)
        if region.size:
            region[...] = values
            self._data[place] = pixels

    def _full(self, index: Index | tuple[Index, ...]) -> tuple[Index, ...]:
        """Index along every dimension."""
        parts = index if isinstance(index, tuple) else (index,)
        return (*parts, *(slice(None) for _ in range(self.ndim - len(parts))))

    def _place(self, indices: dict[int, Index]) -> tuple[Index, ...]:
        """Index into the data; dimensions that the view leaves out have a single entry."""
        return tuple(indices.get(d, 0) for d in range(len(self._data.shape)))

    def _source_indices(self, index: tuple[Index, ...]) -> Iterator[tuple[int, Index]]:
        """Dimension of the data -> index along it."""
        for part, source in zip(index, self._dimensions, strict=True):
            if len(source) == 1:
                yield source[0], part
            elif source and isinstance(part, int | np.integer):
                sizes = [int(self._data.shape[d]) for d in source]
                places = np.unravel_index(range(math.prod(sizes))[part], sizes)
                yield from zip(source, map(int, places), strict=True)

    def _in_order(
        self, pixels: NDArray[Any], index: tuple[Index, ...], indices: dict[int, Index]
    ) -> NDArray[Any]:
        """Dimensions of pixels of the data in the order of the view."""
        sliced = [d for d in sorted(indices) if isinstance(indices[d], slice)]
        pairs = zip(self._dimensions, index, strict=True)
        regions = [(source, part) for source, part in pairs if isinstance(part, slice)]
        pixels = pixels.transpose([sliced.index(source[0]) for source, _ in regions if source])
        pixels = np.expand_dims(
            pixels, tuple(i for i, (source, _) in enumerate(regions) if not source)
        )
        # the ellipsis, so that a single pixel is an array too
        region: tuple[Any, ...] = tuple(slice(None) if source else part for source, part in regions)
        view: NDArray[Any] = pixels[(*region, ...)]
        return view

    def _stacked(self, index: tuple[Index, ...], joined: int, part: slice) -> NDArray[Any]:
        """Read the entries of an axis of channels and colours separately, and stack them."""
        entries = range(self.shape[joined])[part]
        place = sum(isinstance(each, slice) for each in index[:joined])
        # of no entry one is read too, for the shape
        images = [self[(*index[:joined], i, *index[joined + 1 :])] for i in entries or (0,)]
        return np.stack(images, axis=place).take(range(len(entries)), axis=place)


def arranged(data: Any, arrangement: Arrangement) -> Any:
    """Put the dimensions of an array in the order of an arrangement; no pixels are read.

    Parameters
    ----------
    data : array-like
        As :class:`ArrangedArray` takes it.
    arrangement : Arrangement
        Of the dimensions of `data`.

    Returns
    -------
    array-like
        `data` itself if it is in order already.
    """
    if arrangement.is_plain(len(data.shape)):
        return data
    return ArrangedArray(data, arrangement.dimensions)
