"""MeasurementsInUse: measurements with the labels that they are about; no Qt."""

from collections.abc import Callable

import numpy as np
from napari.components import ViewerModel
from napari.layers import Labels
from napari.utils.events import Event
from numpy.typing import NDArray

from napari_sam.image.volume import Plane
from napari_sam.labels.classes import ClassTable
from napari_sam.measure.measurements import Measurements
from napari_sam.plugin.labels.class_layer import CLASS
from napari_sam.plugin.workspace import Workspace

from .changed_since import ChangedSince
from .chosen_layer import ChosenLayer
from .object_rows import ObjectRows
from .plotted import Rows


class MeasurementsInUse:
    """Rows of measured objects, followed through changes of labels and classes.

    Parameters
    ----------
    viewer : napari.Viewer
        Gets the outlines.
    work : Workspace
        The image in use.
    layer : napari.layers.Labels
        Its labels.
    table : Measurements
        Measured from the labels; gets a column of classes.
    label_selected, labels_changed, classes_changed : callable
        Called when a label is selected in the layer, and after changes of labels or classes.

    Attributes
    ----------
    rows : ObjectRows
        Rows by object.
    """

    def __init__(
        self,
        viewer: ViewerModel,
        work: Workspace,
        layer: Labels,
        table: Measurements,
        label_selected: Callable[[int], None],
        labels_changed: Callable[[], None],
        classes_changed: Callable[[], None],
    ) -> None:
        self.work, self.layer = work, layer
        self.rows = ObjectRows(_with_classes(table, work.classes.table))
        self._changed = ChangedSince(work.history, work.source.plane_axes)
        self._outlines = ChosenLayer(viewer, work, layer)
        self._label_selected = label_selected
        self._labels_changed, self._classes_changed = labels_changed, classes_changed
        layer.events.selected_label.connect(self._selected)
        work.history.changed.connect(self._follow)
        work.classes.changed.connect(self._classify)

    @property
    def table(self) -> Measurements:
        """The measurements, with the present classes."""
        return self.rows.table

    @property
    def changed(self) -> frozenset[tuple[int, int]]:
        """Label and frame of objects that have other pixels than at the measurement."""
        return self._changed.objects

    def labels_of(self, rows: Rows) -> NDArray[np.int64]:
        """Labels of rows, ascending, each once."""
        return np.unique(self.table.columns["label"][rows])

    def row_of(self, label: int) -> Rows:
        """Row of a label, ``(1,)``, in the frame on the screen if it is there."""
        time = self.work.source.plane_axes.find("T")
        return self.rows.row_of(label, 0 if time < 0 else int(self.work.shown_plane[time]))

    def plane_of(self, row: int) -> Plane | None:
        """Plane with the object of a row, see :meth:`ObjectRows.plane`."""
        work = self.work
        labels, axes = work.labels_layer.plain(), work.source.plane_axes
        return self.rows.plane(row, labels, axes, work.shown_plane)

    def outline(self, labels: NDArray[np.int64]) -> None:
        """Outline labels on the image, and select a label that is alone."""
        self._outlines.show(labels)
        if len(labels) == 1:
            self.layer.selected_label = int(labels[0])

    def close(self) -> None:
        """Follow nothing any more, and take the outlines away."""
        self.layer.events.selected_label.disconnect(self._selected)
        self.work.history.changed.disconnect(self._follow)
        self.work.classes.changed.disconnect(self._classify)
        self._outlines.remove()

    def _selected(self, event: Event) -> None:
        self._label_selected(int(self.layer.selected_label))

    def _follow(self) -> None:
        self._changed.follow()
        self._outlines.refresh()
        self._labels_changed()

    def _classify(self) -> None:
        self.table.columns[CLASS][:] = _classes_of(self.table, self.work.classes.table)
        self._classes_changed()


def _with_classes(table: Measurements, classes: ClassTable) -> Measurements:
    """Measurements with the class of each object behind label and frame."""
    first = {name: table.columns[name] for name in ("label", "t") if name in table.columns}
    first[CLASS] = _classes_of(table, classes)
    return Measurements({**first, **{k: v for k, v in table.columns.items() if k not in first}})


def _classes_of(table: Measurements, classes: ClassTable) -> NDArray[np.object_]:
    """Name of the class of each row, ``(rows,)``."""
    names = [classes.class_of(label) for label in table.columns["label"].tolist()]
    return np.array(names, dtype=object)
