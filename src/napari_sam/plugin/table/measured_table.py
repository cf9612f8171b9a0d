"""MeasuredTable: opens the table of measured objects, and ties rows to labels on the image."""

from collections.abc import Callable, Collection
from pathlib import Path

import numpy as np
from napari.components import ViewerModel
from napari.layers import Labels
from napari.utils.events import Event

from napari_sam.errors import OutputError
from napari_sam.labels.classes import ClassTable
from napari_sam.measure.measurements import Measurements
from napari_sam.measure.write_table import write_table
from napari_sam.plugin.clicks.label_under import label_to_change
from napari_sam.plugin.desk import Desk
from napari_sam.plugin.labels.class_layer import CLASS
from napari_sam.plugin.results.measuring import Measuring
from napari_sam.plugin.view.focus import show_object
from napari_sam.plugin.view.view import obstacle
from napari_sam.plugin.workspace import Workspace

from .measurements_in_use import MeasurementsInUse
from .picking import Picking
from .plotted import Rows
from .table_window import TableWindow

NAME = "SAM table"
"""Name of the window of the table."""

_NOT_MEASURED = "Nothing is measured yet: press Measure under Find all objects."
_NO_LABEL = "There is no label here: point at one in SAM labels and press Shift-I."
_EMPTY = Measurements({"label": np.zeros(0, np.int64)})
_NO_ROWS: Rows = np.zeros(0, np.intp)


