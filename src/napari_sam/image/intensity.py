"""Intensity: map the values of an image to the RGB input of a model, equally in all tiles."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_sam.errors import ImageError

from .volume import Plane, Volume

LOW_PERCENTILE, HIGH_PERCENTILE = 0.5, 99.8
"""Percentiles of a channel that automatic contrast maps to 0 and to 255."""

RGB = tuple[float, float, float]
"""Red, green and blue of a colour, from 0 to 1."""

_PATCHES = 32
"""Number of patches from which automatic contrast is measured."""

_PATCH_SIZE = 192
"""Side of such a patch, in pixels."""


@dataclass(frozen=True, slots=True)
class IntensityMapping:
    """Contrast limits and colours of the channels that a model gets; made once for an image.

    Parameters
    ----------
    limits : tuple of pair of float
        For each channel, the values that become 0 and 255.
    colours : tuple of RGB
        Colour of each channel at 255; colours add up like light. Without colours a single channel
        is grey, two are red and green, three are red, green and blue.
    """

    limits: tuple[tuple[float, float], ...]
    colours: tuple[RGB, ...] = ()

    @property
    def key(self) -> str:
        """Limits and colours as exact text: part of the identity of cached embeddings."""
        texts = [" to ".join(map(_exactly, pair)) for pair in self.limits]
        if self.colours:
            colours = (" ".join(map(_exactly, colour)) for colour in self.colours)
            texts = [f"{text} in {c}" for text, c in zip(texts, colours, strict=True)]
        return "; ".join(texts)

    def apply(self, pixels: NDArray[Any]) -> NDArray[np.float32]:
        """Map pixels to RGB.

        Parameters
        ----------
        pixels : ndarray
            ``(h, w, channels)``, any real dtype. NaN becomes the lower limit, values outside of
            the limits the nearer limit.

        Returns
        -------
        ndarray
            ``(h, w, 3)`` float32 from 0 to 255.
        """
        rgb = np.zeros((*pixels.shape[:2], 3), np.float32)
        if self.colours:
            for index, ((low, high), colour) in enumerate(
                zip(self.limits, self.colours, strict=True)
            ):
                rgb_at_1 = np.asarray(colour, np.float32)
                rgb += _scaled(pixels[..., index], low, high)[..., None] * rgb_at_1
            return np.minimum(rgb, 255, out=rgb)
        for index, (low, high) in enumerate(self.limits):
            rgb[..., index] = _scaled(pixels[..., index], low, high)
        if len(self.limits) == 1:
            rgb[..., 1:] = rgb[..., :1]
        return rgb


def _exactly(value: float) -> str:
    return repr(value).removesuffix(".0")


def _scaled(values: NDArray[Any], low: float, high: float) -> NDArray[Any]:
    """Map `low` to 0 and `high` to 255; from 0 to 255, values of 8 bits stay exactly the same."""
    # float32 holds the values of all types but float64 and integers of more than 16 bits
    exact = np.can_cast(values.dtype, np.float32)
    scaled: NDArray[Any] = np.array(values, np.float32 if exact else np.float64)
    scaled[np.isnan(scaled)] = low
    np.clip(scaled, low, high, out=scaled)  # before the subtraction, which could overflow
    np.subtract(scaled, low, out=scaled)
    np.multiply(scaled, 255 / (high - low) if high > low else 0.0, out=scaled)
    np.minimum(scaled, 255, out=scaled)  # limits that float32 cannot tell apart round beyond it
    return scaled


def contrast_mapping(
    volume: Volume, contrast: Any = "auto", colours: Sequence[RGB] | None = None
) -> IntensityMapping:
    """Choose the contrast limits and colours of a whole image.

    Parameters
    ----------
    volume : Volume
        The image; with "auto", up to 32 patches of it are read.
    contrast : "auto", (low, high) or one pair per channel
        "auto" takes robust percentiles of each channel over the whole image, and leaves 8-bit
        colour images as they are.
    colours : sequence of RGB, optional
        Colour of each channel; see :class:`IntensityMapping`.

    Returns
    -------
    IntensityMapping

    Raises
    ------
    ImageError
        If limits or colours do not fit the channels, or a limit is not finite or not below the
        upper limit.
    """
    checked = _check_colours(colours, len(volume.channels)) if colours is not None else ()
    return replace(_limits_of(volume, contrast), colours=checked)


def _check_colours(colours: Sequence[RGB], channels: int) -> tuple[RGB, ...]:
    try:
        values = np.asarray(colours, float)
    except (TypeError, ValueError):
        values = np.empty(0)
    if values.shape != (channels, 3) or not ((values >= 0) & (values <= 1)).all():
        raise ImageError(
            f"colours {colours!r}: give red, green and blue from 0 to 1 for each of the "
            f"{channels} channels"
        )
    return tuple((float(red), float(green), float(blue)) for red, green, blue in values)


def _limits_of(volume: Volume, contrast: Any) -> IntensityMapping:
    channels = len(volume.channels)
    if isinstance(contrast, str):
        if contrast != "auto":
            raise ImageError(f"contrast {contrast!r}: give auto, or a lower and an upper limit")
        return _auto(volume)
    try:
        limits = np.asarray(contrast, float)
        limits = np.broadcast_to(limits, (channels, 2))
    except (TypeError, ValueError):
        raise ImageError(
            f"contrast {contrast!r}: give (low, high), or one such pair for each of the "
            f"{channels} channels"
        ) from None
    if not (np.isfinite(limits).all() and (limits[:, 0] < limits[:, 1]).all()):
        raise ImageError(
            f"contrast {contrast!r}: give finite limits, the lower one below the upper one"
        )
    return IntensityMapping(tuple((float(low), float(high)) for low, high in limits))


def _auto(volume: Volume) -> IntensityMapping:
    if volume.is_rgb:
        return IntensityMapping(((0.0, 255.0),) * 3)
    samples = [patch.reshape(-1, len(volume.channels)) for patch in _patches(volume)]
    values = np.concatenate(samples)
    return IntensityMapping(tuple(_limits(values[:, c]) for c in range(values.shape[1])))


def _limits(values: NDArray[Any]) -> tuple[float, float]:
    finite = values[np.isfinite(values)].astype(np.float64)
    if finite.size == 0:
        return 0.0, 1.0
    low, high = (float(v) for v in np.percentile(finite, (LOW_PERCENTILE, HIGH_PERCENTILE)))
    if low == high:  # nearly everything is background
        low, high = float(finite.min()), float(finite.max())
    return (low, high) if low < high else (low, low + 1)


def _patches(volume: Volume) -> Iterator[NDArray[Any]]:
    """Patches spread evenly over all planes, always the same for the same image.

    A small image is read completely, a large image only in 32 patches, so that opening a terabyte
    takes no longer than opening a picture.
    """
    planes = list(_spread_planes(volume))
    per_plane = max(1, _PATCHES // len(planes))
    for index, plane in enumerate(planes):
        if volume.height * volume.width <= per_plane * _PATCH_SIZE**2:
            yield volume.read(plane, 0, 0, volume.height, volume.width)
            continue
        for k in range(per_plane):
            # additive recurrence: even cover with any number of points (Roberts 2018, "R2")
            n = index * per_plane + k + 1
            y0 = int(((0.5 + 0.7548776662466927 * n) % 1) * max(1, volume.height - _PATCH_SIZE))
            x0 = int(((0.5 + 0.5698402909980532 * n) % 1) * max(1, volume.width - _PATCH_SIZE))
            y1, x1 = min(y0 + _PATCH_SIZE, volume.height), min(x0 + _PATCH_SIZE, volume.width)
            yield volume.read(plane, y0, x0, y1, x1)


def _spread_planes(volume: Volume) -> Iterator[Plane]:
    """At most 32 planes, spread evenly over all planes."""
    total = int(np.prod(volume.plane_shape, dtype=np.int64)) if volume.plane_shape else 1
    for flat in np.unique(np.linspace(0, total - 1, min(total, _PATCHES)).round().astype(np.int64)):
        yield tuple(int(i) for i in np.unravel_index(int(flat), volume.plane_shape or (1,)))[
            : len(volume.plane_shape)
        ]
