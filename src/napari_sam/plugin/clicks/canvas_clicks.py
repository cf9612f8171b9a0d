"""CanvasClicks: clicks on the canvas while the selected layer needs none; no Qt."""

import math
from collections.abc import Callable, Iterator

from napari.components import ViewerModel
from napari.utils.events import Event

from napari_sam.plugin.desk import Desk
from napari_sam.plugin.layers.conventions import BACKGROUND
from napari_sam.plugin.status.dock_state import Receiver

from .gestures import MODIFIER
from .receiver import receiver_of

LEFT = 1
"""vispy's number of the left button."""

STILL = 5
"""Pixels of the screen that the mouse must move to drag, as in napari's own tools."""


class CanvasClicks:
    """Adds a click to the Points layer although another layer is selected, and pans with drags.

    napari gives each press to the callbacks of the viewer first, then to the selected layer. A
    layer in mode ``pan_zoom`` has no use for a press without a drag.

    Parameters
    ----------
    desk : Desk
        Has the workspace.
    viewer : napari.Viewer
        Its mouse is watched.
    allowed : callable
        Whether clicks count now.
    picking : callable
        Whether the next click picks up a label.
    """

    def __init__(
        self,
        desk: Desk,
        viewer: ViewerModel,
        allowed: Callable[[], bool],
        picking: Callable[[], bool],
    ) -> None:
        self._desk, self._viewer = desk, viewer
        self._allowed, self._picking = allowed, picking
        viewer.mouse_drag_callbacks.append(self._press)

    def close(self) -> None:
        """Watch the mouse no longer."""
        if self._press in self._viewer.mouse_drag_callbacks:
            self._viewer.mouse_drag_callbacks.remove(self._press)

    def _press(self, viewer: ViewerModel, event: Event) -> Iterator[None]:
        receiver = receiver_of(viewer, self._desk.workspace)
        if receiver is Receiver.OTHER:
            self._desk.begin_action()
        if receiver is not Receiver.CANVAS or not self._is_click(event):
            return
        start, background = tuple(event.pos), MODIFIER in event.modifiers
        yield
        while event.type == "mouse_move":
            if math.dist(start, event.pos) < STILL:
                event.handled = True  # the camera stays
            yield
        if math.dist(start, event.pos) < STILL:
            self._add(event.position, background)

    def _is_click(self, event: Event) -> bool:
        modifiers = set(event.modifiers) - {MODIFIER}
        return event.button == LEFT and not (modifiers or self._picking())

    def _add(self, world: tuple[float, ...], background: bool) -> None:
        work = self._desk.workspace
        if work is None or not self._allowed():
            return
        if reason := self._desk.why_unseen(world):
            self._desk.begin_action()
            self._desk.say(reason)
            return
        prompts = work.prompts
        prompts.ensure()
        points, before = prompts.points, prompts.polarity
        if points is None:
            return
        if background:
            prompts.set_polarity(BACKGROUND)
        points.add(points.world_to_data(world))
        prompts.set_polarity(before)  # no click stays selected either
