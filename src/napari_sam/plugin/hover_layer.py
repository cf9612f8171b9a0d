"""HoverLayer: shows what a click would change, over the objects; no Qt."""

from typing import Any

import numpy as np

from napari_sam.masks.mask import Mask
from napari_sam.tiles.bbox import union

from .layers import ImageSource, make_hover
from .preview import show_masks


class HoverLayer:
    """A layer that is there from the first time on that there is something to show.

    Parameters
    ----------
    viewer : napari.Viewer
        Where it is.
    image : napari.layers.Image
        Over which.
    """

    def __init__(self, viewer: Any, image: Any) -> None:
        self._viewer, self._image = viewer, image
        self._layer: Any = None
        self._shown = False

    def show(self, source: ImageSource, now: Mask | None, then: Mask) -> None:
        """Show what a click would change.

        Parameters
        ----------
        source : ImageSource
            The image.
        now, then : Mask
            The object on one plane without the click and with it; nothing now if it would begin.
        """
        region = union(mask.bbox for mask in (now, then) if mask is not None and not mask.empty)
        before = np.zeros_like(then.within(region)) if now is None else now.within(region)
        after = then.within(region)
        added, removed = (
            Mask(then.plane, region, pixels, then.iou, then.object_score)
            for pixels in (after & ~before, before & ~after)
        )
        show_masks(self._ready(), self._image, source, {1: [added], 2: [removed]})
        self._shown = True

    def clear(self) -> None:
        """Show nothing."""
        if self._shown and self._layer in self._viewer.layers:
            self._layer.data = np.zeros((1,) * self._image.ndim, np.uint8)
        self._shown = False

    def remove(self) -> None:
        """Take the layer away."""
        if self._layer is not None and self._layer in self._viewer.layers:
            self._viewer.layers.remove(self._layer)
        self._layer = None

    def _ready(self) -> Any:
        there = self._layer is not None and self._layer in self._viewer.layers
        if not there or self._layer.ndim != self._image.ndim:
            self.remove()
            selection = self._viewer.layers.selection
            active = selection.active
            self._layer = self._viewer.add_layer(make_hover(self._image))
            selection.active = active
        return self._layer
