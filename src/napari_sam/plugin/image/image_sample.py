"""Image sample: hash of pixels that tells an image from others, for the journal; no Qt."""

import hashlib
import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .image_source import ImageSource

_WHOLE = 1 << 22
"""Pixels, colours counted each, up to which the whole image is hashed."""

_SIDE = 32
"""Rows and columns of a window of a larger image."""

_BATCH = 24
"""Windows that are read from a plane at a time."""

_LEAST, _MOST = 2, 40
"""Batches that are read at least and at most: 48 and 960 windows."""

_ENOUGH = 8
"""Windows with different pixels after which no further batch is read."""

_OLD_SIDE = 64
"""Rows and columns of the two crops that :func:`old_sample_of` hashes."""


def sample_of(source: ImageSource, path: str) -> str:
    """Hash of an image's pixels: of all, or of windows spread over planes, rows and columns.

    Windows lie at the same places in each image of a shape, whatever holds the pixels. More are
    read until eight are not constant, so that an empty background does not make images equal.

    Parameters
    ----------
    source : ImageSource
        The image; at most 960 windows of 32 x 32 pixels are read.
    path : str
        File of the image; empty without a file. Where all windows are constant, the pixels do not
        tell images apart, and this and the name of the layer are hashed too.
    """
    digest = hashlib.sha256(b"2")
    if math.prod(source.data.shape) <= _WHOLE:
        pixels = np.asarray(source.data)
        digest.update(_bytes(pixels))
        is_known = _varies(pixels)
    else:
        is_known = _add_windows(source, digest)
    if not is_known:
        digest.update(f"{path}\0{source.name}".encode(errors="surrogatepass"))
    return f"2-{digest.hexdigest()[:32]}"


def old_sample_of(source: ImageSource) -> tuple[str, bool]:
    """Hash in older journals, from two crops, and whether the crops tell images apart."""
    digest, varies = hashlib.sha256(), False
    height, width = source.plane_size
    leading = tuple(n // 2 for n in source.data.shape[: len(source.layer_axes) - 2])
    for y, x in ((height // 2, width // 2), (0, 0)):
        region = (*leading, slice(y, y + _OLD_SIDE), slice(x, x + _OLD_SIDE))
        crop = np.ascontiguousarray(source.data[region])
        digest.update(crop.tobytes())
        varies = varies or _varies(crop)
    return digest.hexdigest()[:32], varies


def _add_windows(source: ImageSource, digest: Any) -> bool:
    """Add windows to a digest; whether enough of them are not constant."""
    varying = 0
    for number in range(_MOST):
        if number >= _LEAST and varying >= _ENOUGH:
            break
        for window in _batch(source, number):
            digest.update(_bytes(window))
            varying += _varies(window)
    return varying > 0


def _batch(source: ImageSource, number: int) -> Iterator[NDArray[Any]]:
    """Yield the windows of a batch, all of a plane, read in one go."""
    leading = source.data.shape[: len(source.layer_axes) - 2]
    bases = (2, 3, 5, 7)
    plane = tuple(
        int(n * _spread(number + 1, base)) for n, base in zip(leading, bases, strict=False)
    )
    height, width = (min(n, _SIDE) for n in source.plane_size)
    crops = []
    for i in range(number * _BATCH + 1, (number + 1) * _BATCH + 1):
        y = int((source.plane_size[0] - height + 1) * _spread(i, 2))
        x = int((source.plane_size[1] - width + 1) * _spread(i, 3))
        crops.append(source.data[(*plane, slice(y, y + height), slice(x, x + width))])
    # dask computes a stack of crops at once: a chunk of several crops is read a single time
    yield from np.asarray(np.stack(crops))


def _spread(index: int, base: int) -> float:
    """Return the term of the van der Corput sequence: numbers that fill 0 to 1 evenly."""
    value, unit = 0.0, 1.0
    while index:
        index, digit = divmod(index, base)
        unit /= base
        value += digit * unit
    return value


def _varies(pixels: NDArray[Any]) -> bool:
    """Whether an array has different values."""
    return bool(pixels.size) and bool((pixels != pixels.ravel()[0]).any())


def _bytes(pixels: NDArray[Any]) -> bytes:
    """Return the bytes of pixels in the order that files of all machines share."""
    return np.ascontiguousarray(pixels.astype(pixels.dtype.newbyteorder("<"), copy=False)).tobytes()
