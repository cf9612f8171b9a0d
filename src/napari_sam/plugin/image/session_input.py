"""Session input: an image source as a Session opens it; no Qt, no napari."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from napari_sam.image.intensity import RGB, IntensityMapping

from .image_source import ImageSource

if TYPE_CHECKING:
    from napari_sam.image.volume import Volume


def volume_of(source: ImageSource) -> "Volume":
    """All that the model sees, as one image; nothing is read."""
    from napari_sam.image.channel_stack import ChannelStack
    from napari_sam.image.volume import Volume

    data, axes, channels = source.data, source.axes, source.channels or None
    if source.others:
        data = ChannelStack([source.data, *(other.data for other in source.others)])
        axes = f"C{source.axes}"
    elif channels is None and source.channel_axis is not None:
        channels = (source.channel,)
    return Volume.from_array(
        data,
        axes=axes,
        scale=source.scale,
        translate=source.translate,
        units=source.units,
        channels=channels,
        name=" + ".join([source.identity, *(other.name for other in source.others)]),
    )


def whole_image(source: ImageSource) -> "Volume":
    """The image with all of its channels, whatever the model sees of them; nothing is read."""
    from napari_sam.image.volume import Volume

    return Volume.from_array(
        source.data,
        axes=source.axes,
        scale=source.scale,
        translate=source.translate,
        units=source.units,
        name=source.identity,
    )


def contrast_of(source: ImageSource) -> Any:
    """The contrast of all channels, as a Session takes it."""
    if not source.others or source.contrast == "auto":
        return source.contrast
    return [source.contrast, *(other.contrast for other in source.others)]


def colours_of(source: ImageSource) -> Sequence[RGB] | None:
    """The colours of all channels, as a Session takes them."""
    return [source.colour, *(other.colour for other in source.others)] if source.others else None


def mapping_of(source: ImageSource) -> IntensityMapping:
    """What becomes of the image's values; a few patches are read for automatic contrast."""
    from napari_sam.image.intensity import contrast_mapping

    return contrast_mapping(volume_of(source), contrast_of(source), colours_of(source))
