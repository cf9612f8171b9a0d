"""ReadyLayer: a napari layer with the outline of the ready tiles; no Qt."""

from collections.abc import Sequence

import numpy as np
from napari.components import ViewerModel
from napari.layers import Image, Shapes
from napari.utils.events import Event
from numpy.typing import NDArray

from napari_sam.plugin.layers.conventions import IMAGE_KEY
from napari_sam.plugin.layers.only_shown import only_shown
from napari_sam.plugin.layers.placement import placement

NAME = "SAM prepared area"
_COLOUR = "#9ecae1"
_TRANSFORMS = ("scale", "translate", "rotate", "shear", "affine")
"""Events of the image after which the outline gets the transform of the image."""


class ReadyLayer:
    """A faint outline above an image; after the user removes the layer, no other is made.

    Outside the outline a click waits some seconds for its tile. The layer has lines only for the
    plane on the screen.

    Parameters
    ----------
    viewer : napari.Viewer
        Gets the layer.
    image : napari.layers.Image
        The image whose tiles are ready.
    width : float
        Width of the lines, data pixels.
    """

    def __init__(self, viewer: ViewerModel, image: Image, width: float) -> None:
        self._viewer, self._image, self._width = viewer, image, width
        self._layer: Shapes | None = None
        self._drawn: tuple[tuple[int, ...], bytes] | None = None
        for name in _TRANSFORMS:
            getattr(image.events, name).connect(self._follow_image)

    def make(self) -> None:
        """Insert the layer above the image, once, and keep the selection of layers."""
        layers = self._viewer.layers
        if self._layer is not None or self._image not in layers:
            return
        active, selected = layers.selection.active, set(layers.selection)
        layer = Shapes(
            ndim=self._image.ndim,
            name=NAME,
            opacity=0.5,
            metadata={IMAGE_KEY: str(self._image.unique_id)},
            **placement(self._image),
        )
        self._layer = only_shown(layer)
        layers.insert(layers.index(self._image) + 1, self._layer)
        layers.selection.clear()
        layers.selection.update(selected)
        layers.selection.active = active

    def show(self, leading: Sequence[int], lines: NDArray[np.float64]) -> None:
        """Draw lines on the plane on the screen.

        Parameters
        ----------
        leading : sequence of int
            Index of the plane along the image's axes before y and x.
        lines : ndarray
            ``(N, 2, 2)`` float64, data coordinates yx of both ends of N lines.
        """
        drawn = (tuple(leading), lines.tobytes())
        layer = self._inserted
        if drawn == self._drawn or layer is None:
            return
        before = np.broadcast_to(np.asarray(leading, float), (len(lines), 2, len(leading)))
        ends = np.concatenate([before, lines], axis=-1)
        layer.data = []
        if len(ends):
            layer.add_lines(list(ends), edge_color=_COLOUR, edge_width=self._width)
            layer.selected_data = set()
        self._drawn = drawn

    def let_go(self) -> None:
        """Stop following the transform of the image."""
        for name in _TRANSFORMS:
            getattr(self._image.events, name).disconnect(self._follow_image)

    def remove(self) -> None:
        """Remove the layer from the viewer."""
        if (layer := self._inserted) is not None:
            self._viewer.layers.remove(layer)

    @property
    def _inserted(self) -> Shapes | None:
        """The layer while in the viewer; None before and after."""
        return self._layer if self._layer in self._viewer.layers else None

    def _follow_image(self, event: Event | None = None) -> None:
        if (layer := self._inserted) is not None:
            for name, value in placement(self._image).items():
                setattr(layer, name, value)
