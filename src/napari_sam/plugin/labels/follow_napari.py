"""FollowNapari: steps that napari undid or did again, moved in the dock's history; no Qt."""

from collections.abc import Callable

from napari_sam.plugin.layers.labels_layer import LabelsLayer
from napari_sam.plugin.undo.history import Change, History

from .accepted import Accepted
from .label_classes import LabelClasses
from .noted_step import NotedStep
from .safekeeping import Safekeeping


class FollowNapari:
    """Listens to undo and redo of napari in the Labels layer.

    Parameters
    ----------
    labels : LabelsLayer
        The layer.
    keeping : Safekeeping
        Its journal, which notices what napari did.
    history : History
        Moves the steps.
    classes : LabelClasses
        Shown anew.
    """

    def __init__(
        self, labels: LabelsLayer, keeping: Safekeeping, history: History, classes: LabelClasses
    ) -> None:
        self._labels, self._history, self._classes = labels, history, classes
        keeping.undone.connect(self._note_undone)
        keeping.redone.connect(self._note_redone)

    def _note_undone(self, step: NotedStep) -> None:
        self._history.note_undone(_of(step))
        self._show()

    def _note_redone(self, step: NotedStep) -> None:
        self._history.note_redone(_of(step))
        self._show()

    def _show(self) -> None:
        self._labels.search_again()
        self._classes.changed.emit()


def _of(step: NotedStep) -> Callable[[Change], bool]:
    """Whether a change of the history is a step of the journal."""
    return lambda change: isinstance(change, Accepted) and change.step is step
