"""Limits: contrast limits of a channel, from a sample of regions."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter

from .empty import Mask, Pixels, content_mask, fill_values, flat_areas
from .outliers import around_dust, filtered, without_speckles

LOW_PERCENTILE, HIGH_PERCENTILE = 0.5, 99.8
"""Percentiles of the content of a channel that automatic contrast maps to 0 and to 255."""

_TOLERANCE = 0.1
"""Share of the range of the content by which a limit of all pixels may differ from the limit of the
content. Within it, the limits of all pixels are used, to which cached embeddings belong."""

_SPECKLED = 2.0
"""Ratio of the range with single bright or dark pixels to the range without them, above which
the pixels are left out."""

_FLAT = 0.5
"""Share of the content in areas of one value, above which the limits are the smallest and the
largest value: what looks empty may be an object there."""

_LEAST_LEVELS = 4
"""Smallest range of whole numbers, unless there are only two values, as in a mask."""

_LEAST_SHARE = 1e-6
"""Smallest range of floats, as a share of the larger limit: about eight steps of float32."""

_NEAR = 49
"""Side in pixels of the square around a pixel that must be free of empty areas, for the pixel to be
inside of the content and not at its edge."""

_INSIDE = 0.5
"""Share of the content that is inside, above which the empty areas are the surroundings of an
image. Below it, they are the dark background of objects."""


@dataclass(frozen=True, slots=True)
class ChannelSample:
    """Sampled regions of a channel.

    Made by :meth:`Sample.channel <napari_sam.image.contrast.sample.Sample.channel>`.

    Parameters
    ----------
    regions : sequence of ndarray
        ``(h, w)`` each: spread over the whole image.
    further : sequence of ndarray
        Regions with content, read in addition from an image that is mostly empty.
    corners : callable
        Gives the values at the four corners of some planes, for
        :func:`~napari_sam.image.contrast.empty.fill_values`.
    """

    regions: Sequence[Pixels]
    further: Sequence[Pixels]
    corners: Callable[[], Sequence[NDArray[Any]]]


@dataclass(frozen=True, slots=True)
class ChannelLimits:
    """Contrast limits of a channel, and the share of its content above them.

    Parameters
    ----------
    low, high : float
        Values that become 0 and 255.
    saturated : float
        Share of the content above `high`, 0 to 1; 0 without content.
    """

    low: float
    high: float
    saturated: float


def channel_limits(sample: ChannelSample) -> ChannelLimits:
    """Choose the contrast limits of a channel.

    The limits are percentiles of all pixels. They are replaced by percentiles of the content (no
    empty areas, hot pixels or dust) if these differ by more than a tenth of the content's range.

    Parameters
    ----------
    sample : ChannelSample
        What was read of the channel.
    """
    of_all = _percentiles(np.concatenate([r.ravel() for r in sample.regions]))
    content = _Content.of(sample)
    limits = of_all
    if content is not None:
        low, high = content.limits()
        allowed = _TOLERANCE * (high - low)
        if abs(of_all[0] - low) > allowed or abs(of_all[1] - high) > allowed:
            limits = low, high
    low, high = _spread(*limits, [*sample.regions, *sample.further])
    return ChannelLimits(low, high, 0.0 if content is None else content.above(high))


def saturated(sample: ChannelSample, high: float) -> float:
    """Share of the content of a channel above an upper limit, 0 to 1.

    Parameters
    ----------
    sample : ChannelSample
        What was read of the channel.
    high : float
        The limit, such as a user's.
    """
    content = _Content.of(sample)
    return 0.0 if content is None else content.above(high)


@dataclass(frozen=True, slots=True)
class _Content:
    """Regions of a sample with masks of their content.

    `smooth` are the regions without speckles, `masks` the content of each.
    """

    regions: Sequence[Pixels]
    smooth: Sequence[Pixels]
    masks: Sequence[Mask]
    fills: Sequence[float]

    @classmethod
    def of(cls, sample: ChannelSample) -> "_Content | None":
        """Separate the content of a sample; None if everything is empty."""
        regions = [*sample.regions, *sample.further]
        smooth = [without_speckles(region) for region in regions]
        fills = fill_values(smooth[: len(sample.regions)], sample.corners)
        masks = [content_mask(region, fills) for region in smooth]
        if any(mask.any() for mask in masks):
            return cls(regions, smooth, masks, fills)
        # one value everywhere, or objects of one value on an empty background
        masks = [np.isfinite(region) for region in smooth]
        return cls(regions, smooth, masks, ()) if any(mask.any() for mask in masks) else None

    def limits(self) -> tuple[float, float]:
        """Percentiles of the content without speckles and dust, down to a dark background."""
        if self.fills and self._is_flat():
            return self._extremes()
        masks = self.masks
        low, high = self._within(masks)
        for sign in (1, -1):  # bright dust, then dark dust
            regions = [sign * region.astype(np.float64) for region in self.smooth]
            ends = (low, high) if sign > 0 else (-high, -low)
            dust = around_dust(regions, masks, *ends)
            if dust is not None:
                masks = [mask & ~area for mask, area in zip(masks, dust, strict=True)]
                low, high = self._within(masks)
        if not self._is_inside_surroundings():
            low, high = min(low, *self.fills), max(high, *self.fills)
        return low, high

    def _is_flat(self) -> bool:
        """Whether most of the content lies in areas of equal values, as in a mask or a drawing."""
        flat = total = 0
        for region, mask in zip(self.smooth, self.masks, strict=True):
            if mask.any():
                plain = np.where(mask, region, region[mask][0])
                flat += int((flat_areas(filtered(plain)) & mask).sum())
                total += int(mask.sum())
        return flat > _FLAT * total

    def _extremes(self) -> tuple[float, float]:
        values = np.concatenate([region[np.isfinite(region)] for region in self.smooth])
        return float(values.min()), float(values.max())

    def _within(self, masks: Sequence[Mask]) -> tuple[float, float]:
        values = _values(self.regions, masks)
        low_smooth, high_smooth = _percentiles(_values(self.smooth, masks))
        if _outer_range(values) > _SPECKLED * (high_smooth - low_smooth) > 0:
            return low_smooth, high_smooth
        return _percentiles(values)

    def _is_inside_surroundings(self) -> bool:
        """Whether the content is an image of its own, as it is without empty areas."""
        if not self.fills:
            return True
        inside = total = 0
        for region, mask in zip(self.smooth, self.masks, strict=True):
            near = maximum_filter(~mask & np.isfinite(region), _NEAR, mode="constant", cval=False)
            inside += int((mask & ~near).sum())
            total += int(mask.sum())
        return inside >= _INSIDE * total

    def above(self, high: float) -> float:
        """Share of the content above a value."""
        values = _values(self.smooth, self.masks)
        return float((values > high).mean()) if values.size else 0.0


def _values(regions: Sequence[Pixels], masks: Sequence[Mask]) -> NDArray[Any]:
    return np.concatenate([region[mask] for region, mask in zip(regions, masks, strict=True)])


def _percentiles(values: NDArray[Any]) -> tuple[float, float]:
    """Robust limits of values; the extremes if nearly all values are equal."""
    finite = values[np.isfinite(values)].astype(np.float64)
    if finite.size == 0:
        return 0.0, 1.0
    low, high = (float(v) for v in np.percentile(finite, (LOW_PERCENTILE, HIGH_PERCENTILE)))
    if low == high:  # nearly everything is background
        low, high = float(finite.min()), float(finite.max())
    return low, high


def _outer_range(values: NDArray[Any]) -> float:
    """Difference of the pixels next to the percentiles, on their outer sides.

    A percentile between a hot pixel and another is a mean of both, which may look harmless.
    """
    finite = values[np.isfinite(values)].astype(np.float64)
    if not finite.size:
        return 0.0
    last = finite.size - 1
    low, high = math.floor(LOW_PERCENTILE / 100 * last), math.ceil(HIGH_PERCENTILE / 100 * last)
    ordered = np.partition(finite, (low, high))
    return float(ordered[high] - ordered[low])


def _spread(low: float, high: float, regions: Sequence[Pixels]) -> tuple[float, float]:
    """Limits with a range of at least a few levels."""
    if low == high:
        return low, low + max(1.0, _LEAST_SHARE * abs(low))
    if regions[0].dtype.kind == "f":
        least = max(_LEAST_SHARE * max(abs(low), abs(high)), 1e-30)
    else:
        pair = [region[(region != low) & (region != high)].size for region in regions]
        least = _LEAST_LEVELS if any(pair) else 0
    return low, max(high, low + least)
