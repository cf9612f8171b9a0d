"""Walk over labels that may be larger than memory, a block at a time."""

from collections.abc import Iterator, Sequence
from itertools import product
from typing import Any

# Elements of one block: 32 MiB of uint32.
BLOCK_ELEMENTS = 1 << 23


def block_regions(shape: Sequence[int], block: Sequence[int]) -> Iterator[tuple[slice, ...]]:
    """Regions that cover an array, each element once.

    Parameters
    ----------
    shape : sequence of int
        Shape of the array.
    block : sequence of int
        Size of a region along every axis; the last ones are cut at the border.

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
    """Number of regions that :func:`block_regions` yields."""
    count = 1
    for size, step in zip(shape, block, strict=True):
        count *= -(-size // step)
    return count


def natural_block(array: Any, unit: Sequence[int] | None = None) -> tuple[int, ...]:
    """A block size at which every chunk of an array is read only once, as far as memory allows.

    Parameters
    ----------
    array : array-like
        With ``shape``, and ``chunks`` if it is stored in chunks.
    unit : sequence of int, optional
        Blocks are multiples of it along every axis; by default of one chunk.

    Returns
    -------
    tuple of int
        At most :data:`BLOCK_ELEMENTS` elements unless one `unit` is more.
    """
    chunks = _chunks(array)
    unit = tuple(unit) if unit is not None else chunks
    block = [-(-chunk // step) * step for chunk, step in zip(chunks, unit, strict=True)]
    for axis in range(len(block)):
        # The leading axes give way first: rows and columns are contiguous on most disks.
        rest = 1
        for size in block[:axis] + block[axis + 1 :]:
            rest *= size
        fitting = max(1, BLOCK_ELEMENTS // rest // unit[axis]) * unit[axis]
        block[axis] = min(block[axis], fitting)
    return tuple(block)


def _chunks(array: Any) -> tuple[int, ...]:
    shape = tuple(max(1, size) for size in array.shape)
    chunks = getattr(array, "chunks", None)
    if chunks is None:
        # In memory: planes, so that the order of reading is that of the memory.
        return (1,) * (len(shape) - 2) + shape[-2:]
    # Dask lists the sizes of all chunks of an axis, zarr and h5py give one.
    sizes = (max(chunk) if isinstance(chunk, tuple) else chunk for chunk in chunks)
    return tuple(min(int(size), full) for size, full in zip(sizes, shape, strict=True))
