"""Background: tiles without anything to see, which need not be encoded.

The mean of a square of pixels is compared with the mean around it, for squares of many sizes. Where
there is noise alone, the two differ by a few standard errors at most. An object differs from its
surroundings in the square that fits it best, even if no single pixel of it stands out of the noise.
A slow change of the background has little effect.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

SIDES = (3, 5, 8, 13, 21, 34, 55)
"""Sides of the squares, pixels. The border of a larger object is seen in a square of 55."""

MOST_ERRORS = 6.0
"""Standard errors of a square's mean up to which a difference is noise. Of a million differences in
noise, the largest is about five."""

LEAST_STEP = 1 / 2048
"""Share of the contrast range, an eighth of a grey level of 256, up to which a difference cannot be
seen."""

_BLOCK = 16  # side of the squares of the first, quick comparison, pixels
_ROWS_APART = 8  # distance of the rows in which noise is measured, pixels
_QUARTILE = 0.6745  # standard deviations of a normal distribution within which half of it lies

Values = NDArray[np.float64]


def is_background(pixels: NDArray[np.generic], limits: Sequence[tuple[float, float]]) -> bool:
    """Whether a tile shows background alone: noise, or a single value.

    Parameters
    ----------
    pixels : ndarray
        ``(h, w, channels)``, any real dtype.
    limits : sequence of pair of float
        Contrast limits of each channel: values beyond them are not visible.

    Returns
    -------
    bool
        False in case of doubt: hot pixels, stripes, blurred noise and traces of compression count
        as objects, and so do pixels that are not finite, unless none is finite.
    """
    channels = zip(np.moveaxis(pixels, -1, 0), limits, strict=True)
    return all(_is_background(values, *pair) for values, pair in channels)


def _is_background(pixels: NDArray[np.generic], low: float, high: float) -> bool:
    values = np.clip(pixels.astype(np.float64), low, high)
    finite = np.isfinite(values)
    if not finite.all():
        return not finite.any()
    noise, least = _noise(values), LEAST_STEP * (high - low)
    if _blocks_differ(values, max(least, MOST_ERRORS * np.sqrt(2) * noise / _BLOCK)):
        return False
    sums = np.pad(values, ((1, 0), (1, 0))).cumsum(axis=0).cumsum(axis=1)
    return all(
        np.abs(differences).max(initial=0) <= max(least, MOST_ERRORS * noise / side)
        for side, differences in _differences(sums)
    )


def _noise(values: Values) -> float:
    """Standard deviation of the noise of pixels, from the differences of neighbours.

    The smaller of two estimates, from the median and from the mean: objects raise the second,
    and few levels of grey may raise the first.
    """
    steps = np.abs(np.diff(values[::_ROWS_APART], axis=1))
    if not steps.size:
        return 0.0
    from_median = float(np.median(steps)) / _QUARTILE / np.sqrt(2)
    from_mean = float(steps.mean()) * np.sqrt(np.pi) / 2
    return float(min(from_median, from_mean))


def _blocks_differ(values: Values, most: float) -> bool:
    """Whether means of neighbouring blocks differ by more, as in nearly all tiles with objects."""
    rows, cols = (n // _BLOCK for n in values.shape)
    blocks = values[: rows * _BLOCK, : cols * _BLOCK].reshape(rows, _BLOCK, cols, _BLOCK)
    means = blocks.mean(axis=(1, 3))
    return any(bool((np.abs(np.diff(means, axis=a)) > most).any()) for a in (0, 1))


def _differences(sums: Values) -> Iterator[tuple[int, Values]]:
    """Side of squares, and the differences of their means to those of squares three times as wide.

    The wider squares end where the tile does. Positions are a quarter of a side apart.

    Parameters
    ----------
    sums : ndarray
        ``(h + 1, w + 1)`` float64: sums of the values above and left of each corner of a pixel.
    """
    for side in SIDES:
        if side >= min(sums.shape):
            return
        ends = [n - 1 for n in sums.shape]
        starts = [_positions(end - side, max(1, side // 4)) for end in ends]
        y, x = ((first, first + side) for first in starts)
        wide_y, wide_x = (
            (np.maximum(first - side, 0), np.minimum(first + 2 * side, end))
            for first, end in zip(starts, ends, strict=True)
        )
        yield side, _means(sums, y, x) - _means(sums, wide_y, wide_x)


def _positions(last: int, step: int) -> NDArray[np.int64]:
    """Positions from 0 on, a step apart, and the last one."""
    return np.append(np.arange(0, last, step), last)


def _means(
    sums: Values,
    rows: tuple[NDArray[np.int64], NDArray[np.int64]],
    cols: tuple[NDArray[np.int64], NDArray[np.int64]],
) -> Values:
    """Means of the rectangles of all pairs of row and column spans (starts, ends)."""
    (y0, y1), (x0, x1) = rows, cols
    strips = sums[y1] - sums[y0]
    sizes = np.outer(y1 - y0, x1 - x0)
    means: Values = (strips[:, x1] - strips[:, x0]) / sizes
    return means
