"""Label changes: what was accepted and what was painted, taken back and done again; no Qt."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from napari_sam.journal.entry import Entry
from napari_sam.labels.classes import ClassTable

from .lineage import forget_parent, note_parent

if TYPE_CHECKING:
    from .workspace import Workspace


def undo_in_napari(layer: Any) -> bool:
    """Let napari take back what it did last in a Labels layer; False if that is nothing."""
    drawn: list[bool] = []

    def note(event: Any = None) -> None:
        drawn.append(True)

    layer.events.set_data.connect(note)  # napari draws again only if it took something back
    layer.undo()
    layer.events.set_data.disconnect(note)
    return bool(drawn)


@dataclass(frozen=True, slots=True, eq=False)
class Stroke:
    """A stroke of napari's brush, or whatever else its own tools did to the labels.

    Parameters
    ----------
    work : Workspace
        Whose labels.
    layer : napari.layers.Labels
        The layer as it was then; nothing happens if there is another one now.
    """

    work: "Workspace"
    layer: Any
    size: int = 0  # napari keeps it

    def undo(self) -> bool:
        """Let napari take it back."""
        if self.work.labels == self.layer:
            self.layer.undo()
        return True

    def redo(self) -> None:
        """Let napari do it again."""
        if self.work.labels == self.layer:
            self.layer.redo()


@dataclass(frozen=True, slots=True, eq=False)
class Accepted:
    """Objects that became labels in one step.

    napari's history has most of them too and must stay in step. It is too small for the largest,
    and forgets; so the pixels are written from here in any case.

    Parameters
    ----------
    work : Workspace
        Whose labels.
    layer : napari.layers.Labels
        The layer as it was then; nothing happens if there is another one now.
    entries : tuple of Entry
        As in the journal, in order.
    in_napari : bool
        Whether napari's history has the step.
    """

    work: "Workspace"
    layer: Any
    entries: tuple[Entry, ...]
    in_napari: bool

    @property
    def size(self) -> int:
        """Of the compressed pixels."""
        edits = (edit for entry in self.entries for edit in entry.edits)
        return sum(len(edit.mask) + len(edit.old) + len(edit.new) for edit in edits)

    def undo(self) -> bool:
        """Give the pixels their labels of before."""
        if self.work.labels != self.layer:
            return True
        if self.in_napari:
            self.layer.undo()
        labels = self.work.plain_labels()
        for entry in reversed(self.entries):
            entry.take_back(labels)
            if entry.parent:
                forget_parent(self.layer, entry.label)
        self.work.assign_classes(self.work.keeping.note_taken_back())
        self.work.stale = True
        return True

    def redo(self) -> None:
        """Give them the new ones again."""
        if self.work.labels != self.layer:
            return
        self.work.keeping.note_again(self.entries, self.layer)
        if self.in_napari:
            self.layer.redo()
        labels = self.work.plain_labels()
        for entry in self.entries:
            entry.apply(labels)
            if entry.classes is not None:
                self.work.assign_classes(entry.classes.of_label)
            if entry.parent:
                note_parent(self.layer, entry.label, entry.parent)
        self.work.stale = True


@dataclass(frozen=True, slots=True, eq=False)
class Classified:
    """A change of the classes, or of which label has which.

    Parameters
    ----------
    work : Workspace
        Whose labels.
    layer : napari.layers.Labels
        The layer as it was then; nothing happens if there is another one now.
    before, after : ClassTable
        All of them.
    """

    work: "Workspace"
    layer: Any
    before: ClassTable
    after: ClassTable
    size: int = 0  # next to nothing

    def undo(self) -> bool:
        """Let the classes be as they were."""
        if self.work.labels == self.layer:
            self.work.set_classes(self.before)
        return True

    def redo(self) -> None:
        """Let them be as they became."""
        if self.work.labels == self.layer:
            self.work.set_classes(self.after)
