"""Label changes: base of undoable changes of a Labels layer, and brush strokes; no Qt."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

from napari.layers import Labels

from napari_sam.plugin.layers.labels_layer import LabelsLayer

from .layer_journal import LayerJournal


@dataclass(slots=True, eq=False)
class LabelChange(ABC):
    """A change of a Labels layer; as long as another layer is in use, nothing is undone.

    Parameters
    ----------
    labels : LabelsLayer
        Knows the layer in use.
    layer : napari.layers.Labels
        The layer that was changed.
    """

    labels: LabelsLayer
    layer: Labels

    @property
    def size(self) -> int:
        """Bytes kept by the change: none without pixels."""
        return 0

    def undo(self) -> bool:
        """Undo the change; returns True, for redo always works."""
        if self.labels.layer == self.layer:
            self.take_back()
        return True

    def redo(self) -> None:
        """Do the change again."""
        if self.labels.layer == self.layer:
            self.do_again()

    @abstractmethod
    def take_back(self) -> None:
        """Undo the change of the layer in use."""

    @abstractmethod
    def do_again(self) -> None:
        """Do the change of the layer in use again."""


@dataclass(slots=True, eq=False)
class Stroke(LabelChange):
    """Change from before the dock was opened; napari's history keeps the pixels.

    Parameters
    ----------
    labels, layer
        See :class:`LabelChange`.
    journal : LayerJournal
        The journal of the layer.
    """

    journal: LayerJournal

    def take_back(self) -> None:
        """Let napari undo the change."""
        self.journal.let_napari(self.layer.undo)

    def do_again(self) -> None:
        """Let napari do the change again."""
        self.journal.let_napari(self.layer.redo)
