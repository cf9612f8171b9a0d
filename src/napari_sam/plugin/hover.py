"""Hover: rest the mouse, and see what a click would give."""

from typing import Any

from qtpy.QtCore import QTimer

from .cleaned import clicks_of
from .desk import Desk
from .dock import SamDock
from .engine import Asked
from .events import Glimpse
from .gestures import MODIFIER
from .jobs import Job
from .layers import BACKGROUND
from .prompt_layers import PlanePrompts, click_at
from .settings import read_hover, remember_hover
from .view import obstacle
from .workspace import Workspace

REST = 150
"""Milliseconds without a move that mean that the mouse rests."""


class Hover:
    """Asks what a click would give, where that is known at once; a click comes before it.

    Parameters
    ----------
    desk : Desk
        The controller.
    viewer : napari.Viewer
        Whose mouse is watched.
    dock : SamDock
        Has the switch.
    """

    def __init__(self, desk: Desk, viewer: Any, dock: SamDock) -> None:
        self._desk, self._viewer = desk, viewer
        self._wanted = read_hover()
        self._place: tuple[tuple[float, ...], bool] = ((), False)
        self._job: Job | None = None
        self._timer = QTimer(dock)
        self._timer.setSingleShot(True)
        self._timer.setInterval(REST)
        self._timer.timeout.connect(self._rest)
        dock.clicks.hover.setChecked(self._wanted)
        dock.clicks.hover_changed.connect(self._switch)
        viewer.mouse_move_callbacks.append(self._moved)
        viewer.mouse_drag_callbacks.append(self._pressed)
        viewer.dims.events.point.connect(self._away)
        viewer.events.mouse_over_canvas.connect(self._away)

    def close(self) -> None:
        """Watch the mouse no more."""
        if self._moved not in self._viewer.mouse_move_callbacks:
            return
        self._viewer.mouse_move_callbacks.remove(self._moved)
        self._viewer.mouse_drag_callbacks.remove(self._pressed)
        self._viewer.dims.events.point.disconnect(self._away)
        self._viewer.events.mouse_over_canvas.disconnect(self._away)

    def _switch(self, wanted: bool) -> None:
        self._wanted = wanted
        remember_hover(wanted)
        self._away()
        if wanted and self._place[0]:
            self._timer.start()

    def _moved(self, viewer: Any, event: Any) -> None:
        self._away()
        self._place = tuple(event.position), MODIFIER in event.modifiers
        if self._wanted:
            self._timer.start()

    def _pressed(self, viewer: Any, event: Any) -> None:
        self._away()

    def _away(self, event: Any = None) -> None:
        self._timer.stop()
        if self._job is not None:
            self._desk.runner.drop(self._job)
            self._job = None
        if self._desk.workspace is not None:
            self._desk.workspace.hover.clear()

    def _rest(self) -> None:
        work = self._desk.workspace
        if work is None or not self._wanted or not self._clicks_count(work):
            return
        source = self._desk.read_image(work.image)
        if source is None:
            return
        place, reverse = self._place
        label = BACKGROUND if reverse else work.polarity
        click = click_at(source, work.image, place, label)
        objects = self._desk.objects
        asked = click and objects.current.with_click(click, objects.size)
        if asked:
            receive = lambda event: self._show(work, asked, event)  # noqa: E731
            steps = self._desk.engine.glimpse(source, asked)
            self._job = Job(steps, receive, quiet=True)
            self._desk.runner.submit(self._job)

    def _clicks_count(self, work: Workspace) -> bool:
        """Whether a press of the mouse would be a click."""
        points = work.points
        active = points is not None and points == self._viewer.layers.selection.active
        return active and points.mode == "add" and not obstacle(self._viewer.dims)

    def _show(self, work: Workspace, asked: Asked, event: Any) -> None:
        if not isinstance(event, Glimpse) or self._desk.workspace is not work:
            return
        clicks = clicks_of(PlanePrompts(list(asked.prompts)))
        then = self._desk.acceptance.cleaning.apply(event.mask, clicks)
        shown = self._desk.objects.shown().get(self._desk.objects.current.number, ())
        now = next((mask for mask in shown if mask.plane == then.plane), None)
        if not then.empty or (now is not None and not now.empty):
            work.hover.show(work.source, now, then)
