"""Intensity: map the values of an image to the RGB input of a model, equally in all tiles."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_sam.errors import ImageError

from .contrast import automatic_contrast
from .volume import Volume

RGB = tuple[float, float, float]
"""Red, green and blue of a colour, from 0 to 1."""


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
    warnings : tuple of str
        Sentences about limits that make much of the content white; not compared.
    """

    limits: tuple[tuple[float, float], ...]
    colours: tuple[RGB, ...] = ()
    warnings: tuple[str, ...] = field(default=(), compare=False)

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
        The image; with "auto", 32 patches of it are read, and more if these are mostly empty.
    contrast : "auto", (low, high) or one pair per channel
        "auto" takes robust percentiles of each channel over the whole image, without empty areas,
        hot pixels and dust where these would matter, and leaves 8-bit colour images as they are.
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
    chosen = automatic_contrast(volume)
    return IntensityMapping(chosen.limits, warnings=chosen.warnings)
