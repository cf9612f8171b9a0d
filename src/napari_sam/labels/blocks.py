"""Blocks: regions of an array larger than memory, to be read in turn."""

import math
from collections.abc import Iterator, Sequence
from itertools import product
from typing import Any

BLOCK_ELEMENTS = 1 << 23
"""Elements of one block at most, 32 MiB of uint32, unless one chunk is larger."""


def block_regions(shape: Sequence[int], block: Sequence[int]) -> Iterator[tuple[slice, ...]]:
    """Split an array into regions without overlaps.

    Parameters
    ----------
    shape : sequence of int
        Shape of the array.
    block : sequence of int
        Size of a region along every axis; regions at the border are cut.

    Yields
    ------
    tuple of slice
        One per axis; the last axis advances fastest.
    """
    starts = (range(0, size, step) for size, step in zip(shape, block, strict=True))
    for start in product(*starts):
        yield tuple(
            slice(i, min(i + step, size)) for i, step, size in zip(start, block, shape, strict=True)
        )


def block_count(shape: Sequence[int], block: Sequence[int]) -> int:
    """Number of regions of :func:`block_regions` for the same arguments."""
    return math.prod(-(-size // step) for size, step in zip(shape, block, strict=True))


def natural_block(array: Any, unit: Sequence[int] | None = None) -> tuple[int, ...]:
    """Size of blocks for reading every chunk of an array only once, as far as memory allows.

    Parameters
    ----------
    array : array-like
        With ``shape``, and ``chunks`` if it is stored in chunks.
    unit : sequence of int, optional
        Blocks are multiples of it along every axis; by default of one chunk.

    Returns
    -------
    tuple of int
        At most :data:`BLOCK_ELEMENTS` elements, unless one `unit` has more.
    """
    chunks = _chunks(array)
    unit = tuple(unit) if unit is not None else chunks
    block = [-(-chunk // step) * step for chunk, step in zip(chunks, unit, strict=True)]
    for axis in range(len(block)):
        # Leading axes are shortened first: rows and columns are contiguous on most disks.
        other_axes = math.prod(block[:axis] + block[axis + 1 :])
        fitting = max(1, BLOCK_ELEMENTS // other_axes // unit[axis]) * unit[axis]
        block[axis] = min(block[axis], fitting)
    return tuple(block)


def _chunks(array: Any) -> tuple[int, ...]:
    shape = tuple(max(1, size) for size in array.shape)
    chunks = getattr(array, "chunks", None)
    if chunks is None:
        # An array in memory is read plane by plane, in the order of its bytes.
        return (1,) * (len(shape) - 2) + shape[-2:]
    # Dask lists the sizes of all chunks of an axis, zarr and h5py give one.
    sizes = (max(chunk) if isinstance(chunk, tuple) else chunk for chunk in chunks)
    return tuple(min(int(size), full) for size, full in zip(sizes, shape, strict=True))
