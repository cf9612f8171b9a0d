"""Check: whether an array can be an image, with its axes and channels."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from napari_sam.errors import ImageError

_AXES_BY_NDIM = {2: "YX", 3: "ZYX", 4: "TZYX", 5: "TCZYX"}

MOST_VALUES = 1 << 60
"""Values of an image beyond which its metadata count as damaged; no index of numpy is larger."""

_MOST_CHANNELS = 3
"""Channels that a model gets at most: red, green and blue."""


def as_array(name: str, data: Any) -> Any:
    """Make nested lists an array; array-likes, which may exceed the memory, stay unchanged.

    Parameters
    ----------
    name : str
        Name of the image, for messages.
    data : array-like
        With ``shape`` and ``dtype``, or nested lists of numbers.

    Raises
    ------
    ImageError
        If lists have different lengths.
    """
    if hasattr(data, "shape") and hasattr(data, "dtype"):
        return data
    try:
        return np.asarray(data)
    except ValueError:
        raise ImageError(
            f"{name} has rows of different lengths: give an array, of an image pyramid one level"
        ) from None


def checked_shape(name: str, data: Any) -> tuple[int, ...]:
    """Shape of an array, after a check that the array can be an image.

    Raises
    ------
    ImageError
        If it does not have 2 to 5 dimensions of known, positive length, or not real values.
    """
    try:
        shape, dtype = tuple(int(n) for n in data.shape), np.dtype(data.dtype)
    except (TypeError, ValueError):
        raise ImageError(
            f"{name} has no known shape or values (shape {data.shape}, {data.dtype}): give a "
            "numpy, dask or zarr array with known chunk sizes"
        ) from None
    _check_array(name, shape, dtype)
    return shape


def _check_array(name: str, shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
    if not shape:
        raise ImageError(f"{name} is a single value, not an image: give an array, or open a file")
    if not 2 <= len(shape) <= 5:
        raise ImageError(
            f"{name} has {len(shape)} dimensions: give an image of 2 to 5, from T, C, Z, Y, X"
        )
    if 0 in shape:
        raise ImageError(f"{name} is empty, its shape is {shape}: give an image with pixels")
    if math.prod(shape) > MOST_VALUES:
        raise ImageError(f"{name} claims to have the shape {shape}: check that the file is whole")
    if dtype.kind not in "buif":
        raise ImageError(
            f"{name} holds {dtype} values: convert it to whole or floating-point numbers, "
            "for complex data e.g. to their absolute values"
        )


def guess_axes(shape: tuple[int, ...]) -> str:
    """Guess the axes of a shape of 2 to 5 dimensions; used by ``Volume.from_array``."""
    if len(shape) > 2 and shape[-1] in (3, 4):  # colours: no microscope image is that narrow
        return "TZYXC"[-len(shape) :]
    return _AXES_BY_NDIM[len(shape)]


def check_axes(name: str, shape: tuple[int, ...], axes: str) -> None:
    """Check the letters of axes against a shape.

    Raises
    ------
    ImageError
        If there is not one letter of TCZYX for each dimension, or they do not end in YX or YXC.
    """
    check_letters(name, shape, axes)
    if not axes.endswith(("YX", "YXC")):
        raise ImageError(f"axes {axes!r} must end in YX, or YXC for colours: transpose the image")


def check_letters(name: str, shape: tuple[int, ...], axes: str) -> None:
    """Check the letters of axes in any order against a shape.

    Raises
    ------
    ImageError
        If there is not one letter of TCZYX for each dimension.
    """
    if len(axes) != len(shape):
        raise ImageError(
            f"axes {axes!r} name {len(axes)} dimensions but {name} has {len(shape)}, "
            f"of shape {shape}: give one letter for each"
        )
    if set(axes) - set("TCZYX") or len(set(axes)) < len(axes):
        raise ImageError(f"axes {axes!r}: use each of T, C, Z, Y, X at most once")


def checked_channels(
    name: str, shape: tuple[int, ...], axes: str, channels: Sequence[int] | int | None
) -> tuple[int, ...]:
    """Indices of the channels that a model gets, by default the first three.

    Raises
    ------
    ImageError
        If there are none or more than three, or an index is not below the image's channel count.
    """
    count = shape[axes.index("C")] if "C" in axes else 1
    if channels is None:
        return tuple(range(min(count, _MOST_CHANNELS)))
    chosen = (channels,) if isinstance(channels, int) else tuple(int(c) for c in channels)
    if not 1 <= len(chosen) <= _MOST_CHANNELS or not all(0 <= c < count for c in chosen):
        raise ImageError(
            f"channels {', '.join(map(str, chosen))} of {name}: choose one to three "
            f"from 0 to {count - 1}"
        )
    return chosen
