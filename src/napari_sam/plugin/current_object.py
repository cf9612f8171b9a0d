"""CurrentObject: the object under way, from its first prompt until it is accepted or dropped."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from napari.utils.notifications import show_warning

from napari_sam.errors import NapariSamError
from napari_sam.masks.mask import Mask

from .engine import Engine
from .events import Answer
from .jobs import Job, JobRunner
from .layers import ImageSource
from .prompt_layers import FoundPrompts, read_prompts
from .settings import Settings
from .workspace import Workspace

Plane = tuple[int, ...]

FIRST_HINT = "Click on an object."


class Desk(Protocol):
    """What the parts of the controller need of it and of each other."""

    workspace: Workspace | None
    object: "CurrentObject"
    engine: Engine
    runner: JobRunner

    @property
    def settings(self) -> Settings:
        """What the user chose."""

    def read_image(self, image: Any) -> ImageSource | None:
        """The image as it is shown now; None, and the user is told why, if it cannot be used."""

    def receive(self, event: Any) -> None:
        """Show progress and warnings of the worker."""

    def say(self, text: str) -> None:
        """Tell the user something in the dock."""

    def fail(self, message: str) -> None:
        """Tell the user what went wrong."""

    def object_changed(self, can_accept: bool) -> None:
        """Whether there is an object to accept or drop."""

    def show_busy(self) -> None:
        """Show whether there is work to cancel."""


class CurrentObject:
    """Prompts on any number of planes, and one mask on each.

    Only planes whose prompts changed are asked for again. An answer counts if it belongs to the
    prompts that are there when it comes.

    Parameters
    ----------
    desk : Desk
        The controller.
    look_again : callable
        Asks for :meth:`read` to be called when the events at hand are through.

    Attributes
    ----------
    masks : dict of tuple to Mask
        What is shown, by plane.
    """

    def __init__(self, desk: Desk, look_again: Callable[[], None]) -> None:
        self._desk, self._look_again = desk, look_again
        self.masks: dict[Plane, Mask] = {}
        self._answered: dict[Plane, tuple[Any, ...]] = {}
        self._wanted: dict[Plane, tuple[Any, ...]] = {}

    @property
    def unfinished(self) -> bool:
        """Whether something would be lost by forgetting it."""
        return bool(self.masks or self._wanted)

    # --- prompts -> masks --------------------------------------------------------------------

    def read(self) -> None:
        """Ask for masks on the planes whose prompts changed."""
        work = self._desk.workspace
        if work is None:
            return
        source = self._desk.read_image(work.image)
        if source is None:
            return
        work.source = source
        work.unselect_clicks()
        found = read_prompts(work.source, work.image, work.points, work.shapes)
        if found.problems:
            self._refuse(work, found)
            return
        self._forget_planes(work, found)
        self._ask(work, found)
        self._desk.object_changed(bool(found.planes))

    def ask_again(self) -> None:
        """Forget which prompts were answered: the model sees something else now."""
        self._answered.clear()
        self._look_again()

    def _ask(self, work: Workspace, found: FoundPrompts) -> None:
        wanted = {
            plane: (own.prompts, tuple(own.key))
            for plane, own in found.planes.items()
            if own.positive
        }
        self._wanted = {plane: key for plane, (_, key) in wanted.items()}
        todo = {p: v for p, v in wanted.items() if self._answered.get(p) != v[1]}
        self._desk.runner.drop_replaceable()
        if todo:
            steps = self._desk.engine.predict(self._desk.settings, work.source, todo)
            job = Job(steps, self._receive, self._describe, replaceable=True)
            self._desk.runner.submit(job)
        elif found.planes and not wanted:
            self._desk.say("Background only: click on the object too [Q].")

    def _refuse(self, work: Workspace, found: FoundPrompts) -> None:
        """Take away what cannot be used, and say why; what is left is read again."""
        show_warning(found.problems[0])
        self._desk.say(found.problems[0])
        work.remove_prompts(found.bad_points, found.bad_shapes)
        self._look_again()

    def _forget_planes(self, work: Workspace, found: FoundPrompts) -> None:
        """Drop masks of planes whose prompts are gone."""
        gone = [p for p in self.masks if p not in found.planes or not found.planes[p].positive]
        for plane in gone:
            del self.masks[plane]
            self._answered.pop(plane, None)
        if gone:
            work.show(list(self.masks.values()))

    def _receive(self, event: Any) -> None:
        work = self._desk.workspace
        if not isinstance(event, Answer):
            self._desk.receive(event)
        elif work is not None:
            self.masks[event.plane] = event.mask
            self._answered[event.plane] = event.key
            work.show(list(self.masks.values()))

    def _describe(self) -> None:
        area = sum(mask.area for mask in self.masks.values())
        if not area:
            text = "Nothing found here: click elsewhere on the object, or draw a box."
        elif len(self.masks) > 1:
            text = (
                f"One object in {len(self.masks)} slices, {area} pixels: "
                "Enter accepts it in all of them."
            )
        else:
            text = f"{area} pixels: Enter accepts, more clicks correct."
        self._desk.say(text)

    # --- accept and drop ---------------------------------------------------------------------

    def accept(self) -> None:
        """Make the object a label; if its mask is not there yet, as soon as it is."""
        work = self._desk.workspace
        if work is None:
            return
        missing = {p: k for p, k in self._wanted.items() if self._answered.get(p) != k}
        if missing:
            self._accept_later(work, missing)
        elif self.masks:
            self._paint(work, list(self.masks.values()))
            self.start_next()

    def _accept_later(self, work: Workspace, missing: dict[Plane, tuple[Any, ...]]) -> None:
        """Finish the object in the background; the next one can be clicked meanwhile."""
        found = read_prompts(work.source, work.image, work.points, work.shapes)
        masks = {p: mask for p, mask in self.masks.items() if p not in missing}
        todo = {p: (found.planes[p].prompts, key) for p, key in missing.items()}

        def receive(event: Any) -> None:
            if isinstance(event, Answer):
                masks[event.plane] = event.mask
            else:
                self._desk.receive(event)

        def finish() -> None:
            if work.image in work.viewer.layers:
                self._paint(work, list(masks.values()))

        self._desk.runner.drop_replaceable()
        self.start_next()
        self._desk.say("Accepted: the label comes as soon as the mask is there.")
        steps = self._desk.engine.predict(self._desk.settings, work.source, todo)
        self._desk.runner.submit(Job(steps, receive, finish, promised=True))

    def _paint(self, work: Workspace, masks: Sequence[Mask]) -> None:
        try:
            label, area = work.accept(masks)
        except NapariSamError as error:
            self._desk.fail(str(error))
            return
        if area:
            self._desk.say(f"Object {label} accepted, {area} pixels. {FIRST_HINT}")
        else:
            self._desk.say("Nothing accepted: it is empty, or all of it belongs to others.")

    def drop(self) -> None:
        """Forget the object and its prompts."""
        self._desk.runner.drop_replaceable()
        self.start_next()
        self._desk.say(f"Dropped. {FIRST_HINT}")

    def start_next(self) -> None:
        """Clear prompts and preview."""
        self.forget()
        if self._desk.workspace is not None:
            self._desk.workspace.clear_prompts()
            self._desk.workspace.show([])

    def forget(self) -> None:
        """Forget the masks; the prompts stay in their layers."""
        self.masks.clear()
        self._answered.clear()
        self._wanted.clear()
        self._desk.object_changed(False)
