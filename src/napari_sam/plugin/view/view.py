"""View: puts tools away in 3D and turned views, for clicks there are ambiguous; no Qt."""

from collections import defaultdict
from collections.abc import Callable

from napari.components import Dims, ViewerModel
from napari.layers import Points, Shapes
from napari.utils.events import Event, EventEmitter

IN_3D = "3D is for looking, and for accepting what is shown. To click, go back to 2D [Ctrl-Y]."
TURNED = "Objects are clicked in slices of y and x: roll the axes [Ctrl-E] until those are shown."
GRID = "Grid: each layer has a cell of its own, and a click counts in any of them."


def obstacle(dims: Dims) -> str:
    """Reason for ambiguous clicks, as a line for the user; empty for planes of y and x."""
    if dims.ndisplay == 3:
        return IN_3D
    if set(dims.displayed) != {dims.ndim - 2, dims.ndim - 1}:
        return TURNED
    return ""


class View:
    """Switches to pan and zoom in 3D and turned views, and back to the tool after.

    Prompts, preview and labels stay as they are meanwhile.

    Parameters
    ----------
    viewer : napari.Viewer
        Has the axes.
    say : callable
        Tells the user something.
    """

    def __init__(self, viewer: ViewerModel, say: Callable[[str], None]) -> None:
        self._viewer, self._say = viewer, say
        self._tool: tuple[Points | Shapes, str] | None = None
        self._refused: dict[Points | Shapes, list[int]] = defaultdict(list)
        self._obstacle, self._unseen = obstacle(viewer.dims), ""
        for emitter in self._emitters():
            # Last: before that, napari forbids and allows modes of its own.
            emitter.connect(self._changed, position="last")
        viewer.canvas.grid.events.enabled.connect(self._explain_grid)

    def take_up(self, layer: Points | Shapes, mode: str) -> None:
        """Set a layer's mode, now or after the return to planes of y and x."""
        self._tool = (layer, mode)
        layer.mode = "pan_zoom" if self._obstacle else mode

    def note_added(
        self, layer: Points | Shapes, indices: tuple[int, ...], unseen: str = ""
    ) -> None:
        """Note clicks from 3D and turned views, and on an image that is not seen, for removal.

        Parameters
        ----------
        layer : napari.layers.Points or Shapes
            Has the clicks.
        indices : tuple of int
            Of the new clicks.
        unseen : str
            Why the user does not see the image there; empty for a click on a visible image.
        """
        if (self._obstacle or unseen) and layer.mode != "pan_zoom":
            self._unseen = unseen
            count = len(layer.data)
            self._refused[layer] += [index % count for index in indices]

    @property
    def clicked_blindly(self) -> bool:
        """Whether clicks on what is not seen wait for removal."""
        return bool(self._refused)

    def take_back(self) -> bool:
        """Remove the clicks on what is not seen; whether any were removed."""
        refused, self._refused = self._refused, defaultdict(list)
        for layer, indices in refused.items():
            layer.selected_data = {index for index in indices if index < len(layer.data)}
            layer.remove_selected()
        if refused:
            self._say(self._obstacle or self._unseen)
        return bool(refused)

    def close(self) -> None:
        """Listen no longer."""
        for emitter in self._emitters():
            emitter.disconnect(self._changed)
        self._viewer.canvas.grid.events.enabled.disconnect(self._explain_grid)

    def _emitters(self) -> list[EventEmitter]:
        events = self._viewer.dims.events
        return [events.ndisplay, events.order, events.ndim]

    def _changed(self, event: Event | None = None) -> None:
        before, self._obstacle = self._obstacle, obstacle(self._viewer.dims)
        if before == self._obstacle:
            return
        if self._tool is not None and self._tool[0] in self._viewer.layers:
            layer, mode = self._tool
            layer.mode = "pan_zoom" if self._obstacle else mode

    def _explain_grid(self, event: Event) -> None:
        if event.value:
            self._say(GRID)
