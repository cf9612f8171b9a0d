"""Picking: clicks on the image choose objects instead of making prompts; no Qt."""

from collections.abc import Callable, Iterator

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
    pick : callable
        Gets the label under each click; 0 beside all labels.
    show_state : callable
        Shows whether clicks pick.
    """

    def __init__(
        self,
        viewer: ViewerModel,
        pick: Callable[[int], None],
        show_state: Callable[[bool], None],
    ) -> None:
        self._viewer, self._pick, self._show_state = viewer, pick, show_state
        self._layer: Labels | None = None
        self._before: Layer | None = None

    def start(self, layer: Labels) -> None:
        """Let clicks on the image select labels of a layer."""
        self.stop()
        selection = self._viewer.layers.selection
        self._layer, self._before = layer, selection.active
        selection.active = layer
        layer.mode = _PICK
        self._viewer.mouse_drag_callbacks.append(self._press)
        layer.events.mode.connect(self._ended)
        selection.events.active.connect(self._ended)
        self._show_state(True)

    def stop(self) -> None:
        """Give the mouse back to the layer that was selected before."""
        layer, before = self._layer, self._before
        if self._let_go() and layer is not None:
            layer.mode = "pan_zoom"
            if before is not None and before in self._viewer.layers:
                self._viewer.layers.selection.active = before

    def _press(self, viewer: ViewerModel, event: Event) -> Iterator[None]:
        layer, position, direction = self._layer, event.position, event.view_direction
        displayed = list(event.dims_displayed)
        yield
        if layer is None or event.type == "mouse_move":  # a drag moves the view
            return
        label = layer.get_value(
            position, view_direction=direction, dims_displayed=displayed, world=True
        )
        self._pick(int(label or 0))

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
        self._viewer.mouse_drag_callbacks.remove(self._press)
        self._layer.events.mode.disconnect(self._ended)
        self._viewer.layers.selection.events.active.disconnect(self._ended)
        self._layer = self._before = None
        self._show_state(False)
        return True
