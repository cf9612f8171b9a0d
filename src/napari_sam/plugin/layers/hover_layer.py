"""HoverLayer: shows pixels to be added or removed by a click, over the objects; no Qt."""

from collections.abc import Callable, Sequence

import numpy as np
from napari.components import ViewerModel
from napari.layers import Image, Labels, Layer
from numpy.typing import NDArray

from napari_sam.masks.mask import Mask
from napari_sam.plugin.image.image_source import ImageSource
from napari_sam.tiles.bbox import BBox, holds, place, union

from .colours import colours_in_turn
from .conventions import HOVER_COLOURS, PREVIEW_COLOURS
from .only_shown import only_shown
from .placement import placement, translate_of

_SIDE = 1024
"""Pixels of a side of the window, the size of a tile: enough to seldom move the layer."""


def make_hover(image: Image, data: NDArray[np.uint8]) -> Labels:
    """Faint Labels layer for pixels to be added (1) and removed (2) by a click."""
    layer = Labels(
        data,
        name="SAM hover",
        opacity=0.35,
        colormap=colours_in_turn(HOVER_COLOURS),
        **placement(image),
    )
    return only_shown(layer)


def make_outline(image: Image, data: NDArray[np.uint8]) -> Labels:
    """Labels layer for the outline of the object under review (1)."""
    layer = Labels(
        data,
        name="SAM review",
        opacity=1.0,
        colormap=colours_in_turn(PREVIEW_COLOURS),
        **placement(image),
    )
    layer.contour = 2
    return only_shown(layer)


MakeLayer = Callable[[Image, NDArray[np.uint8]], Labels]


class HoverLayer:
    """Labels layer over an image, made when pixels are shown for the first time.

    Its data are a window of one plane, painted in place as long as what is to be seen lies there:
    new data, or another place of the layer, would let napari lay out all layers anew.

    Parameters
    ----------
    viewer : napari.Viewer
        Gets the layer.
    image : napari.layers.Image
        The image below the layer.
    make : callable
        Makes the layer, of the image and the data.
    """

    def __init__(self, viewer: ViewerModel, image: Image, make: MakeLayer = make_hover) -> None:
        self._viewer, self._image, self._make = viewer, image, make
        self._layer: Labels | None = None
        self._plane: tuple[int, ...] = ()
        self._window: BBox = (0, 0, 0, 0)
        self._pixels: NDArray[np.uint8] = np.zeros((0, 0), np.uint8)

    def show(self, source: ImageSource, now: Mask | None, then: Mask) -> None:
        """Show the difference between two masks of an object.

        Parameters
        ----------
        source : ImageSource
            The image.
        now, then : Mask
            The object on one plane without the click and with it; nothing now if it would begin.
            One of them at least is not empty.
        """
        region = union(mask.bbox for mask in (now, then) if mask is not None and not mask.empty)
        before = np.zeros_like(then.within(region)) if now is None else now.within(region)
        self._place(source, then.plane, region)
        after, self._pixels[:] = then.within(region), 0
        self._pixels[place(region, self._window)] = (after & ~before) + 2 * (before & ~after)
        self._refresh()

    def show_together(
        self, source: ImageSource, plane: tuple[int, ...], masks: Sequence[Mask]
    ) -> None:
        """Show several objects on one plane, each in the next colour; earlier ones lie above.

        Parameters
        ----------
        source : ImageSource
            The image.
        plane : tuple of int
            The plane, also for objects of other frames.
        masks : sequence of Mask
            One at least, none empty.
        """
        self._place(source, plane, union(mask.bbox for mask in masks))
        self._pixels[:] = 0
        for value in range(len(masks), 0, -1):
            mask = masks[value - 1]
            self._pixels[place(mask.bbox, self._window)][mask.pixels] = value
        self._refresh()

    def clear(self) -> None:
        """Show nothing."""
        if self._existing is not None and self._pixels.any():
            self._pixels[:] = 0
            self._refresh()

    def owns(self, layer: Layer | None) -> bool:
        """Whether a layer is the hover layer."""
        return self._layer is not None and layer == self._layer

    def remove(self) -> None:
        """Take the layer away."""
        if (layer := self._existing) is not None:
            self._viewer.layers.remove(layer)
        self._layer = None

    @property
    def _existing(self) -> Labels | None:
        """The layer, unless the user has removed it."""
        layer = self._layer
        return layer if layer is not None and layer in self._viewer.layers else None

    def _refresh(self) -> None:
        if self._layer is not None:
            self._layer.refresh(thumbnail=False, highlight=False, extent=False)

    def _place(self, source: ImageSource, plane: tuple[int, ...], region: BBox) -> None:
        """Move the window to a region of a plane, unless the region lies inside already."""
        layer = self._existing
        if layer is not None and layer.ndim != self._image.ndim:
            layer = None
        if layer is not None and plane == self._plane and holds(self._window, region):
            return
        self._plane, self._window = plane, window_around(region, source.plane_size)
        y0, x0, y1, x1 = self._window
        self._pixels = np.zeros((y1 - y0, x1 - x0), np.uint8)
        shape, start = [1] * len(plane), [*plane]
        if source.channel_axis is not None:
            shape.insert(source.channel_axis, source.data.shape[source.channel_axis])
            start.insert(source.channel_axis, 0)
        data = np.broadcast_to(self._pixels, (*shape, *self._pixels.shape))
        translate = translate_of(self._image, (*start, y0, x0))
        if layer is not None:
            layer.data = data
            layer.translate = translate
        else:
            self.remove()
            self._layer = self._make(self._image, data)
            self._layer.translate = translate
            self._add(self._layer)

    def _add(self, layer: Labels) -> None:
        selection = self._viewer.layers.selection
        active = selection.active
        self._viewer.add_layer(layer)
        selection.active = active


def window_around(region: BBox, size: tuple[int, int]) -> BBox:
    """Window of a plane around a region, centred on the region unless the border is near."""
    starts, stops = [], []
    for low, high, length in zip(region[:2], region[2:], size, strict=True):
        side = min(length, max(_SIDE, high - low))
        starts.append(min(max(0, (low + high - side) // 2), length - side))
        stops.append(starts[-1] + side)
    return (starts[0], starts[1], stops[0], stops[1])
