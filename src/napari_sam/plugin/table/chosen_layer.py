"""ChosenLayer: outlines of the chosen objects on the image; no Qt."""

from dataclasses import dataclass

import numpy as np
from napari.components import ViewerModel
from napari.layers import Labels
from napari.utils.events import Event
from numpy.typing import DTypeLike, NDArray
from scipy import ndimage

from napari_sam.labels.label_array import LabelArray
from napari_sam.plugin.layers.colours import colours_in_turn
from napari_sam.plugin.layers.only_shown import only_shown
from napari_sam.plugin.layers.placement import move, placement
from napari_sam.plugin.view.contour_width import contour_width
from napari_sam.plugin.workspace import Workspace

_NAME = "SAM chosen"

_COLOUR = "#ffffff"
"""Colour of the outlines: different from those of objects under way and under review."""

_WIDTH = 3.0
"""Width of an outline, pixels of the screen; one data pixel, where that is wider."""


@dataclass(slots=True, eq=False)
class ChosenPixels:
    """Outlines of the chosen labels: 1 on an outline, 0 elsewhere, computed on reading.

    napari's own contours draw each label that is not 0 as a number of one array, which would have
    to be copied, and warn in 3D. An array of more than two axes has the objects filled.

    Parameters
    ----------
    labels : array-like
        Data of the Labels layer; later changes show at the next reading.
    chosen : ndarray
        ``(n,)`` integers, the labels.
    width : int
        Of an outline, in pixels.
    """

    labels: LabelArray
    chosen: NDArray[np.int64]
    width: int

    @property
    def dtype(self) -> np.dtype[np.uint8]:
        """Type of the values."""
        return np.dtype(np.uint8)

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the labels."""
        return tuple(self.labels.shape)

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """Number of values."""
        return int(np.prod(self.shape))

    def __getitem__(self, index: object) -> NDArray[np.uint8]:
        """Part of the array, with the rules of the labels for an index."""
        labels = np.asarray(self.labels[index])
        chosen = np.isin(labels, self.chosen.astype(labels.dtype)).astype(np.uint8)
        return _outlines(labels, chosen, self.width) if labels.ndim == 2 else chosen

    def __array__(
        self, dtype: DTypeLike | None = None, copy: bool | None = None
    ) -> NDArray[np.uint8]:
        """The whole array, in memory."""
        return self[...].astype(dtype or np.uint8, copy=False)


def _outlines(
    labels: NDArray[np.integer], chosen: NDArray[np.uint8], width: int
) -> NDArray[np.uint8]:
    """Pixels of chosen objects up to `width` from another object or background, ``(y, x)``."""
    for box in ndimage.find_objects(chosen):  # one box around all of them
        objects = np.where(chosen[box], labels[box], 0)
        size = 2 * width + 1
        low = ndimage.minimum_filter(objects, size, mode="constant")
        high = ndimage.maximum_filter(objects, size, mode="constant")
        chosen[box] &= low != high
    return chosen


class ChosenLayer:
    """Labels layer that outlines the chosen objects, made when an object is chosen.

    Parameters
    ----------
    viewer : napari.Viewer
        Gets the layer.
    work : Workspace
        The image with its labels.
    labels : napari.layers.Labels
        The measured layer.
    """

    def __init__(self, viewer: ViewerModel, work: Workspace, labels: Labels) -> None:
        self._viewer, self._work, self._labels = viewer, work, labels
        self._layer: Labels | None = None
        viewer.scene.camera.events.zoom.connect(self._zoomed)

    def show(self, chosen: NDArray[np.int64]) -> None:
        """Outline labels, ``(n,)``, instead of the labels before."""
        pixels = ChosenPixels(self._labels.data, chosen, self._width)
        layer = self._layer
        if layer is None or layer not in self._viewer.layers:
            if len(chosen):
                self._add(self._make(pixels))
            return
        move(layer, placement(self._work.image))
        layer.data = pixels

    def refresh(self) -> None:
        """Read the labels again, after they have changed."""
        if self._layer is not None and self._layer in self._viewer.layers:
            self._layer.refresh(thumbnail=False, highlight=False, extent=False)

    def remove(self) -> None:
        """Take the layer away, for good."""
        self._viewer.scene.camera.events.zoom.disconnect(self._zoomed)
        if self._layer is not None and self._layer in self._viewer.layers:
            self._viewer.layers.remove(self._layer)
        self._layer = None

    def _zoomed(self, event: Event) -> None:
        pixels = None if self._layer is None else self._layer.data
        if isinstance(pixels, ChosenPixels) and pixels.width != self._width:
            pixels.width = self._width
            self.refresh()

    @property
    def _width(self) -> int:
        """Data pixels of an outline."""
        return contour_width(self._viewer, self._work.image, _WIDTH)

    def _make(self, pixels: ChosenPixels) -> Labels:
        colormap, place = colours_in_turn([_COLOUR]), placement(self._work.image)
        return only_shown(Labels(pixels, name=_NAME, opacity=1.0, colormap=colormap, **place))

    def _add(self, layer: Labels) -> None:
        selection = self._viewer.layers.selection
        active = selection.active
        self._layer = self._viewer.add_layer(layer)
        selection.active = active
