"""Tools: what the next press of the mouse says: clicks, boxes or scribbles; no Qt."""

from collections.abc import Callable
from typing import Any

from napari_sam.plugin.desk import Desk
from napari_sam.plugin.layers.conventions import BACKGROUND, FOREGROUND
from napari_sam.plugin.workspace import Workspace

BOX, SCRIBBLE = "box", "scribble"

DRAW = {BOX: "add_rectangle", SCRIBBLE: "add_path"}
"""napari's mode of the Shapes layer for each tool that draws."""


class Tools:
    """The chosen tool, and what it says.

    Parameters
    ----------
    desk : Desk
        The controller.
    viewer : napari.Viewer
        Where the layers are.
    show : callable
        Shows a tool, and whether it speaks of the background.
    take_up : callable
        Puts a layer into one of napari's modes, where the view allows it.
    """

    def __init__(
        self,
        desk: Desk,
        viewer: Any,
        show: Callable[[str, bool], None],
        take_up: Callable[[Any, str], None],
    ) -> None:
        self._desk, self._viewer, self._show, self._take_up = desk, viewer, show, take_up
        self._chosen = FOREGROUND

    def choose(self, tool: str) -> None:
        """Let the next press of the mouse be an object or background click, a box or a scribble."""
        if self._desk.workspace is not None:
            label = BACKGROUND if tool == BACKGROUND else FOREGROUND
            self._use(self._desk.workspace, tool, label)

    def swap_polarity(self) -> None:
        """From object to background and back; from boxes to object clicks."""
        work = self._desk.workspace
        if work is None:
            return
        if self._chosen == SCRIBBLE:
            other = FOREGROUND if work.scribble_polarity == BACKGROUND else BACKGROUND
            self._use(work, SCRIBBLE, other)
        else:
            self.choose(BACKGROUND if self._chosen == FOREGROUND else FOREGROUND)

    def swap(self) -> None:
        """From clicks to boxes, to scribbles and back to clicks."""
        work = self._desk.workspace
        if work is not None:
            after = {BOX: SCRIBBLE, SCRIBBLE: work.polarity}
            self.choose(after.get(self._chosen, BOX))

    def object_next(self) -> None:
        """Begin with the object: a new one has no background yet."""
        work = self._desk.workspace
        if self._chosen == BACKGROUND or (
            work is not None and self._chosen == SCRIBBLE and work.scribble_polarity == BACKGROUND
        ):
            self.choose(SCRIBBLE if self._chosen == SCRIBBLE else FOREGROUND)

    def _use(self, work: Workspace, tool: str, label: str) -> None:
        self._chosen = tool
        work.ensure_prompt_layers()
        if tool == BOX:
            work.set_box()
        elif tool == SCRIBBLE:
            work.set_scribble(label)
        else:
            work.set_polarity(label)
        layer = work.shapes if tool in DRAW else work.points
        self._viewer.layers.selection.active = layer
        self._take_up(layer, DRAW.get(tool, "add"))
        self._show(tool, label == BACKGROUND)
