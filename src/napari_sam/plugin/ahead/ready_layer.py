"""ReadyLayer: shows where clicks are answered at once; no Qt."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from napari.layers import Shapes
from numpy.typing import NDArray

from napari_sam.plugin.layers.conventions import IMAGE_KEY
from napari_sam.plugin.layers.placement import placement

NAME = "SAM ready"
_COLOUR = "#9ecae1"
_MOVED = ("scale", "translate", "rotate", "shear", "affine")


class ReadyLayer:
    """A faint outline above an image; whoever hides or removes its layer is not asked again.

    It is shown, for it says what a wait of some seconds depends on, and takes a line at the border
    of what is ready. It holds that of the plane on the screen and of no other.

    Parameters
    ----------
    viewer : napari.Viewer
        Where the image is.
    image : napari.layers.Image
        The image.
    width : float
        Of the lines, data pixels.
    """

    def __init__(self, viewer: Any, image: Any, width: float) -> None:
        self._viewer, self._image, self._width = viewer, image, width
        self._layer: Any = None
        self._drawn: tuple[Any, ...] = ()
        for name in _MOVED:
            getattr(image.events, name).connect(self._follow_image)

    def make(self) -> None:
        """Put the layer above the image, once; the selection is as before."""
        layers = self._viewer.layers
        if self._layer is not None or self._image not in layers:
            return
        active, selected = layers.selection.active, set(layers.selection)
        self._layer = Shapes(
            ndim=self._image.ndim,
            name=NAME,
            opacity=0.5,
            metadata={IMAGE_KEY: str(self._image.unique_id)},
            **placement(self._image),
        )
        self._layer.editable = False
        layers.insert(layers.index(self._image) + 1, self._layer)
        layers.selection.clear()
        layers.selection.update(selected)
        layers.selection.active = active

    def show(self, leading: Sequence[int], lines: NDArray[np.float64]) -> None:
        """Draw lines on the plane that is shown.

        Parameters
        ----------
        leading : sequence of int
            Index of the image's axes before y and x.
        lines : ndarray
            ``(N, 2, 2)`` float64, data coordinates yx of their ends.
        """
        drawn = (tuple(leading), lines.tobytes())
        if drawn == self._drawn or not self._there:
            return
        before = np.broadcast_to(np.asarray(leading, float), (len(lines), 2, len(leading)))
        ends = np.concatenate([before, lines], axis=-1)
        self._layer.data = []
        if len(ends):
            self._layer.add_lines(list(ends), edge_color=_COLOUR, edge_width=self._width)
            self._layer.selected_data = set()
        self._drawn = drawn

    def let_go(self) -> None:
        """Follow the image no more."""
        for name in _MOVED:
            getattr(self._image.events, name).disconnect(self._follow_image)

    def remove(self) -> None:
        """Take the layer away."""
        if self._there:
            self._viewer.layers.remove(self._layer)

    @property
    def _there(self) -> bool:
        return self._layer is not None and self._layer in self._viewer.layers

    def _follow_image(self, event: Any = None) -> None:
        if self._there:
            for name, value in placement(self._image).items():
                setattr(self._layer, name, value)
