"""Quantised: features in a byte per value, as the cache stores them."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

STEPS = 12
"""Steps in the standard deviation of a channel. Rounding adds noise of 2 % of the deviation, and
the bytes take half as many bits as half floats; with 8 the masks begin to change."""

_LARGEST = 127
"""Largest code; values farther from the mean widen the steps of their channel."""


@dataclass(frozen=True, slots=True, eq=False)
class Quantised:
    """Features of a tile, rounded to whole steps from the mean of their channel.

    Made by :func:`quantise`; numpy turns it into float32 values, ``code * step + mean``.

    Parameters
    ----------
    codes : ndarray
        ``(channels, ...)`` int8: steps from the mean.
    scales : ndarray
        ``(channels, 2)`` float32: mean and step of each channel.
    """

    codes: NDArray[np.int8]
    scales: NDArray[np.float32]

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the values."""
        return self.codes.shape

    @property
    def is_finite(self) -> bool:
        """Whether all values are numbers: of a channel with NaN or infinity, none is."""
        return bool(np.isfinite(self.scales).all())

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[np.float32]:
        """The values, float32 unless another type is asked for."""
        means, steps = (_per_channel(column, self.codes.ndim) for column in self.scales.T)
        values = self.codes.astype(np.float32)
        with np.errstate(invalid="ignore"):  # a channel without numbers
            values *= steps
        values += means
        return values if dtype is None else values.astype(dtype, copy=False)


def quantise(values: NDArray[np.floating]) -> Quantised:
    """Round features to a byte per value.

    Parameters
    ----------
    values : ndarray
        ``(channels, ...)`` float.

    Returns
    -------
    Quantised
        Off by half a step at most. A step is a twelfth of the standard deviation of the channel, or
        1/127 of its largest distance from the mean if that is more.
    """
    rows = np.asarray(values, np.float32).reshape(len(values), -1)
    with np.errstate(over="ignore", invalid="ignore"):
        means = rows.mean(axis=1, keepdims=True)
        codes = rows - means
        farthest = np.maximum(codes.max(axis=1), -codes.min(axis=1))
        steps = np.maximum(codes.std(axis=1) / STEPS, farthest / _LARGEST)
        codes /= np.where(steps > 0, steps, 1)[:, None]
        codes = np.rint(codes, out=codes).astype(np.int8)
    scales = np.column_stack((means[:, 0], steps)).astype(np.float32)
    return Quantised(codes.reshape(np.shape(values)), scales)


def _per_channel(column: NDArray[np.float32], ndim: int) -> NDArray[np.float32]:
    """Values of the channels as ``(channels, 1, ...)``, to be broadcast along the other axes."""
    return column.reshape(-1, *(1,) * (ndim - 1))
