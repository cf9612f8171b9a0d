"""Identity: bytes and digest of the inputs and outputs of a recipe, cheap for any size.

A digest names its method:

``xxh128:...``
    All bytes of a file, or of the files of an image in several files, up to :data:`MOST_BYTES`.
``xxh128-parts:...``
    Of larger files: :data:`PARTS` pieces of equal length, evenly spaced from the first byte to the
    last.
``xxh128-pixels:...``
    Of a zarr, a URL and an array: shape, type, and the values of blocks that are evenly spaced; all
    blocks up to :data:`MOST_BYTES`.
"""

import math
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from napari_sam.errors import ImageError, reason
from napari_sam.image.companions import companion_files
from napari_sam.image.volume import Volume
from napari_sam.labels.blocks import block_count, natural_block

from .inputs import FileRecord

MOST_BYTES = 1 << 26
"""Bytes that are read for a digest, at most, unless :data:`FEWEST_BLOCKS` take more."""

LABEL_BLOCK = 1024
"""Rows and columns of a block of labels."""

_PIXELS = "xxh128-pixels:"

PARTS = 64
"""Pieces that are read of a file of more than :data:`MOST_BYTES`."""

FEWEST_BLOCKS = 8
"""Blocks of an array that are read, at least, however large a chunk is."""


def identify_file(path: Path, role: str) -> FileRecord:
    """Bytes and digest of a file; of an image in several files, of all of them.

    Raises
    ------
    ImageError
        If the file cannot be read.
    """
    try:
        files = sorted({path, *companion_files(path)})
        sizes = [file.stat().st_size for file in files]
        digest = _digest_of_files(files, sizes)
    except OSError as error:
        raise ImageError(f"{path} cannot be read ({reason(error)}): check the path") from error
    return FileRecord(role, str(path), sum(sizes), digest)


def identify_image(volume: Volume, role: str = "image") -> FileRecord:
    """Bytes and digest of the file of an image; without a file, of the pixels."""
    path = volume.name if volume.file is None else volume.file.path
    if "://" not in path and os.path.isfile(path):
        return identify_file(Path(path), role)
    is_stored = "://" in path or os.path.exists(path)
    size = math.prod(volume.data.shape) * volume.dtype.itemsize
    return FileRecord(role, path if is_stored else "", size, _pixel_digest(volume))


def _pixel_digest(volume: Volume) -> str:
    return _digest_of_pixels(volume.data, volume.dtype, natural_block(volume.data))


def is_same_image(volume: Volume, record: FileRecord) -> bool:
    """Whether an image has the content of a record: the bytes of its file, or the pixels.

    An image whose record is of bytes, and which is no file here, counts as another.
    """
    if record.digest.startswith(_PIXELS):
        return _pixel_digest(volume) == record.digest
    return identify_image(volume).digest == record.digest


def identify_labels(path: Path, labels: Any) -> FileRecord:
    """Labels that were written to a path, with the digest of their pixels."""
    size = math.prod(labels.shape) * np.dtype(np.uint32).itemsize
    return FileRecord("labels", str(path), size, label_digest(labels))


def identify_output(path: Path, role: str) -> FileRecord:
    """A written file with its digest; a folder without one."""
    return FileRecord(role, str(path), 0, "") if os.path.isdir(path) else identify_file(path, role)


def label_digest(labels: Any) -> str:
    """Digest of labels as uint32, equal for equal labels in any format.

    Parameters
    ----------
    labels : array-like
        Integers, with ``shape`` and slicing, in memory or on disk.
    """
    block = (1,) * (len(labels.shape) - 2) + (LABEL_BLOCK, LABEL_BLOCK)
    return _digest_of_pixels(labels, np.dtype(np.uint32), block)


def _digest_of_pixels(data: Any, dtype: np.dtype[Any], block: Sequence[int]) -> str:
    import xxhash

    kind = dtype.newbyteorder("<")
    shape = tuple(int(n) for n in data.shape)
    digest = xxhash.xxh3_128(f"{kind.str} {shape}".encode())
    for region in _regions(shape, block, kind.itemsize):
        digest.update(np.ascontiguousarray(data[region], kind).data)
    return f"{_PIXELS}{digest.hexdigest()}"


def _regions(
    shape: Sequence[int], block: Sequence[int], itemsize: int
) -> Iterator[tuple[slice, ...]]:
    """The whole of an array; of a large array, blocks that are evenly spaced."""
    size = math.prod(shape) * itemsize
    if size <= MOST_BYTES:
        yield tuple(slice(0, n) for n in shape)
        return
    blocks = block_count(shape, block)
    count = max(FEWEST_BLOCKS, MOST_BYTES // (math.prod(block) * itemsize))
    chosen = {round(i) for i in np.linspace(0, blocks - 1, min(count, blocks))}
    grid = [-(-n // step) for n, step in zip(shape, block, strict=True)]
    for number in sorted(chosen):
        indices = np.unravel_index(number, grid)
        starts = [int(i) * step for i, step in zip(indices, block, strict=True)]
        yield tuple(slice(a, min(a + b, n)) for a, b, n in zip(starts, block, shape, strict=True))


def _digest_of_files(files: Sequence[Path], sizes: Sequence[int]) -> str:
    import xxhash

    digest, total = xxhash.xxh3_128(), sum(sizes)
    piece = -(-MOST_BYTES // PARTS)
    for file, size in zip(files, sizes, strict=True):
        with file.open("rb") as opened:
            for start in _starts(size, piece, everything=total <= MOST_BYTES):
                opened.seek(start)
                digest.update(opened.read(piece))
    return f"xxh128{'' if total <= MOST_BYTES else '-parts'}:{digest.hexdigest()}"


def _starts(size: int, piece: int, *, everything: bool) -> Iterator[int]:
    """First byte of each piece of a file to read."""
    if everything:
        yield from range(0, size, piece)
        return
    last = max(0, size - piece)
    yield from sorted({last * i // (PARTS - 1) for i in range(PARTS)})