class MeasuredTable:
    """Shows measurements as rows and points, and the chosen ones on the image.

    Parameters
    ----------
    desk : Desk
        Has the image in use; tells the user what happened.
    viewer : napari.Viewer
        Gets the window and the outlines; its camera moves to a chosen object.
    give_class : callable
        Gives labels the class that is chosen in the dock.
    """

    def __init__(
        self,
        desk: Desk,
        viewer: ViewerModel,
        give_class: Callable[[Collection[int]], None],
    ) -> None:
        self._desk, self._viewer = desk, viewer
        self._give_class = give_class
        self._measuring = Measuring(desk, self.show, self._with_texture)
        self._window: TableWindow | None = None
        self._measured: MeasurementsInUse | None = None
        self._chosen = _NO_ROWS
        self._picking = Picking(viewer, self._choose_label, self._show_picking)
        viewer.events.theme.connect(self._show_theme)
        viewer.layers.events.removed.connect(self._layer_removed)

    def measure(self) -> None:
        """Measure all labels of the image in the worker, and show the measurements."""
        self._measuring.start()

    def _with_texture(self) -> bool:
        return self._window is not None and self._window.texture.isChecked()

    # --- what is shown -----------------------------------------------------------------------

    def show(self, work: Workspace, layer: Labels, table: Measurements) -> None:
        """Show measurements of all labels of an image, in the open window or a new window.

        Parameters
        ----------
        work : Workspace
            The image in use.
        layer : napari.layers.Labels
            Its labels.
        table : Measurements
            One row for each object, in a time series for each object and frame.
        """
        before = self._measured
        keys = set() if before is None else set(before.rows.keys(self._chosen))
        self._let_go()
        measured = self._measured = MeasurementsInUse(
            self._viewer,
            work,
            layer,
            table,
            self._label_selected,
            self._show_changed,
            self._show_classes,
        )
        window = self._ensure_window()
        window.table.show_table(measured.table)
        window.panel.show_table(measured.table, work.classes.table)
        self._choose(measured.rows.rows_of(keys))

    def leave(self) -> None:
        """Show no rows: the image or the labels are left."""
        self._let_go()
        if self._window is not None:
            self._window.table.show_table(_EMPTY)
            self._window.panel.show_table(_EMPTY, ClassTable())
            self._tell()

    def close(self) -> None:
        """Close the window, and watch the viewer no longer."""
        self._viewer.events.theme.disconnect(self._show_theme)
        self._viewer.layers.events.removed.disconnect(self._layer_removed)
        self._let_go()
        if (window := self._window) is not None:
            self._viewer.window.remove_dock_widget(window)

    def _ensure_window(self) -> TableWindow:
        if self._window is None:
            window = self._window = TableWindow()
            window.closed.connect(self._window_closed)
            window.table.chosen.connect(self._rows_chosen)
            window.panel.chosen.connect(self._points_chosen)
            window.again_button.clicked.connect(self.measure)
            window.class_button.clicked.connect(self._classify)
            window.pick_button.toggled.connect(self._pick)
            window.save_button.clicked.connect(self._save_table)
            window.picture_button.clicked.connect(self._save_picture)
            window.panel.show_theme(self._viewer.theme)
            self._viewer.window.add_dock_widget(window, name=NAME, area="bottom")
        return self._window

    def _let_go(self) -> None:
        self._picking.stop()
        measured, self._measured, self._chosen = self._measured, None, _NO_ROWS
        if measured is not None:
            measured.close()

    def _window_closed(self) -> None:
        self._window = None
        self._let_go()

    def _layer_removed(self, event: Event) -> None:
        if self._measured is not None and event.value == self._measured.layer:
            self.leave()

    def _show_theme(self, event: Event) -> None:
        if self._window is not None:
            self._window.panel.show_theme(event.value)

    # --- what is chosen ----------------------------------------------------------------------

    def under_cursor(self) -> None:
        """Choose the row of the label under the cursor."""
        if self._measured is None:
            self._desk.say(_NOT_MEASURED)
            return
        position = self._viewer.cursor.position
        if at_cursor := label_to_change(self._desk, self._viewer, position, _NO_LABEL):
            self._choose_label(at_cursor[1])

    def _choose_label(self, label: int) -> None:
        if (measured := self._measured) is None:
            return
        rows = measured.row_of(label) if label else _NO_ROWS
        self._choose(rows)
        if label and not len(rows):
            self._desk.say(f"Label {label} is not in the table yet: press Measure again there.")

    def _rows_chosen(self, rows: Rows) -> None:
        self._choose(rows, in_table=False)
        self._look_at(rows)

    def _points_chosen(self, rows: Rows, adding: bool) -> None:
        self._choose(np.union1d(self._chosen, rows) if adding else rows)
        self._look_at(rows)

    def _label_selected(self, label: int) -> None:
        """Choose the row of a label that was picked on the image."""
        measured = self._measured
        if measured is not None and label not in measured.labels_of(self._chosen):
            self._choose_label(label)

    def _choose(self, rows: Rows, in_table: bool = True) -> None:
        """Mark chosen rows on the image, in the plot and, with `in_table`, in the table."""
        measured, window = self._measured, self._window
        if measured is None or window is None:
            return
        self._chosen = rows
        if in_table:
            window.table.choose(rows)
        window.panel.show_chosen(rows)
        measured.outline(measured.labels_of(rows))
        self._tell()

    def _look_at(self, rows: Rows) -> None:
        """Move the view to the object of a single row; a view in 3D stays."""
        measured, work = self._measured, self._desk.look(aloud=False)
        if len(rows) != 1 or measured is None or work is not measured.work:
            return
        if obstacle(self._viewer.dims):
            return
        row = int(rows[0])
        if (plane := measured.plane_of(row)) is None:
            (label,) = measured.labels_of(rows)
            self._desk.say(f"Label {label} is gone from its place: press Measure again.")
        else:
            show_object(self._viewer, work.image, work.source, plane, measured.rows.bbox(row))

    # --- what changes ------------------------------------------------------------------------

    def _show_changed(self) -> None:
        if (measured := self._measured) is not None and self._window is not None:
            self._window.table.rows.show_changed(measured.rows.rows_of(measured.changed))
            self._tell()

    def _show_classes(self) -> None:
        if (measured := self._measured) is not None and self._window is not None:
            self._window.table.rows.replace_column(CLASS, measured.table.columns[CLASS])
            self._window.panel.show_classes(measured.work.classes.table)

    def _tell(self) -> None:
        window, measured = self._window, self._measured
        if window is None:
            return
        count = 0 if measured is None else len(measured.table)
        changed = 0 if measured is None else len(measured.changed)
        text = f"{count} objects, {len(self._chosen)} chosen." if count else _NOT_MEASURED
        if changed:
            verb = "object has" if changed == 1 else "objects have"
            text += f" {changed} {verb} changed since: measure again."
        window.show_line(text, bool(changed))
        window.show_rows(bool(count), bool(len(self._chosen)))

    # --- buttons -----------------------------------------------------------------------------

    def _pick(self, on: bool) -> None:
        self._desk.begin_action()
        if on and self._measured is not None:
            self._picking.start(self._measured.layer)
        else:
            self._picking.stop()

    def _show_picking(self, on: bool) -> None:
        if self._window is not None:
            self._window.pick_button.setChecked(on)

    def _classify(self) -> None:
        self._desk.begin_action()
        if self._measured is not None:
            self._give_class(self._measured.labels_of(self._chosen).tolist())

    def _save_table(self) -> None:
        if self._window is not None and self._measured is not None:
            table = self._measured.table
            self._save(self._window.ask_table_file(), lambda path: write_table(path, table))

    def _save_picture(self) -> None:
        if self._window is not None:
            self._save(self._window.ask_picture_file(), self._window.panel.save)

    def _save(self, path: Path | None, write: Callable[[Path], object]) -> None:
        if path is None:
            return
        self._desk.begin_action()
        try:
            write(path)
        except OutputError as error:
            self._desk.fail(str(error))
        else:
            self._desk.say(f"Saved {path}.")
