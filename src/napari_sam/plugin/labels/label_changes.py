"""Label changes: base of undoable changes of a Labels layer, and brush strokes; no Qt."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

from napari.layers import Labels
from napari.utils.events import Event

from napari_sam.plugin.layers.labels_layer import LabelsLayer

from .layer_journal import LayerJournal


def undo_in_napari(layer: Labels) -> bool:
    """Let napari undo the last step in a Labels layer; False for an empty history."""
    drawn: list[bool] = []

    def note(event: Event | None = None) -> None:
        drawn.append(True)

    layer.events.set_data.connect(note)  # napari draws again only if it undid something
    layer.undo()
    layer.events.set_data.disconnect(note)
    return bool(drawn)


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
        self.layer.undo()
        self.journal.compare(everywhere=True)

    def do_again(self) -> None:
        """Let napari do the change again."""
        self.layer.redo()
        self.journal.compare(everywhere=True)
