"""LabelClasses: the table of classes of an image's labels; no Qt."""

from collections.abc import Mapping
from dataclasses import dataclass

from psygnal import Signal

from napari_sam.journal.entry import CLASSES, Entry
from napari_sam.labels.classes import ClassTable
from napari_sam.plugin.layers.labels_layer import LabelsLayer
from napari_sam.plugin.undo.history import History

from .class_layer import classes_of_layer, set_classes
from .label_changes import LabelChange
from .safekeeping import Safekeeping


class LabelClasses:
    """Classes, and the class of each label, kept in the Labels layer and noted in the journal.

    Parameters
    ----------
    labels : LabelsLayer
        The layer.
    keeping : Safekeeping
        Its journal.
    history : History
        Gets a step for each change of the user.

    Signals
    -------
    changed
        Another table is to be shown.
    """

    changed = Signal()

    def __init__(self, labels: LabelsLayer, keeping: Safekeeping, history: History) -> None:
        self._labels, self._keeping, self._history = labels, keeping, history

    @property
    def table(self) -> ClassTable:
        """Table of classes; empty without a layer."""
        layer = self._labels.layer
        return ClassTable() if layer is None else classes_of_layer(layer.metadata)

    def change(self, table: ClassTable) -> None:
        """Change the table, as a step to undo."""
        layer, before = self._labels.ensure(), self.table
        self.set(table)
        if table != before:
            self._history.add_labels(Classified(self._labels, layer, self, before, table))

    def set(self, table: ClassTable) -> None:
        """Change the table and note the change in the journal, without a step to undo."""
        self._labels.ensure()
        self._keeping.append(Entry(CLASSES, classes=table))
        self._show(table)

    def assign(self, names: Mapping[int, str]) -> None:
        """Assign classes to labels after a change already noted in the journal."""
        if names:
            self._show(self.table.assign(names))

    def _show(self, table: ClassTable) -> None:
        layer = self._labels.layer
        if layer is not None and table != self.table:
            set_classes(layer, table)
        self.changed.emit()


@dataclass(slots=True, eq=False)
class Classified(LabelChange):
    """A change of the classes, or of the class of a label.

    Parameters
    ----------
    labels, layer
        See :class:`LabelChange`.
    classes : LabelClasses
        Of the layer.
    before, after : ClassTable
        The whole table.
    """

    classes: LabelClasses
    before: ClassTable
    after: ClassTable

    def take_back(self) -> None:
        """Set the table of before."""
        self.classes.set(self.before)

    def do_again(self) -> None:
        """Set the table of after."""
        self.classes.set(self.after)
