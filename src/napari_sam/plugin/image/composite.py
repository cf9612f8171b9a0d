"""Composite: channels and layers shown to the model besides the image; no Qt."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from napari.components import LayerList
from napari.layers import Image
from napari.utils.colormaps import Colormap

from napari_sam.image.intensity import RGB

from .image_source import (
    Contrast,
    ImageSource,
    OtherImage,
    axis_letters,
    image_layers,
    shown_contrast,
)

SEEN = 3
"""Largest number of channels for a model: red, green and blue."""


@dataclass(frozen=True, slots=True)
class Option:
    """Choice for the user: a further channel of the image, or another layer.

    Parameters
    ----------
    key : int or str
        The channel, or the unique id of the layer.
    name : str
        For people.
    chosen : bool
        Whether the model gets the channel or layer.
    """

    key: int | str
    name: str
    chosen: bool


class Composite:
    """Channels or layers shown to the model besides the image, by image.

    The choice is kept for each image. A single channel is grey, whatever the colormap. Several are
    drawn in the brightest colours of their colormaps, at their contrast limits, and added, as by
    additive blending; opacity and gamma do not count.
    """

    def __init__(self) -> None:
        self._chosen: dict[str, list[int | str]] = {}

    def options(self, image: Image, layers: LayerList) -> list[Option]:
        """List the choices for an image, out of all `layers` of the viewer."""
        chosen = self._chosen.get(str(image.unique_id), [])
        return [Option(key, name, key in chosen) for key, name in _possible(image, layers)]

    def choose(self, image: Image, key: int | str, visible: bool) -> None:
        """Show a channel or layer to the model, or hide it; of three, the oldest choice goes."""
        chosen = self._chosen.setdefault(str(image.unique_id), [])
        if key in chosen:
            chosen.remove(key)
        if visible:
            chosen.append(key)
            del chosen[: -(SEEN - 1)]

    def layers_beside(self, image: Image, layers: LayerList) -> list[Image]:
        """Layers shown to the model besides an image; empty where the image has channels."""
        chosen = self._chosen.get(str(image.unique_id), [])
        alike = {option.key for option in self.options(image, layers)} if chosen else set()
        ids = alike & set(chosen)
        return [layer for layer in image_layers(layers) if str(layer.unique_id) in ids]

    def complete(self, source: ImageSource, image: Image, layers: LayerList) -> ImageSource:
        """Source of an image, completed by the chosen channels or layers."""
        chosen: list[int | str] = []
        if self._chosen.get(str(image.unique_id)):  # else skip the layers: this runs at each click
            chosen = [option.key for option in self.options(image, layers) if option.chosen]
        if source.channel_axis is not None:
            more = [int(key) for key in chosen if key != source.channel]
            channels = sorted({source.channel, *more[: SEEN - 1]})
            return replace(source, channels=tuple(channels))
        chosen_layers = [layer for layer in image_layers(layers) if str(layer.unique_id) in chosen]
        overlays = sorted(chosen_layers, key=lambda layer: str(layer.name))  # whatever lies on top
        return replace(
            source,
            others=tuple(_other(layer, source) for layer in overlays),
            colour=brightest(image.colormap) if overlays else source.colour,
        )


def _possible(image: Image, layers: LayerList) -> Iterable[tuple[int | str, str]]:
    letters = "" if image.rgb else axis_letters(image.ndim, image.axis_labels)
    if "C" in letters:
        count = _pixels(image).shape[letters.index("C")]
        return [(channel, f"Channel {channel}") for channel in range(count)]
    images = image_layers(layers) if letters else []
    alike = [each for each in images if each != image and not each.rgb and _lies_on(each, image)]
    return [(str(each.unique_id), each.name) for each in alike]


def _lies_on(layer: Image, image: Image) -> bool:
    """Whether each pixel of a layer covers the same pixel of an image."""
    shape = _pixels(image).shape
    if _pixels(layer).shape != shape:
        return False
    corners = [np.zeros(len(shape)), *(np.eye(len(shape)) * shape)]
    ours, theirs = ([each.data_to_world(at) for at in corners] for each in (layer, image))
    return bool(np.allclose(ours, theirs))


def _pixels(layer: Image) -> Any:
    return layer.data[0] if layer.multiscale else layer.data


def _other(layer: Image, source: ImageSource) -> OtherImage:
    data = _pixels(layer)
    contrast: Contrast = "auto" if source.contrast == "auto" else shown_contrast(layer, data)
    return OtherImage(data, contrast, brightest(layer.colormap), layer.name)


def brightest(colormap: Colormap) -> RGB:
    """Colour of the highest value of a colormap; white instead of black."""
    red, green, blue = (float(v) for v in np.asarray(colormap.map(np.ones(1)))[0, :3])
    return (red, green, blue) if red or green or blue else (1.0, 1.0, 1.0)
