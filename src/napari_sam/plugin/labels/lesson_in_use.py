"""LessonInUse: what the model learned from the labels of an image; no Qt."""

from dataclasses import dataclass
from pathlib import Path

from napari.layers import Labels
from psygnal import Signal

from napari_sam.journal.entry import LEARNED, Entry
from napari_sam.journal.lesson_record import LessonRecord
from napari_sam.plugin.layers.conventions import LESSON_KEY
from napari_sam.plugin.layers.labels_layer import LabelsLayer
from napari_sam.plugin.undo.history import History

from .label_changes import LabelChange
from .safekeeping import Safekeeping


class LessonInUse:
    """The lesson of the model that answers, kept in the Labels layer and noted in the journal.

    The delta itself is a file beside the journal; the worker reads it.

    Parameters
    ----------
    labels : LabelsLayer
        The layer.
    keeping : Safekeeping
        Its journal.
    history : History
        Gets a change for each lesson.

    Signals
    -------
    changed
        The model that answers has changed.
    """

    changed = Signal()

    def __init__(self, labels: LabelsLayer, keeping: Safekeeping, history: History) -> None:
        self._labels, self._keeping, self._history = labels, keeping, history
        labels.replaced.connect(self._replaced)

    def _replaced(self, layer: Labels) -> None:
        self.changed.emit()

    @property
    def now(self) -> LessonRecord | None:
        """The lesson in use; None for the model as it was."""
        layer = self._labels.layer
        record = None if layer is None else layer.metadata.get(LESSON_KEY)
        return record if isinstance(record, LessonRecord) else None

    @property
    def folder(self) -> Path:
        """Folder of the deltas: that of the journal."""
        return self._keeping.journal.journal.path.parent

    def change(self, lesson: LessonRecord | None) -> None:
        """Use a lesson, or None, as a part of the open step."""
        layer = self._labels.ensure()
        change = Taught(self._labels, layer, self, lesson)
        change.redo()
        self._history.add_labels(change)

    def exchange(self, lesson: LessonRecord | None) -> LessonRecord | None:
        """Use a lesson, or None; returns the former one."""
        before, layer = self.now, self._labels.layer
        if layer is not None:
            layer.metadata[LESSON_KEY] = lesson
            self._keeping.append(Entry(LEARNED, lesson=lesson))
        self.changed.emit()
        return before


@dataclass(slots=True, eq=False)
class Taught(LabelChange):
    """A change of the lesson in use.

    Parameters
    ----------
    labels, layer
        See :class:`LabelChange`.
    lessons : LessonInUse
        Of the layer.
    other : LessonRecord or None
        The lesson to exchange with that of now.
    """

    lessons: LessonInUse
    other: LessonRecord | None

    def take_back(self) -> None:
        """Use the lesson of before."""
        self.other = self.lessons.exchange(self.other)

    def do_again(self) -> None:
        """Use the lesson of after."""
        self.take_back()
