"""Outliers: hot pixels and bright dust, without which contrast is measured."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import (
    generate_binary_structure,
    label,
    maximum_filter,
    minimum_filter,
    uniform_filter,
)

from .empty import Mask, Pixels

_NEIGHBOURS = generate_binary_structure(2, 2)
_NEIGHBOURS[1, 1] = False

_FILTERED: dict[str, np.dtype[Any]] = {"b1": np.dtype(np.uint8), "f2": np.dtype(np.float32)}
"""Type -> the type in which it is filtered: scipy filters neither bool nor float16."""

_DUST_SHARE = 97.0
"""Percentile of the content above which all dust lies."""

_DUST_BRIGHTNESS = 5.0
"""Range of the content with dust, in ranges up to `_DUST_SHARE`, above which dust is looked for."""

_MOST_SPECKS = 3
"""Largest number of dust specks; more connected bright areas are objects."""

_LEAST_SPECK = 4
"""Pixels of the smallest connected bright area that counts."""

_HALO = 33
"""Side in pixels of the square around each pixel of dust that is left out with it."""

_NOISE = 6.0
"""Robust standard deviations of the smoothed rest above which a pixel belongs to an object."""

_LEAST_OBJECTS = 0.005
"""Share of the rest that objects must cover; bright areas that are the only objects are no dust."""


def without_speckles(pixels: Pixels) -> Pixels:
    """Limit each pixel to the range of its eight neighbours: removes hot and dead pixels.

    Parameters
    ----------
    pixels : ndarray
        ``(h, w)``; NaN and infinite values stay as they are, and count as the lowest finite value
        for their neighbours.

    Returns
    -------
    ndarray
        ``(h, w)`` of the same dtype.
    """
    if min(pixels.shape) < 2:
        return pixels
    values = filtered(pixels)
    finite = np.isfinite(values)
    if not finite.all():
        lowest = values[finite].min() if finite.any() else 0
        values = np.where(finite, values, lowest).astype(values.dtype)
    low = minimum_filter(values, footprint=_NEIGHBOURS, mode="mirror")
    high = maximum_filter(values, footprint=_NEIGHBOURS, mode="mirror")
    limited = np.clip(values, low, high)
    return np.where(finite, limited, pixels).astype(pixels.dtype)


def filtered(pixels: Pixels) -> Pixels:
    """Pixels in a type for scipy's filters: no bool or float16, and in native byte order.

    Parameters
    ----------
    pixels : ndarray
        Any real dtype.

    Returns
    -------
    ndarray
        The same values.
    """
    native = pixels.dtype.newbyteorder("=")
    filterable: np.dtype[Any] = _FILTERED.get(native.str[1:], native)
    return pixels.astype(filterable, copy=False)


def around_dust(
    regions: Sequence[Pixels], content: Sequence[Mask], low: float, high: float
) -> list[Mask] | None:
    """Find bright dust: up to three areas far brighter than the other objects of a sample.

    Parameters
    ----------
    regions : sequence of ndarray
        Sample of a channel, ``(h, w)`` each.
    content : sequence of ndarray
        ``(h, w)`` bool: pixels that are not empty.
    low, high : float
        Contrast limits of the content with dust.

    Returns
    -------
    list of ndarray or None
        ``(h, w)`` bool: the dust and its surroundings in each region. None if there is no dust:
        the bright areas are many, not much brighter than the rest, or the only objects.
    """
    values = np.concatenate([r[c] for r, c in zip(regions, content, strict=True)])
    usual = float(np.percentile(values, _DUST_SHARE)) - low
    if usual <= 0 or high - low <= _DUST_BRIGHTNESS * usual:
        return None
    cut = low + 2 * usual
    bright = [(r > cut) & c for r, c in zip(regions, content, strict=True)]
    if not 1 <= sum(map(_specks, bright)) <= _MOST_SPECKS:
        return None
    dust = [maximum_filter(mask, _HALO) for mask in bright]
    rest = [c & ~d for c, d in zip(content, dust, strict=True)]
    return dust if _has_objects(regions, rest) else None


def _specks(bright: Mask) -> int:
    labels, _ = label(bright, np.ones((3, 3)))
    return int((np.bincount(labels.ravel())[1:] >= _LEAST_SPECK).sum())


def _has_objects(regions: Sequence[Pixels], rest: Sequence[Mask]) -> bool:
    """Whether a sample has objects outside of the dust, brighter than noise can be."""
    smooth = [
        uniform_filter(np.where(mask, region, 0).astype(np.float64), 5)[mask]
        for region, mask in zip(regions, rest, strict=True)
    ]
    values: NDArray[Any] = np.concatenate(smooth)
    if not values.size:
        return False
    middle = np.median(values)
    deviation = 1.4826 * np.median(np.abs(values - middle))
    return bool((values > middle + _NOISE * deviation).mean() >= _LEAST_OBJECTS)
