"""LazyArray: an array-like of which indexing reads a region."""

from abc import ABC, abstractmethod
from typing import Any

import numpy as np
from numpy.typing import NDArray

Region = tuple[slice, ...]
"""A slice for each dimension, with a start and a stop within the array and a step of 1."""


class LazyArray(ABC):
    """Array-like of a known shape; subclasses read regions.

    Parameters
    ----------
    shape : tuple of int
        Length of each dimension.
    dtype : dtype
        Type of the values, in the byte order of the machine.
    chunks : tuple of int, optional
        Size of a part that is best read at once; None if any region is read as fast.

    Attributes
    ----------
    owner : object
        Stays alive as long as the array, such as the open file that it reads from.
    """

    def __init__(
        self, shape: tuple[int, ...], dtype: Any, chunks: tuple[int, ...] | None = None
    ) -> None:
        self.shape = tuple(int(n) for n in shape)
        self.dtype: np.dtype[Any] = np.dtype(dtype).newbyteorder("=")
        self.chunks = chunks
        self.owner: object = None

    @abstractmethod
    def read(self, region: Region) -> NDArray[Any]:
        """Read a region: an array with the lengths of its slices, in `dtype`."""

    @property
    def ndim(self) -> int:
        """Number of dimensions."""
        return len(self.shape)

    def __len__(self) -> int:
        return self.shape[0]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        """Read the whole array."""
        return np.asarray(self[()], dtype)

    def __getitem__(self, index: Any) -> NDArray[Any]:
        """Read a region, given as integers, slices and an ellipsis, as numpy takes them."""
        parts = _completed(index, self.ndim)
        ranges = [range(n)[part] for n, part in zip(self.shape, parts, strict=True)]
        region = tuple(_span(each) for each in ranges)
        pixels = self.read(region)
        steps = [slice(None, None, each.step) if isinstance(each, range) else 0 for each in ranges]
        return pixels[tuple(steps)]


def _completed(index: Any, ndim: int) -> list[Any]:
    """One integer or slice for each dimension."""
    parts = list(index) if isinstance(index, tuple) else [index]
    missing = [slice(None)] * (ndim - sum(part is not Ellipsis for part in parts))
    place = next((i for i, part in enumerate(parts) if part is Ellipsis), None)
    if place is None:
        return parts + missing
    return parts[:place] + missing + parts[place + 1 :]


def _span(chosen: range | int) -> slice:
    """The slice from the first to the last chosen index."""
    if isinstance(chosen, int):
        return slice(chosen, chosen + 1)
    if not chosen:
        return slice(chosen.start, chosen.start)
    return slice(min(chosen), max(chosen) + 1)
