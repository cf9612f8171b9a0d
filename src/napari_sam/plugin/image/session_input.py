"""Session input: arguments of ``Session.open`` from an image source; no Qt, no napari."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from napari_sam.image.intensity import RGB, IntensityMapping

from .image_source import ImageSource

if TYPE_CHECKING:
    from napari_sam.image.volume import Volume


def volume_of(source: ImageSource) -> "Volume":
    """Volume of all channels for the model; no pixel is read."""
    from napari_sam.image.channel_stack import ChannelStack
    from napari_sam.image.volume import Volume

    data, axes, channels = source.data, source.axes, source.channels or None
    if source.others:
        data = ChannelStack([source.data, *(other.data for other in source.others)])
        axes = f"C{source.axes}"
    elif channels is None and source.channel_axis is not None:
        channels = (source.channel,)
    calibration = source.calibration
    return Volume.from_array(
        data,
        axes=axes,
        scale=calibration.scale,
        translate=calibration.translate,
        units=calibration.units,
        channels=channels,
        coarse=None if source.others else source.coarse,
        name=" + ".join([source.identity, *(other.name for other in source.others)]),
    )


def whole_image(source: ImageSource) -> "Volume":
    """Volume of the image with all channels, for measuring; no pixel is read."""
    from napari_sam.image.volume import Volume

    calibration = source.calibration
    return Volume.from_array(
        source.data,
        axes=source.axes,
        scale=calibration.scale,
        translate=calibration.translate,
        units=calibration.units,
        name=source.identity,
    )


def contrast_of(source: ImageSource) -> Any:
    """Contrast of all channels, for ``Session.open``."""
    if not source.others or source.contrast == "auto":
        return source.contrast
    return [source.contrast, *(other.contrast for other in source.others)]


def colours_of(source: ImageSource) -> Sequence[RGB] | None:
    """Colours of all channels, for ``Session.open``."""
    return [source.colour, *(other.colour for other in source.others)] if source.others else None


def mapping_of(source: ImageSource) -> IntensityMapping:
    """Mapping of values to model input; automatic contrast reads a few patches."""
    from napari_sam.image.intensity import contrast_mapping

    return contrast_mapping(volume_of(source), contrast_of(source), colours_of(source))
