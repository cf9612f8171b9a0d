"""Tools: clicks, boxes or scribbles for the next press of the mouse; no Qt."""

from collections.abc import Callable

from napari.components import ViewerModel
from napari.layers import Points, Shapes

from napari_sam.plugin.desk import Desk
from napari_sam.plugin.layers.conventions import BACKGROUND, FOREGROUND
from napari_sam.plugin.workspace import Workspace

BOX, SCRIBBLE = "box", "scribble"

DRAW = {BOX: "add_rectangle", SCRIBBLE: "add_path"}
"""napari's mode of the Shapes layer for each tool that draws."""


class Tools:
    """The chosen tool, for prompts on the object or on the background.

    Parameters
    ----------
    desk : Desk
        Has the workspace.
    viewer : napari.Viewer
        Has the layers.
    show : callable
        Shows a tool, and whether it marks the background.
    take_up : callable
        Puts a layer into one of napari's modes, where the view allows it.
    """

    def __init__(
        self,
        desk: Desk,
        viewer: ViewerModel,
        show: Callable[[str, bool], None],
        take_up: Callable[[Points | Shapes, str], None],
    ) -> None:
        self._desk, self._viewer, self._show, self._take_up = desk, viewer, show, take_up
        self._chosen = FOREGROUND

    @property
    def chosen(self) -> str:
        """The chosen tool: foreground, background, box or scribble."""
        return self._chosen

    def use(self, work: Workspace) -> None:
        """Begin with object clicks on a newly used image."""
        self.choose(FOREGROUND)

    def choose(self, tool: str) -> None:
        """Choose clicks, boxes or scribbles for the next press of the mouse."""
        if self._desk.workspace is not None:
            label = BACKGROUND if tool == BACKGROUND else FOREGROUND
            self._use(self._desk.workspace, tool, label)

    def swap_polarity(self) -> None:
        """From object to background and back; from boxes to object clicks."""
        work = self._desk.workspace
        if work is None:
            return
        if self._chosen == SCRIBBLE:
            other = FOREGROUND if work.prompts.scribble_polarity == BACKGROUND else BACKGROUND
            self._use(work, SCRIBBLE, other)
        else:
            self.choose(BACKGROUND if self._chosen == FOREGROUND else FOREGROUND)

    def swap(self) -> None:
        """From clicks to boxes, to scribbles and back to clicks."""
        work = self._desk.workspace
        if work is not None:
            following = {BOX: SCRIBBLE, SCRIBBLE: work.prompts.polarity}
            self.choose(following.get(self._chosen, BOX))

    def object_next(self) -> None:
        """Go back from the background to the object: a new object has no background clicks yet."""
        work = self._desk.workspace
        if self._chosen == BACKGROUND or (
            work is not None
            and self._chosen == SCRIBBLE
            and work.prompts.scribble_polarity == BACKGROUND
        ):
            self.choose(SCRIBBLE if self._chosen == SCRIBBLE else FOREGROUND)

    def _use(self, work: Workspace, tool: str, label: str) -> None:
        self._chosen = tool
        prompts = work.prompts
        prompts.ensure()
        if tool == BOX:
            prompts.set_box()
        elif tool == SCRIBBLE:
            prompts.set_scribble(label)
        else:
            prompts.set_polarity(label)
        layer = prompts.shapes if tool in DRAW else prompts.points
        if layer is None:
            return
        self._viewer.layers.selection.active = layer
        self._take_up(layer, DRAW.get(tool, "add"))
        self._show(tool, label == BACKGROUND)
