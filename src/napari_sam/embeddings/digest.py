"""Digests: fingerprints of the pixels under an embedding, and of the stored arrays.

The record of a tile is the digest of its pixels followed by one CRC-32 per array. The second half
ties the record to the data: when two processes write one tile, or one is killed while it replaces
a tile, the arrays on disk may come from different runs; then the record does not fit them.
"""

import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import xxhash

DIGEST_BYTES = 16
"""Length of a digest of pixels."""


def digest_pixels(pixels: npt.NDArray[Any]) -> bytes:
    """Digest of the pixels of a tile.

    The encoder passes the pixels as read from the image, before the intensity mapping, which is
    part of :class:`CacheSpec`: they are fewer bytes than the mapped pixels.

    Parameters
    ----------
    pixels : ndarray
        ``(height, width, channels)`` or any other shape, any numeric dtype.

    Returns
    -------
    bytes
        16 bytes, XXH3-128 of shape, dtype and values. It tells edited pixels from those before, and
        is no protection against pixels made to have the digest of others.
    """
    digest = xxhash.xxh3_128(f"{pixels.shape}{pixels.dtype.str}".encode())
    digest.update(np.ascontiguousarray(pixels).reshape(-1).view(np.uint8).data)
    return digest.digest()


def record_size(n_arrays: int) -> int:
    """Bytes in the record of a tile with ``n_arrays`` arrays."""
    return DIGEST_BYTES + 4 * n_arrays


def make_record(digest: bytes, arrays: Mapping[str, npt.NDArray[Any]]) -> npt.NDArray[np.uint8]:
    """Record of a tile: the digest of its pixels, then a checksum of each stored array.

    Parameters
    ----------
    digest : bytes
        From :func:`digest_pixels`.
    arrays : mapping of str to ndarray
        The arrays as stored, contiguous; taken in the order of their names.

    Returns
    -------
    ndarray
        ``(16 + 4 * len(arrays),) uint8``; the checksums are little-endian CRC-32.

    Raises
    ------
    ValueError
        If the digest does not have 16 bytes.
    """
    if len(digest) != DIGEST_BYTES:
        raise ValueError(f"a digest has {DIGEST_BYTES} bytes, not {len(digest)}")
    sums = (zlib.crc32(_little_endian(arrays[name])) for name in sorted(arrays))
    record = digest + b"".join(crc.to_bytes(4, "little") for crc in sums)
    return np.frombuffer(record, np.uint8)


def _little_endian(values: npt.NDArray[Any]) -> memoryview:
    """Bytes of values in the order of the disk."""
    return values.astype(values.dtype.newbyteorder("<"), order="C", copy=False).data
