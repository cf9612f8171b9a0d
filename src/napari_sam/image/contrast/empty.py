"""Empty: areas of a plane where nothing was recorded, such as a black frame or missing chunks."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter, minimum_filter

Pixels = NDArray[Any]
"""Values of one channel in a region, ``(h, w)``, any real dtype."""

Mask = NDArray[np.bool_]
"""Pixels of such a region, ``(h, w)``."""

_SQUARE = 8
"""Side in pixels of the smallest area of one value that counts as empty; in a dark background with
noise, a square of 64 equal pixels is not expected."""

_MOSTLY = 0.5
"""Share of a sample above which a value that fills areas is taken for empty wherever it lies."""

_CORNERS = 2
"""Corners of a plane that must have a value before a smaller share of it is taken for empty."""


def empty_areas(pixels: Pixels, fill: float) -> Mask:
    """Pixels of a region in squares of `_SQUARE` pixels a side that all equal a value.

    What is outside of the region counts as equal, so that narrow frames at its edges are empty too.
    Hot pixels within such an area are part of it only if `pixels` is free of them, see
    :func:`~napari_sam.image.contrast.outliers.without_speckles`.

    Parameters
    ----------
    pixels : ndarray
        ``(h, w)``.
    fill : float
        The value.

    Returns
    -------
    ndarray
        ``(h, w)`` bool.
    """
    equal: Mask = pixels == fill
    if not equal.any():
        return equal
    origins = minimum_filter(np.pad(equal, _SQUARE, constant_values=True), _SQUARE)
    areas = maximum_filter(origins, _SQUARE, origin=-1)
    equal &= areas[_SQUARE:-_SQUARE, _SQUARE:-_SQUARE]
    return equal


def flat_areas(pixels: Pixels) -> Mask:
    """Pixels of a region in squares of `_SQUARE` pixels a side of equal values.

    Parameters
    ----------
    pixels : ndarray
        ``(h, w)``, finite.

    Returns
    -------
    ndarray
        ``(h, w)`` bool: all of a mask or a drawing, little of a micrograph's content.
    """
    values = np.pad(pixels, _SQUARE, mode="edge")
    origins = minimum_filter(values, _SQUARE) == maximum_filter(values, _SQUARE)
    areas: Mask = maximum_filter(origins, _SQUARE, origin=-1)
    return areas[_SQUARE:-_SQUARE, _SQUARE:-_SQUARE]


def fill_values(
    regions: Sequence[Pixels], corners: Callable[[], Sequence[NDArray[Any]]]
) -> list[float]:
    """Values that stand for "nothing recorded" in a channel.

    Candidates are the lowest, the highest and the middle value. A candidate is accepted if areas of
    it make up most of the sample or a whole region of it, or if planes have it at two corners or
    more: a frame, a rotated plane and empty surroundings reach corners, overexposed objects do not.

    Parameters
    ----------
    regions : sequence of ndarray
        Sample of the channel, ``(h, w)`` each, without speckles.
    corners : callable
        Gives the values at the four corners of some planes; called only if a candidate needs it.

    Returns
    -------
    list of float
        Usually empty.
    """
    values = np.concatenate([region[np.isfinite(region)] for region in regions])
    if not values.size:
        return []
    middle = np.partition(values, values.size // 2)[values.size // 2]
    candidates = {float(v) for v in (values.min(), values.max(), middle)}
    return [value for value in sorted(candidates) if _is_fill(value, regions, corners)]


def _is_fill(
    value: float, regions: Sequence[Pixels], corners: Callable[[], Sequence[NDArray[Any]]]
) -> bool:
    areas = [empty_areas(region, value) for region in regions]
    size = sum(area.size for area in areas)
    empty = sum(int(area.sum()) for area in areas)
    if not empty:
        return False
    if empty > _MOSTLY * size or any(area.all() for area in areas):
        return True
    return any(int((np.asarray(four) == value).sum()) >= _CORNERS for four in corners())


def content_mask(pixels: Pixels, fills: Sequence[float]) -> Mask:
    """Finite pixels of a region outside of areas of fill values.

    Parameters
    ----------
    pixels : ndarray
        ``(h, w)``, without speckles.
    fills : sequence of float
        From :func:`fill_values`.

    Returns
    -------
    ndarray
        ``(h, w)`` bool.
    """
    content: Mask = np.isfinite(pixels)
    for fill in fills:
        content &= ~empty_areas(pixels, fill)
    return content
