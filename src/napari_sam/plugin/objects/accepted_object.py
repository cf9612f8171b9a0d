"""AcceptedObject: an object at the moment of acceptance, and the way to a label."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from napari_sam.errors import NapariSamError
from napari_sam.image.volume import Plane
from napari_sam.journal.entry import Origin
from napari_sam.labels.paint import OverlapPolicy
from napari_sam.masks.mask import Mask
from napari_sam.plugin.desk import Desk
from napari_sam.plugin.labels.acceptance import Acceptance
from napari_sam.plugin.layers.read_prompts import PlanePrompts
from napari_sam.plugin.status.availability import REFUSED
from napari_sam.plugin.undo.history import Step
from napari_sam.plugin.workspace import Workspace

from .cleaned import Cleaned
from .held import Held
from .writable import accepted_as, writable

NOTHING_LEFT = "Nothing accepted: it is empty, or all of it belongs to others."


@dataclass(frozen=True, slots=True, eq=False)
class AcceptedObject:
    """Object at the moment of acceptance; masks may be missing.

    Parameters
    ----------
    desk : Desk
        Tells the user.
    work : Workspace
        Has the labels.
    step : Step
        The step to undo that the label belongs to, however late it comes.
    how : Acceptance
        The user's choice at that moment.
    prompts : mapping of tuple to PlanePrompts
        Prompts by plane at that moment.
    origin : Origin
        Prompts and model, for the journal.
    held : Held or None
        The label that the object was, if it was picked up.
    daughter : bool
        Whether it is a daughter of the label in the frame before, which divided.
    born : int
        First frame of a daughter: in earlier frames, the followed masks are the mother.
    """

    desk: Desk
    work: Workspace
    step: Step
    how: Acceptance
    prompts: Mapping[Plane, PlanePrompts]
    origin: Origin
    held: Held | None = None
    daughter: bool = False
    born: int = 0

    def paint_uncleaned(self, masks: Sequence[Mask]) -> bool:
        """Clean unseen masks, then :meth:`paint` the object."""
        cleaned = Cleaned(self.held.masks if self.held else None)
        by_plane = {mask.plane: mask for mask in masks}
        return self.paint(list(cleaned.of(by_plane, self.prompts, self.how.cleaning).values()))

    def paint(self, masks: Sequence[Mask]) -> bool:
        """Make masks a label: into the journal, then the Labels layer and the history.

        Parameters
        ----------
        masks : sequence of Mask
            At most one a plane, cleaned.

        Returns
        -------
        bool
            False, and the user is told why, if the object cannot become a label.
        """
        with self.work.history.one_action(self.step):
            if self.work.image not in self.work.viewer.layers:  # removed since acceptance
                return False
            try:
                if self.daughter:
                    return self._paint_daughter(masks)
                if self.held:
                    return self._put_back(masks, self.held)
                return self._paint(masks)
            except NapariSamError as error:  # a refusal: the user reads why, and nothing is broken
                self.desk.say(f"Not accepted: {error}.")
                return False

    def _paint(self, masks: Sequence[Mask]) -> bool:
        label, area = self.work.writer.accept(masks, self.origin, self.how)
        only_background = self.how.policy is OverlapPolicy.ONLY_BACKGROUND
        if area:
            self.desk.say(f"Object {label} accepted, {area} pixels.")
        elif only_background and any(not mask.empty for mask in masks):
            self.desk.say(f"Not accepted: {REFUSED[0].lower()}{REFUSED[1:]}")
            return False
        else:
            self.desk.say(NOTHING_LEFT)
        return True

    def _put_back(self, masks: Sequence[Mask], held: Held) -> bool:
        """Paint a corrected label; the origin is the label itself, not prompts."""
        if all(mask.empty for mask in masks):
            self.desk.say(f"Nothing is left of label {held.label}: Escape leaves it as it was.")
            return False
        self.work.labels_layer.ensure()
        labels = self.work.labels_layer.plain()
        count = writable(masks, labels, self.how, held)
        how, erased = accepted_as(self.how, held), held.erased(labels, masks)
        self.work.writer.accept(masks, self.desk.engine.origin, how, erased)
        self.desk.say(f"Label {held.label} is put back, {count.pixels} pixels.")
        return True

    def _paint_daughter(self, masks: Sequence[Mask]) -> bool:
        """Paint a daughter from the frame of birth on."""
        time = self.work.source.plane_axes.find("T")
        since_birth = [m for m in masks if not m.empty and (time < 0 or m.plane[time] >= self.born)]
        if not since_birth:
            self.desk.say("Nothing found here: click elsewhere on the daughter.")
            return False
        writer = self.work.writer
        label, mother = writer.accept_daughter(since_birth, self.origin, self.how.of_class)
        self.desk.say(f"Object {label} is a daughter of {mother}.")
        return True
