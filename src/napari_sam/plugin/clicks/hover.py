"""Hover: rest the mouse, and see what a click would give."""

import math
from dataclasses import dataclass, replace
from typing import Any

from qtpy.QtCore import Qt, QTimer

from napari_sam.plugin.desk import Desk
from napari_sam.plugin.dock.dock import SamDock
from napari_sam.plugin.layers.conventions import BACKGROUND
from napari_sam.plugin.layers.read_prompts import PlanePrompts, click_at
from napari_sam.plugin.objects.cleaned import clicks_of
from napari_sam.plugin.settings import read_hover, remember_hover
from napari_sam.plugin.view.view import obstacle
from napari_sam.plugin.worker.events import Glimpse, Question
from napari_sam.plugin.worker.jobs import Job
from napari_sam.plugin.workspace import Workspace

from .gestures import MODIFIER

REST = 150
"""Milliseconds without a move that mean that the mouse rests."""

_TREMBLE = 3
"""Pixels of the screen that a resting hand may move."""


@dataclass(frozen=True, slots=True)
class _Pointer:
    """Where the mouse is; on the screen, in the world, and whether the background key is held."""

    pixel: tuple[float, float]
    world: tuple[float, ...]
    reverse: bool

    def trembles(self, other: "_Pointer | None") -> bool:
        """Whether it has hardly moved from there."""
        if other is None or self.reverse != other.reverse:
            return False
        return math.dist(self.pixel, other.pixel) <= _TREMBLE


class Hover:
    """Asks what a click would give, where that is known at once; a click comes before it.

    An answer counts if the same would be asked when it comes.

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
        self._wanted, self._closed = read_hover(), False
        self._at: _Pointer | None = None
        self._clicked = False
        self._job: Job | None = None
        self._timer = QTimer(dock)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setSingleShot(True)
        self._timer.setInterval(REST)
        self._timer.timeout.connect(self._rest)
        dock.clicks.hover.setChecked(self._wanted)
        dock.clicks.hover_changed.connect(self._switch)
        viewer.mouse_move_callbacks.append(self._moved)
        viewer.mouse_drag_callbacks.append(self._pressed)
        for emitter in self._emitters():
            emitter.connect(self._leave)
        viewer.events.mouse_over_canvas.connect(self._crossed)
        viewer.layers.selection.events.active.connect(self._selected)

    def close(self) -> None:
        """Watch the mouse no more."""
        if self._closed:
            return
        self._closed = True  # from here on the timer may be Qt's no more
        self._drop_job()
        self._viewer.mouse_move_callbacks.remove(self._moved)
        self._viewer.mouse_drag_callbacks.remove(self._pressed)
        for emitter in self._emitters():
            emitter.disconnect(self._leave)
        self._viewer.events.mouse_over_canvas.disconnect(self._crossed)
        self._viewer.layers.selection.events.active.disconnect(self._selected)

    def renew(self) -> None:
        """Ask again, if the mouse rests where it has not clicked: a click means something else."""
        self._quit()
        if self._wanted and self._at is not None and not self._clicked:
            self._timer.start()

    # --- what the user does ------------------------------------------------------------------

    def _switch(self, wanted: bool) -> None:
        self._wanted = wanted
        remember_hover(wanted)
        self.renew()

    def _moved(self, viewer: Any, event: Any) -> None:
        here = _pointer(event)
        if not here.trembles(self._at):
            self._at, self._clicked = here, False
            self.renew()
        elif self._at is not None and self._timer.isActive():  # the click would be here, not there
            self._at = replace(self._at, world=here.world)

    def _pressed(self, viewer: Any, event: Any) -> None:
        # What a second click at the same place would change is of no interest.
        self._at, self._clicked = _pointer(event), True
        self._quit()

    def _leave(self, event: Any = None) -> None:
        """Show nothing until the mouse moves."""
        self._at = None
        self._quit()

    def _crossed(self, event: Any) -> None:
        if event.value:  # Qt may say so late, when the mouse rests already
            return
        self._leave()
        if self._desk.workspace is not None:  # on the way to the list of layers, or to a menu
            self._desk.workspace.hover.remove()

    def _selected(self, event: Any) -> None:
        self._leave()
        work = self._desk.workspace
        if work is not None and work.hover.owns(event.value):
            self._viewer.layers.selection.active = work.points

    def _emitters(self) -> list[Any]:
        events = self._viewer.dims.events
        return [events.point, events.ndisplay, events.order]

    def _quit(self) -> None:
        """Show nothing, and ask nothing."""
        self._timer.stop()
        self._drop_job()
        if self._desk.workspace is not None:
            self._desk.workspace.hover.clear()

    def _drop_job(self) -> None:
        if self._job is not None:
            self._desk.runner.drop(self._job)
            self._job = None

    # --- question and answer -----------------------------------------------------------------

    def _rest(self) -> None:
        work = None if self._closed else self._desk.look(aloud=False)
        asked = None if work is None else self._asked(work)
        if work is None or asked is None:
            return
        receive = lambda event: self._show(work, asked, event)  # noqa: E731
        steps = self._desk.engine.glimpse(work.source, asked)
        self._job = Job(steps, receive, quiet=True)
        self._desk.runner.submit(self._job)

    def _asked(self, work: Workspace) -> Question | None:
        """What a click would ask of the model, now; None if there would be no click."""
        if self._at is None or not self._wanted or not self._clicks_count(work):
            return None
        label = BACKGROUND if self._at.reverse else work.polarity
        click = click_at(work.source, work.image, self._at.world, label)
        objects = self._desk.objects
        return None if click is None else objects.current.with_click(click, objects.size)

    def _clicks_count(self, work: Workspace) -> bool:
        """Whether a press of the mouse would be a click."""
        points = work.points
        active = points is not None and points == self._viewer.layers.selection.active
        return active and points.mode == "add" and not obstacle(self._viewer.dims)

    def _show(self, work: Workspace, asked: Question, event: Any) -> None:
        if not isinstance(event, Glimpse) or self._desk.workspace is not work:
            return
        wanted = self._asked(work)
        if wanted is None or wanted.key != asked.key:
            return
        clicks = clicks_of(PlanePrompts(list(asked.prompts)))
        then = self._desk.acceptance.cleaning.apply(event.mask, clicks)
        shown = self._desk.objects.shown().get(self._desk.objects.current.number, ())
        now = next((mask for mask in shown if mask.plane == then.plane), None)
        if not then.empty or (now is not None and not now.empty):
            with self._viewer.layers.selection.events.active.blocker(self._selected):
                work.hover.show(work.source, now, then)


def _pointer(event: Any) -> _Pointer:
    x, y = event.pos
    return _Pointer((float(x), float(y)), tuple(event.position), MODIFIER in event.modifiers)
