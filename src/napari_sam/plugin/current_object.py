"""CurrentObject: the object under way, from its first prompt until it is accepted or dropped."""

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import replace
from functools import partial
from typing import Any, Protocol

from napari.utils.notifications import show_warning

from napari_sam.errors import NapariSamError
from napari_sam.journal.entry import Origin
from napari_sam.masks.mask import Mask
from napari_sam.prompts.prompt import MaskPrompt, Prompt

from .engine import Engine
from .events import Answer
from .following import Following
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

    def show_followed(self, slices: Mapping[Plane, float | None]) -> None:
        """Show the planes of a followed object; see :meth:`CurrentObject.slices`."""

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
        self._following = Following(self.masks, self._show)
        self._corrected: set[Plane] = set()
        self._axis_wanted: str | None = None
        self._looked_at: set[Plane] = set()

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
            plane: (self._with_followed(plane, own.prompts), tuple(own.key))
            for plane, own in found.planes.items()
            if own.positive or plane in self._following.brought
        }
        self._wanted = {plane: key for plane, (_, key) in wanted.items()}
        todo = {p: v for p, v in wanted.items() if self._answered.get(p) != v[1]}
        self._desk.runner.drop_replaceable()
        if todo:
            if following := self._following.interrupt():
                self._desk.runner.drop(following)
            steps = self._desk.engine.predict(self._desk.settings, work.source, todo)
            job = Job(steps, self._receive, self._answers_came, replaceable=True)
            self._desk.runner.submit(job)
        elif found.planes and not wanted:
            self._desk.say("Background only: click on the object too [Q].")

    def _with_followed(self, plane: Plane, prompts: Sequence[Prompt]) -> list[Prompt]:
        """Prompts of a plane; where the object was followed to, they correct what is there."""
        mask = self._following.brought.get(plane)
        if mask is None:
            return list(prompts)
        return [*prompts, MaskPrompt(plane, mask.bbox[0], mask.bbox[1], mask.pixels)]

    def _refuse(self, work: Workspace, found: FoundPrompts) -> None:
        """Take away what cannot be used, and say why; what is left is read again."""
        show_warning(found.problems[0])
        self._desk.say(found.problems[0])
        work.remove_prompts(found.bad_points, found.bad_shapes)
        self._look_again()

    def _forget_planes(self, work: Workspace, found: FoundPrompts) -> None:
        """Drop masks of planes whose prompts are gone; followed ones are as before them."""
        followed = self._following.brought
        positive = {plane for plane, own in found.planes.items() if own.positive}
        left = [p for p in self._answered if p not in found.planes]
        gone = [p for p in self.masks if p not in positive and p not in followed]
        for plane in (*left, *gone):
            self._answered.pop(plane, None)
            if plane in followed:
                self.masks[plane] = followed[plane]
            else:
                self.masks.pop(plane, None)
        if left or gone:
            self._show()

    def _receive(self, event: Any) -> None:
        work = self._desk.workspace
        if not isinstance(event, Answer):
            self._desk.receive(event)
        elif work is not None:
            self.masks[event.plane] = event.mask
            self._answered[event.plane] = event.key
            self._corrected.add(event.plane)
            self._show()

    def _show(self) -> None:
        if self._desk.workspace is not None:
            self._desk.workspace.show(list(self.masks.values()))
            self._desk.show_followed(self.slices())

    def _answers_came(self) -> None:
        """Go on following, if that was wanted; a correction changes only its stretch."""
        corrected, self._corrected = self._corrected, set()
        wanted, self._axis_wanted = self._axis_wanted, None
        self._describe()
        if wanted is not None:
            self.follow(wanted)
        elif self._following.axis is not None:
            self._follow_stretch(self._following.axis, corrected)

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

    # --- through the slices ------------------------------------------------------------------

    def slices(self) -> dict[Plane, float | None]:
        """Planes of a followed object, with how unsure they are; None where there are prompts."""
        if not self._following.brought:
            return {}
        unsure = self._following.unsure
        return {
            p: None if p in self._answered else unsure.get(p, 0.0)
            for p, mask in self.masks.items()
            if not mask.empty
        }

    def look_next(self) -> Plane | None:
        """The most unsure plane that was not looked at yet, from the worst on again at the end."""
        unsure = {p: value for p, value in self.slices().items() if value is not None}
        if not unsure:
            return None
        if not unsure.keys() - self._looked_at:
            self._looked_at.clear()
        worst = max(unsure.keys() - self._looked_at, key=lambda plane: unsure[plane])
        self._looked_at.add(worst)
        return worst

    def follow(self, axis: str | None) -> None:
        """Find the object in all slices that it reaches from those with prompts.

        Parameters
        ----------
        axis : str or None
            Letter of the axis; None where there is none.
        """
        if axis is None:
            self._desk.say("The image is a single slice: there is nowhere to follow the object.")
        elif self._missing():
            self._axis_wanted = axis
            self._desk.say("Following begins as soon as the mask is there.")
        elif not any(not self.masks[plane].empty for plane in self._answered):
            self._desk.say("Click on an object first; then it can be followed.")
        elif (work := self._desk.workspace) is not None:
            # What was followed through z, say, to slices of this time, is known at this time.
            place = work.source.plane_axes.index(axis)
            here = {plane[place] for plane in self._answered}
            self._following.start = {plane for plane in self.masks if plane[place] in here}
            self._follow_stretch(axis, self._following.start)

    def stop_following(self) -> None:
        """Do not begin to follow when the mask is there: the user has cancelled."""
        self._axis_wanted = None

    def _follow_stretch(self, axis: str, corrected: Set[Plane]) -> None:
        """Follow the object around some planes, as far as the next ones that are known."""
        work = self._desk.workspace
        if work is None or not corrected:
            return
        if running := self._following.interrupt():
            self._desk.runner.drop(running)
        self._looked_at.clear()
        place = work.source.plane_axes.index(axis)
        lines = {_without(plane, place) for plane in corrected}
        fixed = self._answered.keys() | self._following.start
        own = [plane for plane in self.masks if _without(plane, place) in lines]
        first, last = stretch(
            {plane[place] for plane in own if plane in fixed},
            {plane[place] for plane in corrected},
        )
        last = work.source.plane_shape[place] - 1 if last is None else last
        inside = [plane for plane in own if first <= plane[place] <= last]
        known = [self.masks[p] for p in inside if p in fixed and not self.masks[p].empty]
        again = [plane for plane in inside if plane not in fixed]
        if not known:
            return
        steps = self._desk.engine.follow(
            self._desk.settings, work.source, known, axis, (first, last)
        )
        self._desk.runner.submit(
            self._following.job(steps, axis, fixed, again, self._desk.receive, self._describe)
        )

    def _missing(self) -> dict[Plane, tuple[Any, ...]]:
        """Planes whose answers have not come, and their keys."""
        return {p: k for p, k in self._wanted.items() if self._answered.get(p) != k}

    # --- accept and drop ---------------------------------------------------------------------

    def accept(self, daughter: bool = False) -> None:
        """Make the object a label; if its mask is not there yet, as soon as it is.

        Parameters
        ----------
        daughter : bool
            Of the object that was there in the frame before, which divided.
        """
        work = self._desk.workspace
        if work is None:
            return
        origin = self._origin(work)
        paint = (
            partial(self._paint_daughter, work, origin, self._born(work))
            if daughter
            else partial(self._paint, work, origin)
        )
        missing = self._missing()
        if missing:
            self._accept_later(work, missing, paint)
        elif self._following.running:
            self._following.accept_when_done(paint)
            self.start_next()
            self._desk.say("Accepted: the label comes when it is followed to its end.")
        elif self.masks and paint(list(self.masks.values())):
            self.start_next()

    def _accept_later(
        self,
        work: Workspace,
        missing: dict[Plane, tuple[Any, ...]],
        paint: Callable[[Sequence[Mask]], bool],
    ) -> None:
        """Finish the object in the background; the next one can be clicked meanwhile."""
        found = read_prompts(work.source, work.image, work.points, work.shapes)
        masks = {p: mask for p, mask in self.masks.items() if p not in missing}
        todo = {
            p: (self._with_followed(p, found.planes[p].prompts), key) for p, key in missing.items()
        }

        def receive(event: Any) -> None:
            if isinstance(event, Answer):
                masks[event.plane] = event.mask
            else:
                self._desk.receive(event)

        def finish() -> None:
            paint(list(masks.values()))

        self._desk.runner.drop_replaceable()
        self.start_next()
        self._desk.say("Accepted: the label comes as soon as the mask is there.")
        steps = self._desk.engine.predict(self._desk.settings, work.source, todo)
        self._desk.runner.submit(Job(steps, receive, finish, promised=True))

    def _paint(self, work: Workspace, origin: Origin, masks: Sequence[Mask]) -> bool:
        """Make masks a label; False, and the user is told why, if that cannot be."""
        if work.image not in work.viewer.layers:  # it was closed meanwhile
            return False
        try:
            label, area = work.accept(masks, origin)
        except NapariSamError as error:
            self._desk.fail(str(error))
            return False
        if area:
            self._desk.say(f"Object {label} accepted, {area} pixels. {FIRST_HINT}")
        else:
            self._desk.say("Nothing accepted: it is empty, or all of it belongs to others.")
        return True

    def _paint_daughter(
        self, work: Workspace, origin: Origin, born: int, masks: Sequence[Mask]
    ) -> bool:
        """Make masks a daughter from the frame on in which she was born."""
        if work.image not in work.viewer.layers:
            return False
        time = work.source.plane_axes.find("T")
        own = [m for m in masks if not m.empty and (time < 0 or m.plane[time] >= born)]
        if not own:
            self._desk.say("Nothing found here: click elsewhere on the daughter.")
            return False
        try:
            label, mother = work.accept_daughter(own, origin)
        except NapariSamError as error:
            self._desk.fail(str(error))
            return False
        self._desk.say(f"Object {label} is a daughter of {mother}. {FIRST_HINT}")
        return True

    def _origin(self, work: Workspace) -> Origin:
        """What the object is made from, for the journal."""
        found = read_prompts(work.source, work.image, work.points, work.shapes)
        prompts = tuple(prompt for own in found.planes.values() for prompt in own.prompts)
        return replace(self._desk.engine.origin, prompts=prompts)

    def _born(self, work: Workspace) -> int:
        """The first frame with clicks: before, what was followed is the mother."""
        time = work.source.plane_axes.find("T")
        return min((plane[time] for plane in self._wanted), default=0) if time >= 0 else 0

    def drop(self) -> None:
        """Forget the object and its prompts."""
        if following := self._following.interrupt():
            self._desk.runner.drop(following)
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
        self.masks = {}
        self._following = Following(self.masks, self._show)
        self._corrected.clear()
        self._looked_at.clear()
        self._axis_wanted = None
        self._desk.show_followed({})
        self._answered.clear()
        self._wanted.clear()
        self._desk.object_changed(False)


def _without(plane: Plane, place: int) -> Plane:
    """What planes of one stack have in common."""
    return (*plane[:place], *plane[place + 1 :])


def stretch(known: set[int], corrected: set[int]) -> tuple[int, int | None]:
    """Planes that a correction may change.

    Parameters
    ----------
    known : set of int
        Positions with prompts.
    corrected : set of int
        Those of them whose prompts changed.

    Returns
    -------
    int, int or None
        The nearest positions with prompts around the corrected ones; 0 and None (the end) where
        there are none.
    """
    below = [p for p in known if p < min(corrected)]
    above = [p for p in known if p > max(corrected)]
    return max(below, default=0), min(above, default=None)
