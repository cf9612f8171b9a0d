"""Composite: what the model sees besides the chosen image; no Qt."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from napari.components import LayerList
from napari.layers import Image
from napari.utils.colormaps import Colormap

from napari_sam.image.intensity import RGB

from .image_source import ImageSource, OtherImage, axis_letters, image_layers, shown_contrast

if TYPE_CHECKING:
    pass

SEEN = 3
"""As many channels as a model sees."""


@dataclass(frozen=True, slots=True)
class Option:
    """Something that the model may see as well: a channel of the image, or another layer.

    Parameters
    ----------
    key : int or str
        The channel, or the unique id of the layer.
    name : str
        For people.
    chosen : bool
        Whether the model sees it.
    """

    key: int | str
    name: str
    chosen: bool


class Composite:
    """Which channels or layers the model sees besides the chosen image.

    The choice is kept for each image. Alone, an image is grey whatever its colormap; together
    they are drawn each in the brightest colour of its colormap and added, at their contrast limits,
    as additive blending does; opacity and gamma do not count.
    """

    def __init__(self) -> None:
        self._chosen: dict[str, list[int | str]] = {}

    def options(self, image: Image, layers: LayerList) -> list[Option]:
        """What there is to choose from for an image; all layers of the viewer are `layers`."""
        chosen = self._chosen.get(str(image.unique_id), [])
        return [Option(key, name, key in chosen) for key, name in _possible(image, layers)]

    def choose(self, image: Image, key: int | str, wanted: bool) -> None:
        """See something as well, or no longer; beyond three, what was chosen first goes."""
        chosen = self._chosen.setdefault(str(image.unique_id), [])
        if key in chosen:
            chosen.remove(key)
        if wanted:
            chosen.append(key)
            del chosen[: -(SEEN - 1)]

    def complete(self, source: ImageSource, image: Image, layers: LayerList) -> ImageSource:
        """The image with what the model sees as well."""
        chosen: list[int | str] = []
        if self._chosen.get(str(image.unique_id)):  # or no layer need be looked at, at each click
            chosen = [option.key for option in self.options(image, layers) if option.chosen]
        if source.channel_axis is not None:
            more = [int(key) for key in chosen if key != source.channel]
            seen = sorted({source.channel, *more[: SEEN - 1]})
            return replace(source, channels=tuple(seen))
        found = [layer for layer in image_layers(layers) if str(layer.unique_id) in chosen]
        others = sorted(found, key=lambda layer: str(layer.name))  # whatever lies on top
        return replace(
            source,
            others=tuple(_other(layer, source) for layer in others),
            colour=brightest(image.colormap) if others else source.colour,
        )


def _possible(image: Image, layers: LayerList) -> Iterable[tuple[int | str, str]]:
    letters = "" if image.rgb else axis_letters(image.ndim, image.axis_labels)
    if "C" in letters:
        count = _pixels(image).shape[letters.index("C")]
        return [(channel, f"Channel {channel}") for channel in range(count)]
    found = image_layers(layers) if letters else []
    alike = [one for one in found if one != image and not one.rgb and _lies_on(one, image)]
    return [(str(one.unique_id), one.name) for one in alike]


def _lies_on(layer: Image, image: Image) -> bool:
    """Whether each pixel of a layer covers the same pixel of an image."""
    shape = _pixels(image).shape
    if _pixels(layer).shape != shape:
        return False
    corners = [np.zeros(len(shape)), *(np.eye(len(shape)) * shape)]
    ours, theirs = ([one.data_to_world(at) for at in corners] for one in (layer, image))
    return bool(np.allclose(ours, theirs))


def _pixels(layer: Image) -> Any:
    return layer.data[0] if layer.multiscale else layer.data


def _other(layer: Image, source: ImageSource) -> OtherImage:
    data = _pixels(layer)
    contrast = "auto" if source.contrast == "auto" else shown_contrast(layer, data)
    return OtherImage(data, contrast, brightest(layer.colormap), layer.name)


def brightest(colormap: Colormap) -> RGB:
    """The colour of the highest value; white where that is black."""
    red, green, blue = (float(v) for v in np.asarray(colormap.map(np.ones(1)))[0, :3])
    return (red, green, blue) if red or green or blue else (1.0, 1.0, 1.0)
