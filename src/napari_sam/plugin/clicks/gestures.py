"""Gestures: presses of the mouse on the prompt layers beyond napari's own modes; no Qt."""

from collections.abc import Callable, Iterator

from napari.layers import Layer, Points, Shapes
from napari.utils.events import Event

from napari_sam.plugin.desk import Desk
from napari_sam.plugin.layers.conventions import BACKGROUND

from .tools import DRAW, SCRIBBLE

MODIFIER = "Shift"
"""Key to hold for a background click: Alt zooms in napari, Control is a right click on macOS."""


class Gestures:
    """Background clicks with Shift held, and scribbles ended by the release of the button.

    Parameters
    ----------
    desk : Desk
        Has the workspace.
    drawing : callable
        Whether a shape is being drawn.
    """

    def __init__(self, desk: Desk, drawing: Callable[[], bool]) -> None:
        self._desk, self._drawing = desk, drawing

    def bind(self, layer: Layer) -> None:
        """Watch the mouse on a prompt layer."""
        layer.mouse_drag_callbacks.append(self._of(layer))
        layer.events.mode.connect(self._stay_last)

    def release(self, layer: Layer) -> None:
        """Watch the mouse on a layer no longer."""
        layer.events.mode.disconnect(self._stay_last)
        layer.mouse_drag_callbacks.remove(self._of(layer))

    def _of(self, layer: Layer) -> Callable[..., Iterator[None]]:
        return self._click if isinstance(layer, Points) else self._scribble

    def _stay_last(self, event: Event) -> None:
        # napari puts the callback of a new mode at the end; ours must run when it is through.
        callbacks, gesture = event.source.mouse_drag_callbacks, self._of(event.source)
        callbacks.remove(gesture)
        callbacks.append(gesture)

    def _click(self, layer: Points, event: Event) -> Iterator[None]:
        work = self._desk.workspace
        if work is None or layer.mode != "add" or MODIFIER not in event.modifiers:
            return
        before = work.prompts.polarity
        work.prompts.set_polarity(BACKGROUND)
        yield
        while event.type == "mouse_move":
            yield
        if work.prompts.points == layer:
            work.prompts.set_polarity(before)

    def _scribble(self, layer: Shapes, event: Event) -> Iterator[None]:
        if layer.mode != DRAW[SCRIBBLE]:
            return
        yield
        while event.type == "mouse_move":
            yield
        # napari goes on drawing after a stroke that is hardly longer than a click
        if self._drawing():
            finish_shape(layer)


def finish_shape(layer: Shapes) -> None:
    """End the shape under the mouse; the shape becomes a prompt like all others."""
    mode = layer.mode
    layer.mode = "pan_zoom"  # leaving the mode finishes it
    layer.mode = mode
