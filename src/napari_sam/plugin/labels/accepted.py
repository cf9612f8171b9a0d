"""Accepted: a step of accepted objects, undone and done again; no Qt."""

from dataclasses import dataclass

from napari_sam.journal.entry import Entry

from .label_changes import LabelChange
from .label_classes import LabelClasses
from .lineage import forget_parent, note_parent
from .safekeeping import Safekeeping


@dataclass(slots=True, eq=False)
class Accepted(LabelChange):
    """Change of the labels by a step of accepted objects.

    napari's own history has most of these steps too; its undo and redo are called so that both
    histories stay aligned. It lacks the largest steps and drops old ones, so the pixels are always
    written from the entries of the journal.

    Parameters
    ----------
    labels, layer
        See :class:`LabelChange`.
    keeping : Safekeeping
        The journal of the layer.
    classes : LabelClasses
        The classes of its labels.
    entries : tuple of Entry
        The entries of the step in the journal, in order.
    in_napari : bool
        Whether napari's history has the step.
    """

    keeping: Safekeeping
    classes: LabelClasses
    entries: tuple[Entry, ...]
    in_napari: bool

    @property
    def size(self) -> int:
        """Bytes of the compressed pixels."""
        edits = (edit for entry in self.entries for edit in entry.edits)
        return sum(len(edit.mask) + len(edit.old) + len(edit.new) for edit in edits)

    def take_back(self) -> None:
        """Paint the labels of before."""
        if self.in_napari:
            self.layer.undo()
        labels = self.labels.plain()
        for entry in reversed(self.entries):
            entry.take_back(labels)
            if entry.parent:
                forget_parent(self.layer, entry.label)
        self.classes.assign(self.keeping.note_taken_back())
        self.labels.stale = True

    def do_again(self) -> None:
        """Paint the labels of after, once more."""
        self.keeping.note_again(self.entries, self.layer)
        if self.in_napari:
            self.layer.redo()
        labels = self.labels.plain()
        for entry in self.entries:
            entry.apply(labels)
            if entry.classes is not None:
                self.classes.assign(entry.classes.of_label)
            if entry.parent:
                note_parent(self.layer, entry.label, entry.parent)
        self.labels.stale = True
