"""Picking: clicks on the image choose objects instead of making prompts; no Qt."""

from collections.abc import Callable

from napari.components import ViewerModel
from napari.layers import Labels, Layer
from napari.utils.events import Event

_PICK = "pick"
"""napari's mode of a Labels layer in which a click selects the label."""


class Picking:
    """Switches a Labels layer to napari's picker, and back.

    Parameters
    ----------
    viewer : napari.Viewer
        Has the selected layer.
    shown : callable
        Shows whether clicks pick.
    """

    def __init__(self, viewer: ViewerModel, shown: Callable[[bool], None]) -> None:
        self._viewer, self._shown = viewer, shown
        self._layer: Labels | None = None
        self._before: Layer | None = None

    def start(self, layer: Labels) -> None:
        """Let clicks on the image select labels of a layer."""
        self.stop()
        selection = self._viewer.layers.selection
        self._layer, self._before = layer, selection.active
        selection.active = layer
        layer.mode = _PICK
        layer.events.mode.connect(self._ended)
        selection.events.active.connect(self._ended)
        self._shown(True)

    def stop(self) -> None:
        """Give the mouse back to the layer that was selected before."""
        layer, before = self._layer, self._before
        if self._let_go() and layer is not None:
            layer.mode = "pan_zoom"
            if before is not None and before in self._viewer.layers:
                self._viewer.layers.selection.active = before

    def _ended(self, event: Event) -> None:
        """Notice that the user has chosen another tool or layer."""
        layer = self._layer
        if layer is None or layer.mode != _PICK or self._viewer.layers.selection.active != layer:
            self._let_go()
            if layer is not None and layer.mode == _PICK:
                layer.mode = "pan_zoom"

    def _let_go(self) -> bool:
        if self._layer is None:
            return False
        self._layer.events.mode.disconnect(self._ended)
        self._viewer.layers.selection.events.active.disconnect(self._ended)
        self._layer = self._before = None
        self._shown(False)
        return True
