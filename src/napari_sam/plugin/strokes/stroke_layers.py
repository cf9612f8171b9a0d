"""StrokeLayers: a stroke and the labels that come of it, in layers of their own; no Qt."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from napari.components import ViewerModel
from napari.layers import Image, Labels, Layer, Shapes
from numpy.typing import NDArray

from napari_sam.labels.strokes.stroke_change import StrokeChange
from napari_sam.masks.mask import Mask
from napari_sam.plugin.image.image_source import ImageSource
from napari_sam.plugin.layers.colours import colours_in_turn
from napari_sam.plugin.layers.conventions import BACKGROUND, COLOURS, PREVIEW_COLOURS
from napari_sam.plugin.layers.only_shown import only_shown
from napari_sam.plugin.layers.placement import placement, translate_of
from napari_sam.plugin.layers.preview_layer import preview_data

_WIDTH = 2.5
"""Width of the line, screen pixels."""


class StrokeLayers:
    """A line in a Shapes layer, and the labels after the change in a Labels layer below.

    Both are made with the first stroke, and stay while the tool is on: napari takes a quarter of a
    second to make the first layer of a kind.

    Parameters
    ----------
    viewer : napari.Viewer
        Gets the layers.
    """

    def __init__(self, viewer: ViewerModel) -> None:
        self._viewer = viewer
        self._line: Shapes | None = None
        self._parts: Labels | None = None

    def show_line(
        self, image: Image, points: Sequence[NDArray[np.float64]], takes_away: bool
    ) -> None:
        """Show a line through points of an image.

        Parameters
        ----------
        image : napari.layers.Image
            The image.
        points : sequence of ndarray
            Two or more, ``(ndim,)`` data coordinates each.
        takes_away : bool
            Whether the line has the colour of the background.
        """
        if self._line is None or self._line not in self._viewer.layers:
            self._line = self._added(make_line(image))
        colour = COLOURS[BACKGROUND] if takes_away else PREVIEW_COLOURS[0]
        width = _WIDTH / (self._viewer.scene.camera.zoom * float(abs(image.scale[-1])))
        self._line.data = []
        self._line.add_paths([np.asarray(points)], edge_color=colour, edge_width=width)
        self._line.editable = False

    def show_change(self, image: Image, source: ImageSource, change: StrokeChange) -> None:
        """Show the labels after a change in different colours, below the line."""
        data, start = preview_data(source, _in_turn(change))
        layers = self._viewer.layers
        if self._parts is None or self._parts not in layers:
            self._parts = self._added(make_parts(image, data))
            if self._line is not None and self._line in layers:
                layers.move(layers.index(self._parts), layers.index(self._line))
        else:
            self._parts.data = data
        self._parts.translate = translate_of(image, start)
        self._parts.visible = True

    def hide_change(self) -> None:
        """Show the line alone."""
        if self._parts is not None:
            self._parts.visible = False

    def clear(self) -> None:
        """Show nothing."""
        self.hide_change()
        if self._line is not None and len(self._line.data):
            self._line.data = []

    def remove(self) -> None:
        """Remove both layers."""
        for layer in (self._line, self._parts):
            if layer is not None and layer in self._viewer.layers:
                self._remove(layer)
        self._line = self._parts = None

    def _added(self, layer: Any) -> Any:
        selection = self._viewer.layers.selection
        active = selection.active
        added = self._viewer.add_layer(layer)
        selection.active = active
        return added

    def _remove(self, layer: Layer) -> None:
        selection = self._viewer.layers.selection
        active = selection.active
        self._viewer.layers.remove(layer)
        if active is not None and active in self._viewer.layers:
            selection.active = active


def make_line(image: Image) -> Shapes:
    """An empty layer for a line over an image."""
    layer = Shapes(ndim=image.ndim, name="SAM stroke", face_color="transparent", **placement(image))
    return only_shown(layer)


def make_parts(image: Image, data: Any) -> Labels:
    """A layer with labels in the colours of the preview."""
    layer = Labels(
        data,
        name="SAM stroke parts",
        opacity=0.75,
        colormap=colours_in_turn(PREVIEW_COLOURS[1:]),
        **placement(image),
    )
    return only_shown(layer)


def _in_turn(change: StrokeChange) -> Mapping[int, Sequence[Mask]]:
    """Masks of a change by the number of their colour."""
    return dict(enumerate(change.masks.values(), start=1))
