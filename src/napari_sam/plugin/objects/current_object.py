"""CurrentObject: one object under way, from its first prompt until it is accepted or dropped."""

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import replace
from typing import Any

from napari_sam.image.volume import Plane
from napari_sam.journal.entry import Origin
from napari_sam.masks.mask import Mask
from napari_sam.masks.prompted.size import Size, sized_click
from napari_sam.plugin.desk import Desk
from napari_sam.plugin.follow.following import Following
from napari_sam.plugin.layers.read_prompts import PlanePrompts
from napari_sam.plugin.worker.events import Answer, Question
from napari_sam.plugin.worker.jobs import Job, Priority
from napari_sam.prompts.prompt import MaskPrompt, PointPrompt, Prompt

from .cleaned import Cleaned
from .held import Held
from .object_state import Exchange, ObjectState

Painter = Callable[[Sequence[Mask]], bool]
"""Makes masks a label; False, and the user is told why, if that cannot be."""


class CurrentObject:
    """Prompts on any number of planes, and one mask on each.

    Only planes whose prompts changed are asked for again. An answer counts if it belongs to the
    prompts that are there when it comes.

    Parameters
    ----------
    desk : Desk
        The controller.
    number : int
        Which of the objects under way, from 1.
    changed : callable
        Called when there is something else to show.

    Attributes
    ----------
    masks : dict of tuple to Mask
        What the model sees, by plane.
    prompts : dict of tuple to PlanePrompts
        What the user pointed at, by plane.
    held : Held or None
        The label that it is, if it was picked up.
    """

    def __init__(self, desk: Desk, number: int, changed: Callable[[], None]) -> None:
        self._desk, self.number, self._changed = desk, number, changed
        self.masks: dict[Plane, Mask] = {}
        self.prompts: Mapping[Plane, PlanePrompts] = {}
        self._answered: dict[Plane, tuple[Any, ...]] = {}
        self._wanted: dict[Plane, tuple[Any, ...]] = {}
        self._following = Following(self.masks, changed)
        self._corrected: set[Plane] = set()
        self._axis_wanted: str | None = None
        self._looked_at: set[Plane] = set()
        self._promised: Job | None = None
        self._cleaned = Cleaned()
        self.held: Held | None = None
        self._sizes: dict[Plane, Size] = {}

    @property
    def unfinished(self) -> bool:
        """Whether something would be lost by forgetting it."""
        return bool(self.masks or self._wanted)

    @property
    def size(self) -> int:
        """How many bytes its masks take, about."""
        masks = (*self.masks.values(), *self._following.brought.values())
        return sum(mask.pixels.nbytes for mask in masks)

    @property
    def waiting(self) -> bool:
        """Whether an answer of the model is still to come."""
        return bool(self._missing())

    @property
    def touched(self) -> bool:
        """Whether there is anything of it, be it background clicks alone."""
        return bool(self.masks or self.prompts)

    @property
    def origin(self) -> Origin:
        """What it is made from, for the journal."""
        prompts = tuple(prompt for own in self.prompts.values() for prompt in own.prompts)
        return replace(self._desk.engine.origin, prompts=prompts)

    def shown(self) -> dict[Plane, Mask]:
        """Its masks by plane as they are shown and accepted: cleaned."""
        return self._cleaned.of(self.masks, self.prompts, self._desk.acceptance.cleaning)

    def hold(self, held: Held) -> None:
        """Be a label that is there already; clicks correct it."""
        self.held = held
        self._cleaned = Cleaned(held.masks)
        self._following.brought.update(held.masks)
        self.masks.update(held.masks)
        self._changed()

    # --- prompts -> masks --------------------------------------------------------------------

    def read(self, prompts: Mapping[Plane, PlanePrompts], size: Size) -> dict[Plane, Question]:
        """Take the prompts that are there now; gives those to ask the model about.

        Planes without prompts lose their masks; followed ones are as before them. Where the first
        click is new, it means an object of a size.
        """
        self.prompts = prompts
        self._sizes = {plane: self._sizes.get(plane, size) for plane in prompts}
        self._forget_planes(prompts)
        wanted = {
            plane: self._asked(plane)
            for plane, own in prompts.items()
            if own.positive or plane in self._following.brought
        }
        self._wanted = {plane: asked.key for plane, asked in wanted.items()}
        todo = {p: asked for p, asked in wanted.items() if self._answered.get(p) != asked.key}
        if todo and (following := self._following.interrupt()):
            self._desk.runner.drop(following)
        return todo

    def ask_again(self) -> None:
        """Forget which prompts were answered: the model sees something else now."""
        self._answered.clear()

    def size_on(self, plane: Plane) -> Size | None:
        """Which size its first click on a plane means; None if there is no such click."""
        own = self.prompts.get(plane)
        return self._sizes[plane] if own and self._has_sizes(plane, own) else None

    def with_click(self, click: PointPrompt, size: Size) -> Question | None:
        """What would be asked of the model after another click, which is not made.

        Parameters
        ----------
        click : PointPrompt
            Where.
        size : Size
            What it means if it is the first on its plane.

        Returns
        -------
        Question or None
            None if nothing would be on the object.
        """
        there = self.prompts.get(click.plane, PlanePrompts())
        place = sum(kind == "point" for kind, *_ in there.key)  # before the shapes, as it is read
        own = PlanePrompts([*there.prompts[:place], click, *there.prompts[place:]])
        own.key = [*there.key[:place], ("point", click), *there.key[place:]]
        if own.positive or click.plane in self._following.brought:
            return self._ask(click.plane, own, self._sizes.get(click.plane, size))
        return None

    def resize(self, plane: Plane, size: Size) -> None:
        """Let the first click on a plane mean another size."""
        self._sizes[plane] = size

    def _asked(self, plane: Plane) -> Question:
        return self._ask(plane, self.prompts[plane], self._sizes[plane])

    def _ask(self, plane: Plane, own: PlanePrompts, wanted: Size) -> Question:
        size = wanted if self._has_sizes(plane, own) else Size.BEST
        return Question(self._with_followed(plane, own.prompts), (*own.key, size), size)

    def _has_sizes(self, plane: Plane, own: PlanePrompts) -> bool:
        """Whether the first click may mean objects of several sizes: a scribble does not."""
        clicks = all(kind == "point" for kind, *_ in own.key)
        return clicks and sized_click(self._with_followed(plane, own.prompts)) is not None

    def _with_followed(self, plane: Plane, prompts: Sequence[Prompt]) -> list[Prompt]:
        """Prompts of a plane; where the object was followed to, they correct what is there."""
        mask = self._following.brought.get(plane)
        if mask is None:
            return list(prompts)
        return [*prompts, MaskPrompt(plane, mask.bbox[0], mask.bbox[1], mask.pixels)]

    def _forget_planes(self, prompts: Mapping[Plane, PlanePrompts]) -> None:
        followed = self._following.brought
        positive = {plane for plane, own in prompts.items() if own.positive}
        left = [p for p in self._answered if p not in prompts]
        gone = [p for p in self.masks if p not in positive and p not in followed]
        for plane in (*left, *gone):
            self._answered.pop(plane, None)
            if plane in followed:
                self.masks[plane] = followed[plane]
            else:
                self.masks.pop(plane, None)
        if left or gone:
            self._changed()

    def receive(self, answer: Answer) -> None:
        """Show the mask on one plane."""
        self.masks[answer.plane] = answer.mask
        self._answered[answer.plane] = answer.key
        self._corrected.add(answer.plane)
        self._changed()

    def answers_came(self) -> None:
        """Go on following, if that was wanted; a correction changes only its stretch."""
        corrected, self._corrected = self._corrected, set()
        wanted, self._axis_wanted = self._axis_wanted, None
        if wanted is not None:
            self._follow(wanted)
        elif self._following.axis is not None:
            self._follow_stretch(self._following.axis, corrected)

    def describe(self) -> None:
        """Say what there is of it."""
        area = sum(mask.area for mask in self.shown().values())
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
        elif (self._missing() or self._seen()) and (work := self._desk.workspace) is not None:
            work.history.add_prompts(Exchange({self: self.state()}))
            self._follow(axis)

    def _seen(self) -> bool:
        """Whether there is anything to follow; if not, the user is told."""
        seen = any(not self.masks[plane].empty for plane in self._known)
        if not seen:
            self._desk.say("Click on an object first; then it can be followed.")
        return seen

    def _follow(self, axis: str) -> None:
        work = self._desk.workspace
        if self._missing():
            self._axis_wanted = axis
            self._desk.say("Following begins as soon as the mask is there.")
        elif work is not None and self._seen():
            # What was followed through z, say, to slices of this time, is known at this time.
            place = work.source.plane_axes.index(axis)
            here = {plane[place] for plane in self._known}
            self._following.start = {plane for plane in self.masks if plane[place] in here}
            self._follow_stretch(axis, self._following.start)

    @property
    def followed(self) -> bool:
        """Whether corrections change it on other planes too."""
        return self._following.axis is not None or self._axis_wanted is not None

    def state(self) -> ObjectState:
        """What was found of it up to now."""
        return ObjectState(
            dict(self.masks),
            dict(self._wanted),
            dict(self._answered),
            self._following.reach,
            self._axis_wanted,
        )

    def restore(self, state: ObjectState) -> None:
        """Be what was found of it before; if it was being followed then, it is again."""
        if running := self._following.interrupt():
            self._desk.runner.drop(running)
        self.masks.clear()
        self.masks.update(state.masks)
        self._wanted, self._answered = dict(state.wanted), dict(state.answered)
        self._axis_wanted = state.axis_wanted
        self._following.go_back(state.reach)
        self._corrected.clear()
        self._looked_at.clear()
        self._changed()
        if state.reach.running and state.reach.axis is not None:
            self._follow(state.reach.axis)

    @property
    def _known(self) -> Set[Plane]:
        """Planes on which the user has seen it: by clicks there, or as a label."""
        return self._answered.keys() | (self.held.masks.keys() if self.held else set())

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
        fixed = self._known | self._following.start
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
            self._following.job(steps, axis, fixed, again, self._desk.receive, self.describe)
        )

    def _missing(self) -> dict[Plane, tuple[Any, ...]]:
        """Planes whose answers have not come, and their keys."""
        return {p: k for p, k in self._wanted.items() if self._answered.get(p) != k}

    # --- accept and drop ---------------------------------------------------------------------

    def accept(self, masks: Sequence[Mask], paint: Painter) -> bool:
        """Make the object a label; if it is not there yet, as soon as it is.

        Parameters
        ----------
        masks : sequence of Mask
            Its masks as they are shown.
        paint : callable
            Makes them a label.

        Returns
        -------
        bool
            Whether the object is done, as far as the user is concerned.
        """
        if missing := self._missing():
            self._accept_later(missing, self._cleaning(paint))
            self._desk.say("Accepted: the label comes as soon as the mask is there.")
            return True
        if self._following.running:
            self._following.accept_when_done(self._cleaning(paint))
            self._desk.say("Accepted: the label comes when it is followed to its end.")
            return True
        return bool(masks) and paint(masks)

    def _cleaning(self, paint: Painter) -> Painter:
        """For masks that nobody has seen yet: they are cleaned as it is chosen now."""
        prompts, how = self.prompts, self._desk.acceptance.cleaning
        cleaned = Cleaned(self.held.masks if self.held else None)

        def clean_and_paint(masks: Sequence[Mask]) -> bool:
            found = {mask.plane: mask for mask in masks}
            return paint(list(cleaned.of(found, prompts, how).values()))

        return clean_and_paint

    def _accept_later(self, missing: Mapping[Plane, tuple[Any, ...]], paint: Painter) -> None:
        """Finish the object in the background; the next one can be clicked meanwhile."""
        work = self._desk.workspace
        if work is None:
            return
        masks = {p: mask for p, mask in self.masks.items() if p not in missing}
        todo = {p: {self.number: self._asked(p)} for p in missing}

        def receive(event: Any) -> None:
            if isinstance(event, Answer):
                masks[event.plane] = event.mask
            else:
                self._desk.receive(event)

        def finish() -> None:
            self._promised = None
            paint(list(masks.values()))

        steps = self._desk.engine.predict(self._desk.settings, work.source, todo)
        self._promised = Job(steps, receive, finish, priority=Priority.ACCEPTED, promised=True)
        self._desk.runner.submit(self._promised)

    def not_accepted(self) -> bool:
        """Forget that it was accepted; says whether its label had not come yet."""
        waited, self._promised = self._promised, None
        if waited is not None:
            self._desk.runner.drop(waited)
            return True
        return self._following.not_accepted()

    @property
    def born(self) -> int:
        """The first frame with clicks: before, what was followed is the mother."""
        work = self._desk.workspace
        time = -1 if work is None else work.source.plane_axes.find("T")
        return min((plane[time] for plane in self._wanted), default=0) if time >= 0 else 0

    def drop(self) -> None:
        """Stop to follow it."""
        if following := self._following.interrupt():
            self._desk.runner.drop(following)


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
