"""CachedChunks: large chunks of an array, decoded once and kept in bounded memory."""

from collections import OrderedDict
from itertools import product
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .lazy_array import LazyArray, Region

CACHE_BYTES = 1 << 29
"""Bytes of decoded chunks of an image that are kept, 512 MiB; a single larger chunk is kept too."""

LARGE_CHUNK = 1 << 23
"""Bytes of a chunk, 8 MiB, above which decoding it for each region takes longer than to keep it."""

Place = tuple[int, ...]
"""Number of a chunk along each dimension."""


class CachedChunks(LazyArray):
    """View of an array with a cache of chunks; the least recently used is discarded first.

    Parameters
    ----------
    array : array-like
        The array, such as a zarr array or the strips of a TIFF.
    chunks : tuple of int
        Size of what is read at once; multiples of the size of the array's own chunks.
    size : int
        Bytes of chunks that are kept.
    """

    def __init__(self, array: Any, chunks: tuple[int, ...], size: int = CACHE_BYTES) -> None:
        super().__init__(tuple(array.shape), array.dtype, tuple(chunks))
        self.array = array
        self._sizes = tuple(chunks)
        self._size = size
        self._kept: OrderedDict[Place, NDArray[Any]] = OrderedDict()
        self._lock = Lock()  # two threads do not decode the same chunk

    def read(self, region: Region) -> NDArray[Any]:
        """Read a region out of decoded chunks."""
        pixels = np.empty([s.stop - s.start for s in region], self.dtype)
        if not pixels.size:
            return pixels
        places = (
            range(s.start // n, (s.stop - 1) // n + 1)
            for s, n in zip(region, self._sizes, strict=True)
        )
        for place in product(*places):
            chunk = self._chunk(place)
            starts = [i * n for i, n in zip(place, self._sizes, strict=True)]
            shared = [
                (max(s.start, start), min(s.stop, start + length))
                for s, start, length in zip(region, starts, chunk.shape, strict=True)
            ]
            inside = [slice(a - i, b - i) for (a, b), i in zip(shared, starts, strict=True)]
            there = [
                slice(a - s.start, b - s.start) for (a, b), s in zip(shared, region, strict=True)
            ]
            pixels[tuple(there)] = chunk[tuple(inside)]
        return pixels

    def _chunk(self, place: Place) -> NDArray[Any]:
        with self._lock:
            if place in self._kept:
                self._kept.move_to_end(place)
                return self._kept[place]
            spans = tuple(
                slice(i * n, min((i + 1) * n, length))
                for i, n, length in zip(place, self._sizes, self.shape, strict=True)
            )
            chunk = np.asarray(self.array[spans])
            self._kept[place] = chunk
            while len(self._kept) > 1 and sum(c.nbytes for c in self._kept.values()) > self._size:
                self._kept.popitem(last=False)
            return chunk


def with_cache(array: Any) -> Any:
    """Keep decoded chunks of an array if they are large.

    Parameters
    ----------
    array : array-like
        With ``chunks``, such as a zarr array.

    Returns
    -------
    array-like
        `array` itself if its chunks are small.
    """
    is_large = np.prod(array.chunks, dtype=float) * array.dtype.itemsize > LARGE_CHUNK
    return CachedChunks(array, array.chunks) if is_large else array
