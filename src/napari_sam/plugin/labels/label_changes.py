"""Label changes: what was accepted and what was painted, taken back and done again; no Qt."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from napari_sam.journal.entry import Entry
from napari_sam.labels.classes import ClassTable

from .lineage import forget_parent, note_parent

if TYPE_CHECKING:
    from napari_sam.plugin.workspace import Workspace


def undo_in_napari(layer: Any) -> bool:
    """Let napari take back what it did last in a Labels layer; False if that is nothing."""
    drawn: list[bool] = []

    def note(event: Any = None) -> None:
        drawn.append(True)

    layer.events.set_data.connect(note)  # napari draws again only if it took something back
    layer.undo()
    layer.events.set_data.disconnect(note)
    return bool(drawn)


@dataclass(slots=True, eq=False)
class LabelChange(ABC):
    """What happened to a Labels layer; nothing is taken back in another one.

    Parameters
    ----------
    work : Workspace
        Whose labels.
    layer : napari.layers.Labels
        The layer as it was then.
    """

    work: "Workspace"
    layer: Any

    @property
    def size(self) -> int:
        """How many bytes it takes; little, unless it has pixels."""
        return 0

    def undo(self) -> bool:
        """Take it back; it can always be done again."""
        if self.work.labels == self.layer:
            self.take_back()
        return True

    def redo(self) -> None:
        """Do it again."""
        if self.work.labels == self.layer:
            self.do_again()

    @abstractmethod
    def take_back(self) -> None:
        """As :meth:`undo`, in the right layer."""

    @abstractmethod
    def do_again(self) -> None:
        """As :meth:`redo`, in the right layer."""


@dataclass(slots=True, eq=False)
class Stroke(LabelChange):
    """A stroke of napari's brush, or whatever else its own tools did; napari keeps the pixels."""

    def take_back(self) -> None:
        """Let napari take it back."""
        self.layer.undo()

    def do_again(self) -> None:
        """Let napari do it again."""
        self.layer.redo()


@dataclass(slots=True, eq=False)
class Accepted(LabelChange):
    """Objects that became labels in one step.

    napari's history has most of them too and must stay in step. It is too small for the largest,
    and forgets; so the pixels are written from here in any case.

    Parameters
    ----------
    work, layer
        See :class:`LabelChange`.
    entries : tuple of Entry
        As in the journal, in order.
    in_napari : bool
        Whether napari's history has the step.
    """

    entries: tuple[Entry, ...]
    in_napari: bool

    @property
    def size(self) -> int:
        """Of the compressed pixels."""
        edits = (edit for entry in self.entries for edit in entry.edits)
        return sum(len(edit.mask) + len(edit.old) + len(edit.new) for edit in edits)

    def take_back(self) -> None:
        """Give the pixels their labels of before."""
        if self.in_napari:
            self.layer.undo()
        labels = self.work.plain_labels()
        for entry in reversed(self.entries):
            entry.take_back(labels)
            if entry.parent:
                forget_parent(self.layer, entry.label)
        self.work.assign_classes(self.work.keeping.note_taken_back())
        self.work.stale = True

    def do_again(self) -> None:
        """Give them the new ones again."""
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


@dataclass(slots=True, eq=False)
class Classified(LabelChange):
    """A change of the classes, or of which label has which.

    Parameters
    ----------
    work, layer
        See :class:`LabelChange`.
    before, after : ClassTable
        All of them.
    """

    before: ClassTable
    after: ClassTable

    def take_back(self) -> None:
        """Let the classes be as they were."""
        self.work.set_classes(self.before)

    def do_again(self) -> None:
        """Let them be as they became."""
        self.work.set_classes(self.after)
