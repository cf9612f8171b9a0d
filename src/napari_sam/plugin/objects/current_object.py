"""CurrentObject: an object under way, from the first prompt to accept or drop."""

from collections.abc import Callable, Mapping, Set
from dataclasses import replace

from napari_sam.image.volume import Plane
from napari_sam.journal.entry import Origin
from napari_sam.masks.mask import Mask
from napari_sam.masks.prompted.size import Size
from napari_sam.plugin.desk import Desk
from napari_sam.plugin.follow.following import Following
from napari_sam.plugin.layers.read_prompts import PlanePrompts
from napari_sam.plugin.undo.exchange import Exchange
from napari_sam.plugin.worker.events import Answer, Question
from napari_sam.plugin.worker.jobs import Job

from .absence import emptied, is_absent
from .accept_later import AcceptLater
from .cleaned import Cleaned
from .held import Held
from .object_state import ObjectState
from .offered_mask import OfferedMask, offer_after
from .questions import Questions


class CurrentObject:
    """Prompts and masks of an object on any number of planes.

    Parameters
    ----------
    desk : Desk
        Has the engine, the runner and the workspace.
    later : AcceptLater
        Paints the object if it was accepted before it was followed to its end.
    number : int
        Number among the objects under way, from 1.
    changed : callable
        Called when other masks are to be shown.

    Attributes
    ----------
    masks : dict of tuple to Mask
        Masks as the model gave them, by plane.
    questions : Questions
        Prompts, and answers that are still to come.
    following : Following
        Masks on further planes.
    held : Held or None
        The label that the object is, if it was picked up.
    offered : OfferedMask or None
        The mask before the last click, if the click changed much far from it.
    """

    def __init__(
        self, desk: Desk, later: AcceptLater, number: int, changed: Callable[[], None]
    ) -> None:
        self._desk, self._later, self.number, self._changed = desk, later, number, changed
        self.masks: dict[Plane, Mask] = {}
        self.following = Following(
            desk, self.masks, self._known, lambda: self.waiting, self._show, self._followed
        )
        self.questions = Questions(self.following.brought)
        self._corrected: set[Plane] = set()
        self._cleaned = Cleaned()
        self.held: Held | None = None
        self.offered: OfferedMask | None = None

    @property
    def unfinished(self) -> bool:
        """Whether masks would be lost if the object was forgotten."""
        return bool(self.masks or self.questions.asked)

    @property
    def touched(self) -> bool:
        """Whether the object has masks or any prompts, even background clicks alone."""
        return bool(self.masks or self.questions.prompts)

    @property
    def waiting(self) -> bool:
        """Whether an answer of the model is still to come."""
        return bool(self.questions.missing)

    @property
    def nbytes(self) -> int:
        """Bytes of the masks, about."""
        masks = (*self.masks.values(), *self.following.brought.values())
        return sum(mask.pixels.nbytes for mask in masks)

    @property
    def origin(self) -> Origin:
        """Prompts and model behind the masks, for the journal."""
        by_plane = self.questions.prompts.values()
        prompts = tuple(prompt for on_plane in by_plane for prompt in on_plane.prompts)
        return replace(self._desk.engine.origin, prompts=prompts)

    def shown(self) -> dict[Plane, Mask]:
        """Cleaned masks by plane, for the preview and for acceptance."""
        how = self._desk.acceptance.cleaning
        return self._cleaned.of(self.masks, self.questions.prompts, how)

    def hold(self, held: Held) -> None:
        """Begin as an accepted label, to be corrected by clicks."""
        self.held = held
        self._cleaned = Cleaned(held.masks)
        self.following.brought.update(held.masks)
        self.masks.update(held.masks)
        self._show()

    # --- prompts -> masks --------------------------------------------------------------------

    def read(self, prompts: Mapping[Plane, PlanePrompts], size: Size) -> dict[Plane, Question]:
        """Take the current prompts; returns the open questions for the model.

        Planes without prompts lose their masks; followed planes get the followed mask again. A
        first click that is new means an object of `size`.
        """
        chosen = self.questions.take(prompts, size)
        self._forget_planes(prompts)
        if chosen:
            self._take_chosen(chosen)
        questions = self.questions.to_ask()
        if questions:
            self.offered = None
            self.following.interrupt()
        return questions

    def _forget_planes(self, prompts: Mapping[Plane, PlanePrompts]) -> None:
        followed = self.following.brought
        positive = {plane for plane, on_plane in prompts.items() if on_plane.positive}
        without_prompts = [p for p in self.questions.answered if p not in prompts]
        without_mask = [p for p in self.masks if p not in positive and p not in followed]
        for plane in (*without_prompts, *without_mask):
            self.questions.forget(plane)
            if plane in followed:
                self.masks[plane] = followed[plane]
            else:
                self.masks.pop(plane, None)
        if without_prompts or without_mask:
            self._show()

    def receive(self, answer: Answer) -> None:
        """Take the model's mask on a plane."""
        mask, before = self._unless_absent(answer), self.masks.get(answer.plane)
        is_denied = mask is not answer.mask  # the user's word, and no correction that went wrong
        self.offered = None if is_denied else offer_after(self.questions, before, answer)
        self.masks[answer.plane] = mask
        self.questions.note_answer(answer)
        self._corrected.add(answer.plane)
        self._show()

    def _unless_absent(self, answer: Answer) -> Mask:
        """The mask of an answer; empty on a followed plane where the user denies the object."""
        followed = self.following.followed_on(answer.plane)
        prompts = self.questions.prompts.get(answer.plane)
        if followed is None or prompts is None:
            return answer.mask
        absent = is_absent(followed, answer.mask, prompts.prompts)
        return emptied(answer.mask) if absent else answer.mask

    def answers_came(self) -> None:
        """Go on following after answers: a correction changes planes up to the next prompts."""
        corrected, self._corrected = self._corrected, set()
        self.following.answers_came(corrected)

    def choose(self, offered: OfferedMask) -> None:
        """Take an offered mask in place of the answer; further clicks correct the mask."""
        mask = offered.correction.near_only
        self.questions.choose(offered.plane, mask)
        self._take_chosen({offered.plane: mask})

    def _take_chosen(self, masks: Mapping[Plane, Mask]) -> None:
        self.offered = None
        self.masks.update(masks)
        self.following.interrupt()
        self.following.answers_came(masks.keys())
        self._show()

    # --- through the planes ------------------------------------------------------------------

    def follow(self, axis: str | None) -> None:
        """Find the object on all planes within reach of the planes with prompts.

        Parameters
        ----------
        axis : str or None
            Letter of the axis; None for an image of one plane.
        """
        if axis is None:
            self._desk.say("The image is a single slice: there is nowhere to follow the object.")
        elif self.following.can_begin() and (work := self._desk.workspace) is not None:
            work.history.add_prompts(Exchange({self: self.state()}), "following the object")
            self.following.begin(axis)

    def slices(self) -> dict[Plane, float | None]:
        """Unsureness by plane of a followed object, from 0 to 1; None for planes with prompts."""
        if not self.following.brought:
            return {}
        unsure, answered = self.following.unsure, self.questions.answered
        return {
            plane: None if plane in answered else unsure.get(plane, 0.0)
            for plane, mask in self.masks.items()
            if not mask.empty
        }

    def _known(self) -> Set[Plane]:
        """Planes seen by the user: planes with answered clicks, or of the picked up label."""
        return self.questions.answered | (self.held.masks.keys() if self.held else set())

    def _followed(self, job: Job, completed: bool) -> None:
        masks = list(self.masks.values())
        if not self._later.paint(self, job, masks):
            self._desk.renew()

    def _show(self) -> None:
        if not self._later.waits_for(self):  # accepted: no object of the preview any more
            self._changed()

    # --- undo, and the end -------------------------------------------------------------------

    def state(self) -> ObjectState:
        """Copy of the object, without prompts."""
        asked, answered = self.questions.state()
        chosen = self.questions.chosen.state()
        return ObjectState(
            dict(self.masks), asked, answered, self.following.reach, chosen, self.offered
        )

    def restore(self, state: ObjectState) -> None:
        """Restore a copy; following goes on if the copy was being followed."""
        self.following.interrupt()
        self.masks.clear()
        self.masks.update(state.masks)
        self.questions.restore(state.questions, state.answered)
        self.questions.chosen.restore(state.chosen)
        self.offered = state.offered
        self.following.go_back(state.reach)
        self._corrected.clear()
        self._show()
        if state.reach.running and state.reach.axis is not None:
            self.following.begin(state.reach.axis)
