"""Hover: shows the mask after a click at the resting mouse."""

import math
from dataclasses import dataclass, replace

from napari.components import ViewerModel
from napari.utils.events import Event, EventEmitter
from qtpy.QtCore import Qt, QTimer

from napari_sam.plugin.desk import Desk
from napari_sam.plugin.layers.conventions import BACKGROUND
from napari_sam.plugin.layers.read_prompts import PlanePrompts, click_at
from napari_sam.plugin.objects.cleaned import clicks_of
from napari_sam.plugin.objects.objects import Objects
from napari_sam.plugin.settings import HOVER
from napari_sam.plugin.status.dock_state import Receiver
from napari_sam.plugin.view.view import obstacle
from napari_sam.plugin.widgets.soon import Soon
from napari_sam.plugin.worker.events import Event as WorkerEvent
from napari_sam.plugin.worker.events import Glimpse, Question
from napari_sam.plugin.worker.jobs import Job
from napari_sam.plugin.workspace import Workspace

from .click_box import ClickBox
from .gestures import MODIFIER
from .receiver import receiver_of

REST = 150
"""Milliseconds without a move after which the mouse rests."""

_TREMBLE = 3
"""Pixels of the screen up to which a move counts as a tremble of the resting hand."""


@dataclass(frozen=True, slots=True)
class _Pointer:
    """Position of the mouse on the screen and in the world, and the state of the background key."""

    pixel: tuple[float, float]
    world: tuple[float, ...]
    reverse: bool

    def trembles_from(self, other: "_Pointer | None") -> bool:
        """Whether the mouse has hardly moved from another position."""
        if other is None or self.reverse != other.reverse:
            return False
        return math.dist(self.pixel, other.pixel) <= _TREMBLE


class Hover:
    """Asks the model about a possible click at the resting mouse, if no tile must be encoded.

    An answer counts if the same question would be asked when it comes.

    Parameters
    ----------
    desk : Desk
        Has the engine, the runner and the workspace.
    viewer : napari.Viewer
        Its mouse is watched.
    objects : Objects
        The click would belong to the current one.
    box : ClickBox
        Has the switch.
    """

    def __init__(self, desk: Desk, viewer: ViewerModel, objects: Objects, box: ClickBox) -> None:
        self._desk, self._viewer, self._objects = desk, viewer, objects
        self._enabled, self._closed = HOVER.read(), False
        self._at: _Pointer | None = None
        self._clicked = False
        self._job: Job | None = None
        # A QTimer: superqt's debouncer does not tell whether it is waiting.
        self._timer = QTimer(box)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setSingleShot(True)
        self._timer.setInterval(REST)
        self._timer.timeout.connect(self._rest)
        # Not at once: the list of layers would go on to mark the layer that was left.
        self._select_points_soon = Soon(self._select_points, box)
        box.hover.setChecked(self._enabled)
        box.hover_changed.connect(self._switch)
        viewer.mouse_move_callbacks.append(self._moved)
        viewer.mouse_drag_callbacks.append(self._pressed)
        for emitter in self._emitters():
            emitter.connect(self._leave)
        viewer.events.mouse_over_canvas.connect(self._crossed)
        viewer.layers.selection.events.active.connect(self._selected)

    def close(self) -> None:
        """Watch the mouse no longer."""
        if self._closed:
            return
        self._closed = True  # from here on Qt may have destroyed the timer
        self._drop_job()
        self._viewer.mouse_move_callbacks.remove(self._moved)
        self._viewer.mouse_drag_callbacks.remove(self._pressed)
        for emitter in self._emitters():
            emitter.disconnect(self._leave)
        self._viewer.events.mouse_over_canvas.disconnect(self._crossed)
        self._viewer.layers.selection.events.active.disconnect(self._selected)

    def renew(self) -> None:
        """Ask again after a change of tool or size, unless the user has clicked at the place."""
        self._quit()
        if self._enabled and self._at is not None and not self._clicked:
            self._timer.start()

    # --- what the user does ------------------------------------------------------------------

    def _switch(self, enabled: bool) -> None:
        self._enabled = enabled
        HOVER.remember(enabled)
        self.renew()

    def _moved(self, viewer: ViewerModel, event: Event) -> None:
        pointer = _pointer(event)
        if not pointer.trembles_from(self._at):
            self._at, self._clicked = pointer, False
            self.renew()
        elif self._at is not None and self._timer.isActive():
            # Not asked yet: ask about the place where a press of the mouse would click now.
            self._at = replace(self._at, world=pointer.world)

    def _pressed(self, viewer: ViewerModel, event: Event) -> None:
        # What a second click at the same place would change is of no interest.
        self._at, self._clicked = _pointer(event), True
        self._quit()

    def _leave(self, event: Event | None = None) -> None:
        """Show nothing until the mouse moves."""
        self._at = None
        self._quit()

    def _crossed(self, event: Event) -> None:
        if event.value:  # Qt may say so late, when the mouse rests already
            return
        self._leave()
        if self._desk.workspace is not None:  # on the way to the list of layers, or to a menu
            self._desk.workspace.hover.remove()

    def _selected(self, event: Event) -> None:
        self._leave()
        work = self._desk.workspace
        if work is not None and work.hover.owns(event.value):
            self._select_points_soon.start()

    def _select_points(self) -> None:
        selection, work = self._viewer.layers.selection, self._desk.workspace
        if work is not None and work.hover.owns(selection.active):
            selection.active = work.prompts.points

    def _emitters(self) -> list[EventEmitter]:
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
        question = None if work is None else self._question(work)
        if work is None or question is None:
            return
        receive = lambda event: self._show(work, question, event)  # noqa: E731
        steps = self._desk.engine.glimpse(work.source, question)
        self._job = Job(steps, receive, quiet=True)
        self._desk.runner.submit(self._job)

    def _question(self, work: Workspace) -> Question | None:
        """Question after a click at the mouse; None if a press of the mouse would be no click."""
        if self._at is None or not self._enabled or not self._clicks_count(work):
            return None
        label = BACKGROUND if self._at.reverse else work.prompts.polarity
        click = click_at(work.source, work.image, self._at.world, label)
        if click is None:
            return None
        return self._objects.current.questions.with_click(click, self._objects.size)

    def _clicks_count(self, work: Workspace) -> bool:
        """Whether a click would become a prompt in the Points layer."""
        receiver, active = receiver_of(self._viewer, work), self._viewer.layers.selection.active
        clicked = receiver is Receiver.PROMPTS and active == work.prompts.points
        is_click = clicked or receiver is Receiver.CANVAS
        if not is_click or self._desk.draws_strokes or self._at is None:
            return False
        return not (obstacle(self._viewer.dims) or self._desk.why_unseen(self._at.world))

    def _show(self, work: Workspace, question: Question, event: WorkerEvent) -> None:
        if not isinstance(event, Glimpse) or self._desk.workspace is not work:
            return
        question_now = self._question(work)
        if question_now is None or question_now.key != question.key:
            return
        clicks = clicks_of(PlanePrompts(list(question.prompts)))
        then = self._desk.acceptance.cleaning.apply(event.mask, clicks)
        masks = self._objects.shown().get(self._objects.current.number, ())
        now = next((mask for mask in masks if mask.plane == then.plane), None)
        if not then.empty or (now is not None and not now.empty):
            with self._viewer.layers.selection.events.active.blocker(self._selected):
                work.hover.show(work.source, now, then)


def _pointer(event: Event) -> _Pointer:
    x, y = event.pos
    return _Pointer((float(x), float(y)), tuple(event.position), MODIFIER in event.modifiers)
