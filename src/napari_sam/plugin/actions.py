"""Actions: a function to each action of the user; see :mod:`napari_sam.plugin.keys`."""

from collections.abc import Callable, Mapping

from napari.components import ViewerModel
from psygnal import Signal

from napari_sam.plugin.clicks.prompt_events import PromptEvents
from napari_sam.plugin.clicks.tools import Tools
from napari_sam.plugin.everything.everything import Everything
from napari_sam.plugin.objects.objects import Objects
from napari_sam.plugin.status.availability import NOTHING_BEFORE, NOTHING_UNDONE
from napari_sam.plugin.status.status import Status
from napari_sam.plugin.strokes.strokes import Strokes
from napari_sam.plugin.undo.exchange import Exchange
from napari_sam.plugin.view.view import obstacle
from napari_sam.plugin.view.viewport import read_viewport

from .desk import Desk


class Actions:
    """Functions to the keys and buttons of the dock.

    Parameters
    ----------
    desk : Desk
        Has the workspace and the runner.
    viewer : napari.Viewer
        Has the visible region.
    objects : Objects
        The objects under way.
    prompts : PromptEvents
        Reads the prompts.
    tools : Tools
        Clicks, boxes or scribbles.
    everything : Everything
        Segments without prompts.
    follow_axis : callable
        Letter of the axis to follow objects along; None for an image of one plane.
    strokes : Strokes
        Accepts and drops a stroke over labels before any object.
    part_calls : mapping of str to callable
        Functions of other parts, by name of the action.
    status : callable
        The status now, with the actions that do nothing.

    Signals
    -------
    accepting
        An object is about to be accepted.
    label_put_back : int
        A label was corrected with clicks, and accepted.
    cancelling
        All work is being stopped.
    """

    accepting = Signal()
    label_put_back = Signal(int)
    cancelling = Signal()

    def __init__(
        self,
        desk: Desk,
        viewer: ViewerModel,
        objects: Objects,
        prompts: PromptEvents,
        tools: Tools,
        everything: Everything,
        follow_axis: Callable[[], str | None],
        strokes: Strokes,
        part_calls: Mapping[str, Callable[[], None]],
        status: Callable[[], Status],
    ) -> None:
        self._desk, self._viewer, self._objects = desk, viewer, objects
        self._prompts, self._tools, self._everything = prompts, tools, everything
        self._follow_axis, self._status, self._strokes = follow_axis, status, strokes
        self._by_name = {
            "swap_polarity": tools.swap_polarity,
            "swap_tool": tools.swap,
            "follow": self.follow,
            "end_here": self.end_here,
            "accept_daughter": self.accept_daughter,
            "next_object": self.next_object,
            "next_size": self.next_size,
            "accept": self.accept,
            "accept_left": lambda: self.run("accept"),
            "drop": self.drop,
            "undo_labels": self.undo_labels,
            "stroke": strokes.toggle,
            "stroke_reading": strokes.read_otherwise,
            "undo": self.undo,
            "redo": self.redo,
            **part_calls,
        }

    def run(self, name: str) -> None:
        """Run the action `name` of the table of actions, or tell the reason against it."""
        if self._desk.closed:
            return
        self._desk.begin_action()
        self._prompts.read_now()
        self._prompts.note()
        if reason := self._status().unavailable.get(name):
            self._desk.say(reason)
            return
        self._by_name[name]()
        self._desk.renew()

    # --- the objects under way ---------------------------------------------------------------

    def accept(self) -> None:
        """Make the objects under way labels; while a polygon is being drawn, finish the polygon."""
        if self._prompts.finish_drawing() or self._strokes.accept():
            return
        self._prompts.read_now()
        if self._objects.unfinished:
            self.accepting.emit()
        held = self._objects.current.held
        self._objects.accept()
        self._tools.object_next()
        if held is not None:
            self.label_put_back.emit(held.label)

    def accept_daughter(self) -> None:
        """Make the object a label, as a daughter of the label in the frame before."""
        self._prompts.read_now()
        self._objects.accept(daughter=True)
        self._tools.object_next()

    def follow(self) -> None:
        """Follow the object under way through the planes of the stack."""
        self._prompts.read_now()
        self._objects.current.follow(self._follow_axis())

    def end_here(self) -> None:
        """End the followed object in the visible slice."""
        self._prompts.read_now()
        if (work := self._desk.workspace) is not None:
            current = self._objects.current
            before = Exchange({current: current.state()})
            if current.following.end_at(work.shown_plane):
                work.history.add_prompts(before, "ending the object in a slice")

    def next_object(self) -> None:
        """Go to the next object under way, or begin a new object behind the last."""
        self._prompts.read_now()
        self._objects.next()
        self._tools.object_next()

    def next_size(self) -> None:
        """Let the click mean an object of another size, such as a part or a cluster."""
        self._prompts.read_now()
        self._objects.next_size()

    def drop(self) -> None:
        """Forget the current object and remove the prompts of the object."""
        if self._strokes.drop():
            return
        self._objects.drop()
        self._prompts.forget_drawing()
        self._tools.object_next()

    # --- undo --------------------------------------------------------------------------------

    def undo_labels(self) -> None:
        """Undo the last change of the labels."""
        if (work := self._desk.workspace) is not None:
            done = work.undo_labels()
            self._desk.say("Undo: the last change of the labels." if done else NOTHING_BEFORE)

    def undo(self) -> None:
        """Undo the last change of prompts or labels; a stroke that is not accepted is dropped."""
        if self._strokes.take_back():
            return
        if (work := self._desk.workspace) is not None:
            self._prompts.finish_drawing()
            self._prompts.note()
            words = work.history.next_undo or "the last change of the labels"
            self._desk.say(f"Undo: {words}." if work.undo() else NOTHING_BEFORE)

    def redo(self) -> None:
        """Do the last undone change again."""
        if (work := self._desk.workspace) is not None:
            self._prompts.note()
            words = work.history.next_redo
            self._desk.say(f"Redo: {words}." if work.redo() else NOTHING_UNDONE)

    # --- all objects -------------------------------------------------------------------------

    def segment(self, all_slices: bool, linked: bool) -> None:
        """Find all objects of the plane on the screen, or of all planes.

        Parameters
        ----------
        all_slices : bool
            Whether to segment all planes.
        linked : bool
            Whether an object has one label on all of its planes.
        """
        self._desk.begin_action()
        self._everything.start(all_slices, self._follow_axis() if linked else None)

    def segment_here(self) -> None:
        """Find all objects in the visible part of the plane."""
        self._desk.begin_action()
        if problem := obstacle(self._viewer.dims):
            self._desk.say(problem)
        elif (work := self._desk.look()) and (
            view := read_viewport(self._viewer, work.image, work.source)
        ):
            self._everything.start(False, within=view.bbox)

    def cancel(self) -> None:
        """Stop all work; accepted labels stay."""
        if self._desk.closed:
            return
        lost = self.unfinished
        self._objects.current.following.do_not_begin()
        self._desk.runner.cancel()
        self._everything.stop()
        self.cancelling.emit()
        self._desk.say(f"Cancelled. {lost}")

    @property
    def unfinished(self) -> str:
        """Line for the user about accepted objects without masks; empty without such objects."""
        count = len(self._objects.later.jobs)
        objects = "object has" if count == 1 else "objects have"
        return f"{count} accepted {objects} no mask yet: click again." if count else ""
