"""Objects: all objects under way, and the current object for new clicks."""

from collections.abc import Callable, Mapping, Set

from napari.utils.notifications import show_warning
from psygnal import Signal

from napari_sam.image.volume import Plane
from napari_sam.masks.mask import Mask
from napari_sam.masks.pixels.blank import lies_on_blank
from napari_sam.masks.prompted.size import Size
from napari_sam.plugin.desk import Desk
from napari_sam.plugin.layers.read_prompts import FoundPrompts, read_prompts
from napari_sam.plugin.status.availability import REFUSED
from napari_sam.plugin.worker.events import Answer, Event, Question
from napari_sam.plugin.worker.jobs import Job
from napari_sam.plugin.workspace import Workspace

from .accept import accept
from .accept_later import AcceptLater
from .current_object import CurrentObject
from .held import Held
from .object_changes import LabelPickedUp, ObjectsEnded
from .overlaps import without_overlaps
from .size_names import MEANINGS
from .under_way import UnderWayReader

_BLANK = "The image has a single value here: click where there is something to be seen."


class Objects:
    """Prompts by object, questions to the model, and masks by object.

    All objects of one plane are asked of the model together. A pixel that two objects claim is
    shown and accepted for one of them.

    Parameters
    ----------
    desk : Desk
        Has the engine, the runner and the workspace.
    look_again : callable
        Asks for :meth:`read` to be called when the events at hand are through.

    Attributes
    ----------
    current : CurrentObject
        The object to which new clicks belong.
    size : Size
        The size that the first click of the next object means.
    later : AcceptLater
        Accepted objects whose masks are still to come.
    under_way : UnderWayReader
        Reads the objects for the status line.

    Signals
    -------
    numbers_changed : int, list of int
        Number of the current object, and of all objects.
    size_changed : Size
        The size that the next click means.
    slices_changed : dict of tuple to float or None
        Planes of the current object; see :meth:`CurrentObject.slices`.
    """

    numbers_changed = Signal(int, list)
    size_changed = Signal(object)
    slices_changed = Signal(dict)

    def __init__(self, desk: Desk, look_again: Callable[[], None]) -> None:
        self._desk, self._look_again = desk, look_again
        self.later = AcceptLater(desk)
        self.under_way = UnderWayReader(desk, lambda: (self._objects, self.current))
        self._objects: dict[int, CurrentObject] = {}
        self.size = Size.BEST
        self.current = self._begin(1)

    @property
    def unfinished(self) -> bool:
        """Whether masks would be lost if the objects were forgotten."""
        return any(each.unfinished for each in self._objects.values())

    @property
    def followed(self) -> list[CurrentObject]:
        """Followed objects: a correction changes other planes too."""
        return [each for each in self._objects.values() if each.following.goes_on]

    # --- prompts -> masks --------------------------------------------------------------------

    def read(self) -> None:
        """Ask for masks where prompts changed."""
        work = self._desk.look()
        if work is None:
            return
        work.prompts.show_colours()
        layers = work.prompts
        prompts = read_prompts(work.source, work.image, layers.points, layers.shapes)
        if prompts.problems:
            self._refuse(work, prompts)
            return
        self._ask(work, prompts)
        self._forget_untouched()
        self._show_numbers()

    def _ask(self, work: Workspace, prompts: FoundPrompts) -> None:
        questions: dict[Plane, dict[int, Question]] = {}
        for number in self._objects.keys() | prompts.objects.keys():
            each = self._objects.get(number) or self._begin(number)
            for plane, question in each.read(prompts.objects.get(number, {}), self.size).items():
                questions.setdefault(plane, {})[number] = question
        self._desk.runner.drop_replaceable()
        if questions:
            numbers = {number for by_number in questions.values() for number in by_number}
            steps = self._desk.engine.predict(self._desk.settings, work.source, questions)
            finish = lambda: self._answers_came(numbers)  # noqa: E731
            self._desk.runner.submit(
                Job(steps, self._receive, finish, replaceable=True, urgent=True)
            )

    def _refuse(self, work: Workspace, prompts: FoundPrompts) -> None:
        """Remove unusable prompts, and tell the reason; all other prompts are read again."""
        show_warning(prompts.problems[0])
        self._desk.say(prompts.problems[0])
        with work.watch.refusing():
            work.prompts.remove(prompts.bad_points, prompts.bad_shapes)
        self._look_again()

    def _receive(self, event: Event) -> None:
        if not isinstance(event, Answer):
            self._desk.receive(event)
        elif (answered := self._objects.get(event.number)) and self._desk.workspace is not None:
            answered.receive(event)

    def _answers_came(self, numbers: Set[int]) -> None:
        self._desk.renew()
        masks = self.current.masks.values()
        if masks and all(lies_on_blank(mask) for mask in masks):
            self._desk.say(_BLANK)
        for number in numbers & self._objects.keys():
            self._objects[number].answers_came()

    def next_size(self) -> None:
        """Change the size meant by the click on the visible plane, and by later clicks."""
        work = self._desk.workspace
        if work is None:
            return
        plane = work.shown_plane
        size_here = self.current.questions.size_on(plane)
        self.size = (size_here or self.size).next()
        self.size_changed.emit(self.size)
        if size_here is None:
            self._desk.say(f"The next click means: {MEANINGS[self.size]}.")
        else:
            self.current.questions.resize(plane, self.size)
            self.read()

    def ask_again(self) -> None:
        """Forget all answers: the model sees the image differently now."""
        for each in self._objects.values():
            each.questions.ask_again()
        self._look_again()

    # --- what is shown -----------------------------------------------------------------------

    def shown(self) -> dict[int, list[Mask]]:
        """Masks by object number, without overlaps."""
        return without_overlaps({i: e.shown() for i, e in self._objects.items() if e.masks})

    def _show(self) -> None:
        """Show the masks of all objects, and the slices of the current object."""
        if self._desk.workspace is not None:
            self._desk.workspace.show(self.shown())
            self.slices_changed.emit(self.current.slices())
            self._desk.renew()

    def show_again(self) -> None:
        """Show freshly cleaned masks, without asking the model."""
        self._show()

    def _show_numbers(self) -> None:
        self.numbers_changed.emit(self.current.number, sorted(self._objects))
        self._desk.renew()

    # --- from one to the next ----------------------------------------------------------------

    def next(self) -> None:
        """Leave the current object under way, and go to the next or begin another.

        From an object without prompts, go back to the first.
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

    def hold(self, held: Held) -> None:
        """Begin an object with the pixels of a picked up label."""
        numbers = (i for i, e in self._objects.items() if e.held and e.held.label == held.label)
        number = next(numbers, None)
        if number is not None:
            self._choose(number)
        else:
            self._take_up(held)
        self._show_numbers()

    def _take_up(self, held: Held) -> None:
        before = self.current.number
        if self.current.touched:
            self._choose(max(self._objects) + 1)
        self.current.hold(held)
        if self._desk.workspace is not None:
            step = LabelPickedUp(self, self.current, before)
            self._desk.workspace.history.add_prompts(step, f"taking up label {held.label}")

    def _choose(self, number: int) -> None:
        self.current = self._objects.get(number) or self._begin(number)
        if self._desk.workspace is not None:
            self._desk.workspace.prompts.set_object(number)
        self._show()

    def _begin(self, number: int) -> CurrentObject:
        begun = CurrentObject(self._desk, self.later, number, self._show)
        self._objects[number] = begun
        return begun

    def _forget_untouched(self) -> None:
        self._objects = {
            i: each for i, each in self._objects.items() if each.touched or each is self.current
        }

    # --- accept and drop ---------------------------------------------------------------------

    def accept(self, daughter: bool = False) -> None:
        """Make all objects labels in a single step to undo; objects without masks later.

        See :func:`~napari_sam.plugin.objects.accept.accept` for one of them.

        Parameters
        ----------
        daughter : bool
            Accept the current object alone, as a daughter of the label in the frame before.
        """
        work = self._desk.workspace
        chosen = [self.current] if daughter else list(self._objects.values())
        chosen = [each for each in chosen if each.unfinished]
        if work is None or not chosen:
            return
        if daughter and self.current.held:
            self._desk.say("A label under correction keeps its number: Enter puts it back.")
            return
        self._desk.runner.drop_replaceable()
        masks_by_number, how = self.shown(), self._desk.acceptance
        many = f"accepting {len(chosen)} objects" if len(chosen) > 1 else "accepting the object"
        with work.history.one_action(text=many) as step:
            with work.writer.one_step():
                accepted = set()
                for each in chosen:  # two objects with the chosen label would merge
                    each_how = how if each is self.current else how.next_free()
                    masks = masks_by_number.get(each.number, [])
                    if accept(self._desk, self.later, each, masks, work, step, each_how, daughter):
                        accepted.add(each.number)
            self._end(accepted)
        if refused := len(chosen) - len(accepted):
            if accepted:
                self._desk.say(f"{len(accepted)} objects accepted, {refused} not. {REFUSED}")
        elif len(accepted) > 1:
            self._desk.say(f"{len(accepted)} objects accepted.")

    def drop(self) -> None:
        """Forget the current object and remove the prompts of the object."""
        self.current.following.interrupt()
        self._desk.runner.drop_replaceable()
        held = self.current.held
        self._end({self.current.number})
        happened = f"Label {held.label} stays as it was" if held else "Dropped"
        self._desk.say(f"{happened}.")

    def _end(self, numbers: Set[int]) -> None:
        """End objects and remove their prompts."""
        work = self._desk.workspace
        if work is None or not numbers:
            return
        ended = {i: self._objects[i] for i in numbers if self._objects[i].touched}
        with work.watch.ending(ObjectsEnded(self, self.later, ended, self.current.number)):
            self._leave(numbers)
            if len(self._objects) > 1 or self.current.touched:
                work.prompts.remove_objects(numbers)
            else:
                work.prompts.clear()

    def _leave(self, numbers: Set[int]) -> None:
        remaining = {i: e for i, e in self._objects.items() if i not in numbers and e.touched}
        if remaining:
            self._objects = remaining
            current = self.current.number
            self._choose(current if current in remaining else max(remaining))
            self._look_again()  # for answers that did not come before the end
        else:
            self._forget_all()
        self._show()

    def bring_back(self, ended: Mapping[int, CurrentObject], current: int) -> None:
        """Let ended objects be under way again; `current` gets the new clicks."""
        self._objects.update(ended)
        self._choose(current)
        self._look_again()

    def put_away(self, ended: Mapping[int, CurrentObject], current: int | None = None) -> None:
        """End objects once more; their prompts are gone already."""
        for each in ended.values():
            each.following.interrupt()
        self._leave(ended.keys())
        if current is not None:
            self._choose(current)
            self._show_numbers()

    def use(self, work: Workspace) -> None:
        """Let the next prompts on an image belong to the current object."""
        work.prompts.set_object(self.current.number)
        if any(len(layer.data) for layer in work.prompts.layers):
            self._desk.say("Prompts from before are taken up again.")

    def leave(self) -> None:
        """Forget the objects of the image in use; accepted ones still become labels."""
        self._desk.runner.leave_image(keep=self.later.jobs)
        self._forget_all()

    def _forget_all(self) -> None:
        self._objects = {}
        self._choose(1)
        self._show_numbers()
