"""Strokes: the tool that splits, merges, enlarges and cuts labels by a drawn line; no Qt."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from napari.components import ViewerModel
from napari.layers import Layer
from napari.utils.events import Event

from napari_sam.errors import NapariSamError
from napari_sam.plugin.clicks.canvas_clicks import LEFT, STILL
from napari_sam.plugin.clicks.gestures import MODIFIER
from napari_sam.plugin.clicks.receiver import PASSIVE
from napari_sam.plugin.desk import Desk
from napari_sam.plugin.status.dock_state import StrokeState
from napari_sam.plugin.view.view import obstacle
from napari_sam.plugin.worker.events import Event as WorkerEvent
from napari_sam.plugin.worker.events import StrokeRead
from napari_sam.plugin.worker.jobs import Job
from napari_sam.plugin.worker.read_stroke import StrokeRequest
from napari_sam.plugin.workspace import Workspace

from .can_write import cannot_draw, cannot_write, no_label_here
from .drawn_stroke import DrawnStroke
from .reading import Reading, next_reading
from .sentences import done, proposed, step_words
from .stroke_box import StrokeBox
from .stroke_layers import StrokeLayers

_CLICK = "A click is no stroke: hold the button and draw a line over labels."
_CHANGED = "The labels under the stroke have changed meanwhile: draw it again."


class Strokes:
    """Draws strokes with the left button, previews the change, and makes it on acceptance.

    The tool is on until it is put away, or another tool is chosen.

    Parameters
    ----------
    desk : Desk
        Worker and image in use.
    viewer : napari.Viewer
        Has the mouse, and gets the layers of the preview.
    box : StrokeBox
        The rows of the dock.
    follow_axis : callable
        Letter of the axis through whose slices a stroke goes on request; None for a single plane.
    disarm : callable
        Ends another tool's wait for a press of the mouse.
    """

    def __init__(
        self,
        desk: Desk,
        viewer: ViewerModel,
        box: StrokeBox,
        follow_axis: Callable[[], str | None],
        disarm: Callable[[], None],
    ) -> None:
        self._desk, self._viewer, self._box = desk, viewer, box
        self._follow_axis, self._disarm = follow_axis, disarm
        self._layers = StrokeLayers(viewer)
        self._chosen = Reading.AUTOMATIC  # by the user, for all strokes to come
        self._before: tuple[Layer | None, str] | None = None  # selected layer, and its mode
        self._drawn: DrawnStroke | None = None
        self._job: Job | None = None
        box.clicked.connect(self.toggle)
        box.changed.connect(self._choose)

    @property
    def state(self) -> StrokeState:
        """The tool and the stroke, for the status line."""
        drawn, armed = self._drawn, self._before is not None
        if drawn is None or not drawn.is_drawn:
            return StrokeState(armed, drawing=drawn is not None)
        line = drawn.problem if drawn.change is None else proposed(drawn.change)
        return StrokeState(armed, is_waiting=not line, is_ready=drawn.change is not None, line=line)

    # --- the tool ----------------------------------------------------------------------------

    def toggle(self) -> None:
        """Let the mouse draw strokes, or put the tool away."""
        self._desk.begin_action()
        if self._before is not None:
            self.put_away()
        elif (work := self._desk.workspace) is not None:
            if problem := cannot_draw(self._viewer, work):
                self._desk.say(problem)
            else:
                self._take_up()
        self._box.show_armed(self._before is not None)
        self._desk.renew()

    def _take_up(self) -> None:
        self._disarm()
        layer = self._viewer.layers.selection.active
        self._before = layer, PASSIVE if layer is None else layer.mode
        if layer is not None:
            layer.mode = PASSIVE
        self._desk.draws_strokes = True
        self._viewer.mouse_drag_callbacks.append(self._press)

    def put_away(self) -> None:
        """Let clicks be clicks again; a stroke that is not accepted is dropped."""
        if self._before is None:
            return
        self._forget()
        self._layers.remove()
        (layer, mode), self._before = self._before, None
        self._desk.draws_strokes = False
        self._viewer.mouse_drag_callbacks.remove(self._press)
        # unless a tool was chosen meanwhile, or there is nothing to click in
        if layer is not None and layer.mode == PASSIVE and not obstacle(self._viewer.dims):
            layer.mode = mode
        if not self._desk.closed:
            self._box.show_armed(False)
            self._desk.renew()

    def read_otherwise(self) -> None:
        """Read the stroke another way; without a stroke, choose another reading for the next."""
        drawn = self._drawn
        if drawn is None:
            readings = list(Reading)
            self._chosen = readings[(readings.index(self._chosen) + 1) % len(readings)]
            self._box.show_reading(self._chosen)
        elif drawn.is_drawn:
            action = None if drawn.change is None else drawn.change.action
            self._drawn = replace(drawn, reading=next_reading(drawn.reading, action))
            self._read()

    def _choose(self) -> None:
        self._desk.begin_action()
        if self._drawn is None:
            self._chosen = self._box.reading
        elif self._drawn.is_drawn:
            if self._box.reading is not self._drawn.reading:
                self._chosen = self._box.reading
            self._drawn = replace(self._drawn, reading=self._box.reading)
            self._read()

    # --- the mouse ---------------------------------------------------------------------------

    def _press(self, viewer: ViewerModel, event: Event) -> Iterator[None]:
        work = self._desk.workspace
        if work is None or self._tool_chosen():
            self.put_away()
            return
        if event.button != LEFT or set(event.modifiers) - {MODIFIER}:
            return
        self._desk.begin_action()
        event.handled = True  # the camera stays
        start, farthest = tuple(event.pos), 0.0
        began = self._begin(work, event.position, takes_away=MODIFIER in event.modifiers)
        yield
        while event.type == "mouse_move":
            event.handled = True
            farthest = max(farthest, math.dist(start, event.pos))
            if began:
                self._draw(event.position)
            yield
        if began:
            self._end(is_click=farthest < STILL)

    def _tool_chosen(self) -> bool:
        """Whether another tool was chosen since the stroke tool was taken up."""
        layer, active = self._before[0] if self._before else None, self._active
        return any(each is not None and each.mode != PASSIVE for each in (layer, active))

    @property
    def _active(self) -> Layer | None:
        return self._viewer.layers.selection.active

    def _begin(self, work: Workspace, world: Sequence[float], takes_away: bool) -> bool:
        """Begin a stroke instead of the one before; False after a line for the user."""
        self._forget()
        problem, layer = cannot_draw(self._viewer, work), work.labels
        if problem or layer is None:
            self._desk.say(problem)
            return False
        reading = Reading.CUT if takes_away else self._chosen
        plane = work.source.to_plane(layer.world_to_data(world))
        self._drawn = DrawnStroke(work, layer, plane, reading).to(world)
        self._desk.renew()
        return True

    def _draw(self, world: Sequence[float]) -> None:
        if self._drawn is None:
            return
        before, self._drawn = self._drawn, self._drawn.to(world)
        if self._drawn is not before:
            cuts = self._drawn.reading is Reading.CUT
            self._layers.show_line(self._drawn.work.image, self._drawn.points, cuts)

    def _end(self, is_click: bool) -> None:
        if self._drawn is None:
            return
        if is_click:
            self._forget()
            self._desk.say(_CLICK)
            return
        self._drawn = replace(self._drawn, is_drawn=True)
        self._read()

    # --- the change --------------------------------------------------------------------------

    def _read(self) -> None:
        """Ask the worker what the stroke changes."""
        self._drop_job()
        work, drawn = self._desk.look(), self._drawn
        if drawn is None or work is not drawn.work:
            self._forget()
            return
        self._drawn = replace(drawn, change=None, problem="")
        self._layers.hide_change()
        self._box.show_reading(drawn.reading)
        try:
            first = work.labels_layer.next_label()
        except NapariSamError as error:
            self._show_problem(_sentence(str(error)))
            return
        request = StrokeRequest(
            work.labels_layer.plain(),
            drawn.yx,
            drawn.plane,
            drawn.reading.action,
            self._axis(work),
            first,
            drawn.reading.by_model,
        )
        steps = self._desk.engine.read_stroke(self._desk.settings, work.source, request)
        self._job = Job(steps, self._receive, self._end_job, self._cancelled)
        self._desk.runner.submit(self._job)
        self._desk.renew()

    def _axis(self, work: Workspace) -> int | None:
        """Axis of the labels along which the stroke goes on."""
        letter = self._follow_axis() if self._box.through.isChecked() else None
        return None if letter is None else work.source.plane_axes.index(letter)

    def _receive(self, event: WorkerEvent) -> None:
        drawn = self._drawn
        if not isinstance(event, StrokeRead):
            self._desk.receive(event)
        elif drawn is None or self._desk.workspace is not drawn.work:
            self._forget()
        elif event.change is None:
            elsewhere = no_label_here(self._viewer, drawn) if "no label" in event.problem else ""
            self._show_problem(elsewhere or _sentence(event.problem))
        else:
            self._drawn = replace(drawn, change=event.change)
            self._layers.show_change(drawn.work.image, drawn.work.source, event.change)
            self._desk.renew()

    def _show_problem(self, problem: str) -> None:
        if self._drawn is not None:
            self._drawn = replace(self._drawn, problem=problem.rstrip("."))
        self._desk.renew()

    def _end_job(self) -> None:
        self._job = None

    def _cancelled(self) -> None:
        self._job = None
        self._forget()

    def _drop_job(self) -> None:
        job, self._job = self._job, None
        if job is not None and not job.dropped:
            job.cancelled = self._end_job
            self._desk.runner.drop(job)

    # --- the end of a stroke -----------------------------------------------------------------

    def accept(self) -> bool:
        """Change the labels as the preview shows; False without such a stroke."""
        drawn = self._drawn
        if drawn is None or drawn.change is None:
            return False
        work = drawn.work
        if problem := cannot_write(self._viewer, work):
            self._desk.say(problem)
            return True
        self._forget()
        if work.labels == drawn.layer and drawn.change.fits(work.labels_layer.plain()):
            self._write(work, drawn)
        else:
            self._desk.say(_CHANGED)
        return True

    def _write(self, work: Workspace, drawn: DrawnStroke) -> None:
        change, next_label = drawn.change, work.labels_layer.next_label()
        if change is None:
            return
        if min(change.parts, default=next_label) < next_label:  # somebody else has got the number
            change = change.renumbered(next_label)
        engine = self._desk.engine
        origin = (engine.origin,) if drawn.reading.by_model else ()
        with work.history.one_action(text=step_words(change)):
            work.writer.reshape(change, *origin)
        work.ratings.show()
        self._desk.say(done(change))

    def drop(self) -> bool:
        """Drop the stroke; without one, put the tool away. False if the tool is not on."""
        if self._drawn is not None:
            self._forget()
            self._desk.say("The stroke is dropped: the labels stay as they were.")
            return True
        if self._before is None:
            return False
        self.put_away()
        return True

    def take_back(self) -> bool:
        """Drop a stroke that is not accepted; False without one."""
        return self._drawn is not None and self.drop()

    def _forget(self) -> None:
        """Leave no stroke, and show the chosen reading again."""
        self._drop_job()
        self._drawn = None
        self._layers.clear()
        if not self._desk.closed:
            self._box.show_reading(self._chosen)
            self._desk.renew()


def _sentence(problem: str) -> str:
    """Message of an error with a capital."""
    return problem[:1].upper() + problem[1:]
