"""Where: empty blocks of an image, recognised without reading their pixels."""

from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np
import zarr
from numpy.typing import NDArray
from tifffile.zarr import ZarrStore
from zarr.core.sync import sync

from napari_sam.image.decode.cached_chunks import CachedChunks
from napari_sam.image.volume import Plane, Volume

from .coarse import MOST_PIXELS
from .spread import Box

_MOST_KEYS = 200_000
"""Largest number of chunks whose names are listed; listing takes a second or two."""

_METADATA = frozenset({"zarr.json", ".zarray", ".zattrs"})
"""Names in the folder of an array that are no chunks."""

IsPossible = Callable[[Box], bool]
"""Whether a block may have content."""


def may_have_content(volume: Volume, fills: NDArray[Any]) -> IsPossible:
    """Choose how to recognise empty blocks of an image.

    Parameters
    ----------
    volume : Volume
        The image; its coarser level is used if there is one, otherwise the list of chunks that
        exist in a zarr.
    fills : ndarray
        ``(channels,)``: value of each channel that means empty.

    Returns
    -------
    callable
        From a block to whether it may have content; always true if nothing is known.
    """
    coarse = _by_coarser_level(volume, fills)
    stored = _by_stored_chunks(volume, fills)
    tests = [test for test in (stored, coarse) if test is not None]
    return lambda box: all(test(box) for test in tests)


def _by_coarser_level(volume: Volume, fills: NDArray[Any]) -> IsPossible | None:
    coarse = volume.coarse
    if coarse is None or coarse.height * coarse.width > MOST_PIXELS:
        return None
    planes: dict[Plane, NDArray[np.bool_]] = {}

    def is_possible(box: Box) -> bool:
        plane, y0, x0, y1, x1 = box
        sizes = zip(plane, coarse.plane_shape, volume.plane_shape, strict=True)
        there = tuple(min(i * n // full, n - 1) for i, n, full in sizes)
        if there not in planes:
            pixels = coarse.read(there, 0, 0, coarse.height, coarse.width)
            planes.clear()
            planes[there] = ((pixels != fills) & np.isfinite(pixels)).any(axis=-1)
        down, right = coarse.height / volume.height, coarse.width / volume.width
        rows = slice(int(y0 * down), int(np.ceil(y1 * down)))
        columns = slice(int(x0 * right), int(np.ceil(x1 * right)))
        return bool(planes[there][rows, columns].any())

    return is_possible


def _by_stored_chunks(volume: Volume, fills: NDArray[Any]) -> IsPossible | None:
    array = volume.data.array if isinstance(volume.data, CachedChunks) else volume.data
    if not isinstance(array, zarr.Array) or not (fills == array.fill_value).all():
        return None
    keys = _chunk_keys(array)
    if keys is None:
        return None
    sizes = array.shards or array.chunks

    def is_possible(box: Box) -> bool:
        plane, y0, x0, y1, x1 = box
        ranges = {"Y": (y0, y1), "X": (x0, x1), "C": (0, volume.channel_count)}
        ranges |= {a: (i, i + 1) for a, i in zip(volume.plane_axes, plane, strict=True)}
        chunks = (
            range(ranges[axis][0] // size, -(-ranges[axis][1] // size))
            for axis, size in zip(volume.axes, sizes, strict=True)
        )
        return any(array.metadata.encode_chunk_key(at) in keys for at in product(*chunks))

    return is_possible


def _chunk_keys(array: "zarr.Array[Any]") -> frozenset[str] | None:
    """Names of the stored chunks or shards of an array; None if the list is too long or fails."""
    if isinstance(array.store, ZarrStore):  # tifffile lists no chunks, though it has them
        return None
    prefix = f"{array.path}/" if array.path else ""

    async def listed() -> frozenset[str] | None:
        keys: set[str] = set()
        async for key in array.store.list_prefix(prefix):
            keys.add(key.removeprefix(prefix))
            if len(keys) > _MOST_KEYS:
                return None
        return frozenset(keys - _METADATA)

    try:
        return sync(listed())
    except Exception:  # stores that cannot list raise errors of many kinds
        return None
