"""Automatic: contrast limits of all channels of an image, and warnings of saturation."""

from collections.abc import Sequence
from dataclasses import dataclass

from napari_sam.errors import ImageError
from napari_sam.image.volume import Volume

from .limits import channel_limits, saturated
from .sample import Sample

_SATURATED = 0.1
"""Share of the content above the upper limit, above which a warning says so."""


@dataclass(frozen=True, slots=True)
class AutomaticContrast:
    """Contrast limits of an image, with warnings.

    Made by :func:`automatic_contrast`.

    Parameters
    ----------
    limits : tuple of pair of float
        For each channel, the values that become 0 and 255.
    warnings : tuple of str
        Sentences about channels of which much becomes white.
    """

    limits: tuple[tuple[float, float], ...]
    warnings: tuple[str, ...]


def automatic_contrast(volume: Volume) -> AutomaticContrast:
    """Choose contrast limits by robust percentiles of the content of each channel.

    Parameters
    ----------
    volume : Volume
        The image, of which a sample is read; see
        :meth:`Sample.read <napari_sam.image.contrast.sample.Sample.read>`.

    Raises
    ------
    ImageError
        If the pixels cannot be read.
    """
    sample = Sample.read(volume)
    chosen = [channel_limits(sample.channel(c)) for c in range(len(volume.channels))]
    shares = [channel.saturated for channel in chosen]
    limits = tuple((channel.low, channel.high) for channel in chosen)
    return AutomaticContrast(limits, _warnings(volume, [high for _, high in limits], shares))


def saturation(volume: Volume, limits: Sequence[tuple[float, float]]) -> tuple[str, ...]:
    """Warnings of a user's limits below much of the content.

    Parameters
    ----------
    volume : Volume
        The image, of which a sample is read.
    limits : sequence of pair of float
        For each channel, the values that become 0 and 255.

    Returns
    -------
    tuple of str
        A sentence for each channel with more than a tenth of its content above the upper limit.
        Empty if the pixels cannot be read, which the first tile will report, and for arrays that
        are computed when they are read, of which a sample might take minutes.
    """
    if volume.is_rgb or hasattr(volume.data, "dask"):
        return ()
    try:
        sample = Sample.read(volume)
    except ImageError:
        return ()
    highs = [high for _, high in limits]
    shares = [saturated(sample.channel(c), high) for c, high in enumerate(highs)]
    return _warnings(volume, highs, shares)


def _warnings(volume: Volume, highs: Sequence[float], shares: Sequence[float]) -> tuple[str, ...]:
    return tuple(
        f"{share:.0%} of the content of {_name(volume, index)} is brighter than the upper contrast "
        f"limit {high:g} and looks white to the model: raise the limit, or use automatic contrast"
        for index, (high, share) in enumerate(zip(highs, shares, strict=True))
        if share > _SATURATED
    )


def _name(volume: Volume, index: int) -> str:
    if len(volume.channels) == 1 and volume.channel_count == 1:
        return volume.name
    return f"channel {volume.channels[index]} of {volume.name}"
