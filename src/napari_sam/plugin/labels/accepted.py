"""Accepted: a step of accepted or painted objects, undone and done again; no Qt."""

from dataclasses import dataclass

from .label_changes import LabelChange
from .label_classes import LabelClasses
from .layer_journal import LayerJournal
from .noted_step import NotedStep


@dataclass(slots=True, eq=False)
class Accepted(LabelChange):
    """Change of the labels by a step of accepted objects, or by a stroke of napari's own tools.

    napari's own history has most of these steps too; its undo and redo are called so that both
    histories stay aligned. It lacks the largest steps and drops old ones, so the pixels are always
    written from the entries of the journal.

    Parameters
    ----------
    labels, layer
        See :class:`LabelChange`.
    journal : LayerJournal
        The journal of the layer.
    classes : LabelClasses
        The classes of its labels.
    step : NotedStep
        The entries of the step in the journal, in order.
    in_napari : bool
        Whether napari's history has the step.
    """

    journal: LayerJournal
    classes: LabelClasses
    step: NotedStep
    in_napari: bool

    @property
    def size(self) -> int:
        """Bytes of the compressed pixels."""
        return self.step.size

    def take_back(self) -> None:
        """Paint the labels of before."""
        labels = self.journal.labels
        with self.journal.quietly():
            if self.in_napari:
                self.layer.undo()
            for entry in reversed(self.step.entries):
                entry.take_back(labels)
        self.journal.take_back(self.step)
        self.classes.changed.emit()
        self.labels.stale = True

    def do_again(self) -> None:
        """Paint the labels of after, once more."""
        self.journal.do_again(self.step)
        labels = self.journal.labels
        with self.journal.quietly():
            if self.in_napari:
                self.layer.redo()
            for entry in self.step.entries:
                entry.apply(labels)
        self.journal.compare(self.step.regions)
        self.classes.changed.emit()
        self.labels.stale = True
