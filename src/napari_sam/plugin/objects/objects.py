"""Objects: those under way at once; one of them is the current one, to which new clicks belong."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence, Set
from typing import Any

from napari.utils.notifications import show_warning

from napari_sam.image.volume import Plane
from napari_sam.masks.mask import Mask
from napari_sam.masks.pixels.contested import share_contested
from napari_sam.masks.prompted.size import Size
from napari_sam.plugin.desk import FIRST_HINT, Desk
from napari_sam.plugin.layers.read_prompts import FoundPrompts, read_prompts
from napari_sam.plugin.undo.history import Step
from napari_sam.plugin.undo.prompt_watch import PickedUp
from napari_sam.plugin.worker.events import Answer
from napari_sam.plugin.worker.jobs import Job
from napari_sam.plugin.workspace import Workspace

from .current_object import CurrentObject, Painter
from .held import Held
from .painting import REFUSED, painter

_MEANING = {
    Size.BEST: "what the model thinks best",
    Size.SMALL: "a small object, or a part of one",
    Size.MEDIUM: "an object of medium size",
    Size.LARGE: "a large object, or a cluster",
}


class Objects:
    """What the user points at, object by object, and the masks that come of it.

    Those of one plane are asked of the model together. Where two claim a pixel, one has it.

    Parameters
    ----------
    desk : Desk
        The controller.
    look_again : callable
        Asks for :meth:`read` to be called when the events at hand are through.

    Attributes
    ----------
    current : CurrentObject
        The one to which new clicks belong.
    size : Size
        What the next object's first click means.
    """

    def __init__(self, desk: Desk, look_again: Callable[[], None]) -> None:
        self._desk, self._look_again = desk, look_again
        self._objects: dict[int, CurrentObject] = {}
        self.size = Size.BEST
        self.current = self._begin(1)

    @property
    def unfinished(self) -> bool:
        """Whether something would be lost by forgetting them."""
        return any(one.unfinished for one in self._objects.values())

    @property
    def followed(self) -> list[CurrentObject]:
        """Those that a correction changes on other planes too."""
        return [one for one in self._objects.values() if one.followed]

    # --- prompts -> masks --------------------------------------------------------------------

    def read(self) -> None:
        """Ask for masks where prompts changed."""
        work = self._desk.look()
        if work is None:
            return
        work.show_colours()
        found = read_prompts(work.source, work.image, work.points, work.shapes)
        if found.problems:
            self._refuse(work, found)
            return
        self._ask(work, found)
        self._forget_untouched()
        self._desk.object_changed(any(one.touched for one in self._objects.values()))
        self._show_numbers()

    def _ask(self, work: Workspace, found: FoundPrompts) -> None:
        todo: dict[Plane, dict[int, Any]] = {}
        for number in self._objects.keys() | found.objects.keys():
            one = self._objects.get(number) or self._begin(number)
            for plane, asked in one.read(found.objects.get(number, {}), self.size).items():
                todo.setdefault(plane, {})[number] = asked
        self._desk.runner.drop_replaceable()
        if todo:
            asked_for = {number for own in todo.values() for number in own}
            steps = self._desk.engine.predict(self._desk.settings, work.source, todo)
            finish = lambda: self._answers_came(asked_for)  # noqa: E731
            self._desk.runner.submit(
                Job(steps, self._receive, finish, replaceable=True, urgent=True)
            )
        elif found.objects and not self.unfinished:
            self._desk.say("Background only: click on the object too [Q].")

    def _refuse(self, work: Workspace, found: FoundPrompts) -> None:
        """Take away what cannot be used, and say why; what is left is read again."""
        show_warning(found.problems[0])
        self._desk.say(found.problems[0])
        with work.watch.refusing():
            work.remove_prompts(found.bad_points, found.bad_shapes)
        self._look_again()

    def _receive(self, event: Any) -> None:
        if not isinstance(event, Answer):
            self._desk.receive(event)
        elif (one := self._objects.get(event.number)) and self._desk.workspace is not None:
            one.receive(event)

    def _answers_came(self, numbers: Set[int]) -> None:
        self.current.describe()
        for number in numbers & self._objects.keys():
            self._objects[number].answers_came()

    def next_size(self) -> None:
        """Let the click on the plane that is shown mean another size, and the next clicks too."""
        work = self._desk.workspace
        if work is None:
            return
        plane = work.shown_plane
        here = self.current.size_on(plane)
        self.size = (here or self.size).next()
        self._desk.show_size(self.size)
        if here is None:
            self._desk.say(f"The next click means: {_MEANING[self.size]}.")
        else:
            self.current.resize(plane, self.size)
            self.read()

    def ask_again(self) -> None:
        """Forget which prompts were answered: the model sees something else now."""
        for one in self._objects.values():
            one.ask_again()
        self._look_again()

    # --- what is shown -----------------------------------------------------------------------

    def shown(self) -> dict[int, list[Mask]]:
        """Masks of each object by its number; no pixel is in two of them."""
        masks = {i: one.shown() for i, one in self._objects.items() if one.masks}
        claims = Counter(plane for own in masks.values() for plane in own)
        for plane in (plane for plane, count in claims.items() if count > 1):
            here = {i: own[plane] for i, own in masks.items() if plane in own}
            for i, mask in share_contested(here).items():
                masks[i][plane] = mask
        return {i: list(own.values()) for i, own in masks.items()}

    def show(self) -> None:
        """Show the masks, and where they were followed to."""
        if self._desk.workspace is not None:
            self._desk.workspace.show(self.shown())
            self._desk.show_followed(self.current.slices())

    def show_again(self) -> None:
        """Show and describe the masks as they are cleaned now; the model is not asked."""
        self.show()
        if self.current.masks:
            self.current.describe()

    def _show_numbers(self) -> None:
        self._desk.show_objects(self.current.number, sorted(self._objects))

    # --- from one to the next ----------------------------------------------------------------

    def next(self) -> None:
        """Leave the current object as it is and go to the next, or begin another.

        From one that was not begun, back to the first.
        """
        number = self.current.number
        if self.current.touched:
            later = [other for other in self._objects if other > number]
            self._choose(min(later, default=number + 1))
        elif len(self._objects) > 1:
            self._choose(min(self._objects))
        else:
            self._desk.say("Click on an object first: then J begins another one beside it.")
            return
        self._forget_untouched()
        self._show_numbers()
        count = len(self._objects)
        what = f"Object {self.current.number} of {count}" if self.current.touched else FIRST_HINT
        self._desk.say(f"{what.rstrip('.')}. Enter accepts all {count}, J goes on.")

    def hold(self, held: Held) -> None:
        """Begin an object that is a label already, beside those under way."""
        there = (i for i, one in self._objects.items() if one.held and one.held.label == held.label)
        number = next(there, None)
        if number is not None:
            self._choose(number)
        else:
            self._take_up(held)
        self._desk.object_changed(True)
        self._show_numbers()
        where = f" on {len(held.masks)} slices" if len(held.masks) > 1 else ""
        self._desk.say(
            f"Label {held.label} picked up{where}: clicks correct it, Enter puts it back, "
            "Escape leaves it as it was."
        )

    def _take_up(self, held: Held) -> None:
        before = self.current.number
        if self.current.touched:
            self._choose(max(self._objects) + 1)
        self.current.hold(held)
        if self._desk.workspace is not None:
            step = PickedUp(self, self.current, before)
            self._desk.workspace.history.add_prompts(step)

    def _choose(self, number: int) -> None:
        self.current = self._objects.get(number) or self._begin(number)
        if self._desk.workspace is not None:
            self._desk.workspace.set_object(number)
        self.show()

    def _begin(self, number: int) -> CurrentObject:
        one = self._objects[number] = CurrentObject(self._desk, number, self.show)
        return one

    def _forget_untouched(self) -> None:
        self._objects = {
            i: one for i, one in self._objects.items() if one.touched or one is self.current
        }

    # --- accept and drop ---------------------------------------------------------------------

    def accept(self, daughter: bool = False) -> None:
        """Make all objects labels, in one step; those whose masks are missing, as soon as they are.

        Parameters
        ----------
        daughter : bool
            Only the current one, as a daughter of the object that was there in the frame before.
        """
        work = self._desk.workspace
        chosen = [self.current] if daughter else list(self._objects.values())
        chosen = [one for one in chosen if one.unfinished]
        if work is None or not chosen:
            return
        if daughter and self.current.held:
            self._desk.say("A label that was picked up stays who it is: Enter puts it back.")
            return
        self._desk.runner.drop_replaceable()
        shown = self.shown()
        with work.history.one_action() as step:
            with work.one_step():
                done = {
                    one.number
                    for one in chosen
                    if one.accept(
                        shown.get(one.number, []), self._painter(work, one, daughter, step)
                    )
                }
            self._end(done)
        if refused := len(chosen) - len(done):
            if done:
                self._desk.say(f"{len(done)} objects accepted, {refused} not: {REFUSED}")
        elif len(done) > 1:
            self._desk.say(f"{len(done)} objects accepted. {FIRST_HINT}")

    def _painter(self, work: Workspace, one: CurrentObject, daughter: bool, step: Step) -> Painter:
        how = self._desk.acceptance
        if one is not self.current:  # two objects with the chosen label would be one
            how = how.next_free()
        paint = painter(self._desk, work, one, daughter, how)

        def paint_in_step(masks: Sequence[Mask]) -> bool:
            with work.history.one_action(step):  # it may come late, but it belongs to that action
                return paint(masks)

        return paint_in_step

    def drop(self) -> None:
        """Forget the current object and its prompts."""
        self.current.drop()
        self._desk.runner.drop_replaceable()
        held = self.current.held
        self._end({self.current.number})
        what = f"Label {held.label} stays as it was" if held else "Dropped"
        self._desk.say(f"{what}. {FIRST_HINT}")

    def _end(self, numbers: Set[int]) -> None:
        """Take objects off the desk, with their prompts."""
        work = self._desk.workspace
        if work is None or not numbers:
            return
        ended = {i: self._objects[i] for i in numbers if self._objects[i].touched}
        with work.watch.ending(self, ended, self.current.number):
            self._leave(numbers)
            if len(self._objects) > 1 or self.current.touched:
                work.remove_objects(numbers)
            else:
                work.clear_prompts()

    def _leave(self, numbers: Set[int]) -> None:
        left = {i: one for i, one in self._objects.items() if i not in numbers and one.touched}
        if left:
            self._objects = left
            self._choose(self.current.number if self.current.number in left else max(left))
            self._look_again()  # for answers that did not come before the end
        else:
            self.forget()
        self.show()
        self._desk.object_changed(bool(left))

    def bring_back(self, ended: Mapping[int, CurrentObject], current: int) -> None:
        """Let objects that ended be under way again, as they were."""
        self._objects.update(ended)
        self._choose(current)
        self._look_again()

    def put_away(self, ended: Mapping[int, CurrentObject], current: int | None = None) -> None:
        """End them once more; their prompts are gone already."""
        for one in ended.values():
            one.drop()
        self._leave(ended.keys())
        if current is not None:
            self._choose(current)
            self._show_numbers()

    def forget(self) -> None:
        """Forget the objects; the prompts stay in their layers."""
        self._objects = {}
        self._choose(1)
        self._desk.object_changed(False)
        self._show_numbers()
