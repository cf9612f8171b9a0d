"""PreviewLayer: masks of the objects under way, in a Labels layer; no Qt."""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from napari.components import ViewerModel
from napari.layers import Image, Labels, Layer
from numpy.typing import NDArray

from napari_sam.image.volume import Plane
from napari_sam.masks.mask import Mask
from napari_sam.plugin.image.current_image import CurrentImage
from napari_sam.plugin.image.image_source import ImageSource

from .colours import colours_in_turn
from .conventions import IMAGE_KEY, PREVIEW_COLOURS, ROLE_KEY, find_layer
from .only_shown import only_shown
from .placement import move, placement, translate_of

_PREVIEW = "SAM preview"


class PreviewLayer:
    """Labels layer with the masks of the objects under way.

    Parameters
    ----------
    viewer : napari.Viewer
        Gets the layer.
    image : CurrentImage
        The image under it.

    Attributes
    ----------
    layer : napari.layers.Labels or None
        None after the user has removed the layer.
    """

    def __init__(self, viewer: ViewerModel, image: CurrentImage) -> None:
        self._viewer, self._image = viewer, image
        self.layer: Labels | None = None
        self._start: tuple[int, ...] = ()  # pixel of the image under the first of the layer

    def ensure(self) -> None:
        """Find the layer of an earlier dock, or make a layer."""
        layers, image = self._viewer.layers, self._image
        if self.layer is None or self.layer not in layers:
            layer = find_layer(layers, image.key, image.layer.ndim, _PREVIEW)
            self.layer = layer or self._viewer.add_layer(make_preview(image.layer))

    def forget(self, layer: Layer) -> None:
        """Forget a removed layer."""
        if layer == self.layer:
            self.layer = None

    def show(self, objects: Mapping[int, Sequence[Mask]]) -> None:
        """Show masks of objects in the colours of the numbers; with {}, an empty preview.

        Parameters
        ----------
        objects : mapping of int to sequence of Mask
            Masks of each object by its number, at most one a plane.
        """
        image, layer = self._image.layer, self.layer
        if layer is None or not self._fits(layer):
            return
        if all(mask.empty for masks in objects.values() for mask in masks):
            start: tuple[int, ...] = (0,) * image.ndim
            data: Any = np.zeros((1,) * image.ndim, np.uint8)
        else:
            data, start = preview_data(self._image.source, objects)
        if not (data.size == layer.data.size == 1 and not np.any(layer.data)):
            layer.data = data
        self._start = start
        self.follow_image()

    def follow_image(self) -> None:
        """Move the layer to where the image is now; the masks stay on their pixels."""
        image, layer = self._image.layer, self.layer
        if layer is not None and self._fits(layer):
            start = self._start or (0,) * image.ndim
            move(layer, placement(image) | {"translate": translate_of(image, start)})

    def _fits(self, layer: Labels) -> bool:
        """Whether the layer is there, and the image has not got other axes meanwhile."""
        return layer in self._viewer.layers and layer.ndim == self._image.layer.ndim


@dataclass(frozen=True, slots=True, eq=False)
class MaskStack:
    """Masks as a ``uint8`` array of colour numbers, made plane by plane on reading.

    So an object of a thousand slices costs no more to show than one of two.

    Parameters
    ----------
    masks : mapping of tuple of int to sequence of (int, Mask)
        Number of the object's colour, and mask, by plane.
    start : tuple of int
        The plane, row and column where the array begins; channels left out.
    shape : tuple of int
        Of the array, channels included.
    channel_axis : int, optional
        An axis along which all pixels are the same.
    """

    masks: Mapping[Plane, Sequence[tuple[int, Mask]]]
    start: tuple[int, ...]
    shape: tuple[int, ...]
    channel_axis: int | None = None

    @property
    def dtype(self) -> np.dtype[np.uint8]:
        """Type of the values."""
        return np.dtype(np.uint8)

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """Number of values."""
        return math.prod(self.shape)

    def __getitem__(self, index: Any) -> NDArray[np.uint8]:
        """Part of the array, with numpy's rules for an index."""
        index = index if isinstance(index, tuple) else (index,)
        leading, within = index[: self.ndim - 2], index[self.ndim - 2 :]
        if len(leading) == self.ndim - 2 and all(isinstance(i, int | np.integer) for i in leading):
            return self._plane(tuple(map(int, leading)))[within]
        return np.asarray(self)[index]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[np.uint8]:
        """The whole array, in memory."""
        planes = [self._plane(index) for index in np.ndindex(self.shape[:-2])]
        return np.stack(planes).reshape(self.shape).astype(dtype or np.uint8)

    def _plane(self, index: tuple[int, ...]) -> NDArray[np.uint8]:
        without_channel = [i for axis, i in enumerate(index) if axis != self.channel_axis]
        plane = tuple(i + low for i, low in zip(without_channel, self.start, strict=False))
        pixels = np.zeros(self.shape[-2:], np.uint8)
        for colour, mask in self.masks.get(plane, ()):
            y0, x0, y1, x1 = (v - self.start[-2 + i % 2] for i, v in enumerate(mask.bbox))
            pixels[y0:y1, x0:x1][mask.pixels] = colour
        return pixels


def preview_data(
    source: ImageSource, objects: Mapping[int, Sequence[Mask]]
) -> tuple[MaskStack, tuple[int, ...]]:
    """Smallest array around all masks, and index of the first pixel.

    Parameters
    ----------
    source : ImageSource
        The image.
    objects : mapping of int to sequence of Mask
        Masks of each object, at most one a plane, by its number; at least one of them not empty.
        Where two overlap, the later object covers the earlier one.

    Returns
    -------
    MaskStack, tuple of int
        ``(*planes, h, w)``, the number of the colour inside, in the layer's axes; index of its
        first pixel.
    """
    by_plane: dict[Plane, list[tuple[int, Mask]]] = defaultdict(list)
    for number, masks in objects.items():
        for mask in masks:
            if not mask.empty:
                by_plane[mask.plane].append((colour_of(number), mask.tight()))
    full = [mask for masks_here in by_plane.values() for _, mask in masks_here]
    lows = np.min([(*m.plane, m.bbox[0], m.bbox[1]) for m in full], axis=0)
    highs = np.max([(*(p + 1 for p in m.plane), m.bbox[2], m.bbox[3]) for m in full], axis=0)
    start = tuple(int(v) for v in lows)
    shape = tuple(int(v) for v in highs - lows)
    if (axis := source.channel_axis) is None:
        return MaskStack(by_plane, start, shape), start
    shape = (*shape[:axis], source.data.shape[axis], *shape[axis:])
    return MaskStack(by_plane, start, shape, axis), (*start[:axis], 0, *start[axis:])


def colour_of(number: int) -> int:
    """Number of an object's colour, from 1; after the last colour the first comes again."""
    return 1 + (number - 1) % len(PREVIEW_COLOURS)


def make_preview(image: Image) -> Labels:
    """Labels layer for the objects under way, a single transparent pixel large."""
    layer = Labels(
        np.zeros((1,) * image.ndim, np.uint8),
        name=_PREVIEW,
        opacity=0.5,
        colormap=colours_in_turn(PREVIEW_COLOURS),
        metadata={IMAGE_KEY: str(image.unique_id), ROLE_KEY: _PREVIEW},
        **placement(image),
    )
    return only_shown(layer)
