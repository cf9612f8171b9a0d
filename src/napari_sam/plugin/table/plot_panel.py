"""PlotPanel: the plot of the measured objects, with the choice of its axes."""

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QComboBox, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from napari_sam.errors import OutputError
from napari_sam.labels.classes import ClassTable
from napari_sam.labels.files.atomic import replacing
from napari_sam.measure.measurements import Measurements
from napari_sam.plugin.widgets.buttons import check_box, text_label

from .plotted import Axes, Rows, axis_columns, plotted

if TYPE_CHECKING:
    from .object_plot import ObjectPlot

MISSING = (
    "The plot needs pyqtgraph. Run this where napari is installed, then start napari again: "
    'pip install "napari-sam-microscopy[plot]"'
)

_COUNT = "(count)"
"""Choice of y for a histogram."""

_NO_CLASS = "#8c9bb0"
"""Colour of objects without a class."""

_FIRST = ("area", "volume", "pixels")
"""Columns along x at first, in this order."""


def has_plot() -> bool:
    """Whether the library for the plot is installed."""
    return find_spec("pyqtgraph") is not None


class PlotPanel(QWidget):
    """Plot below its controls; without pyqtgraph, a line with the command for pip.

    Attributes
    ----------
    x_box, y_box : QComboBox
        Columns of the axes.
    log_x, log_y : QCheckBox
    plot : ObjectPlot or None

    Signals
    -------
    chosen : ndarray, bool
        As of :class:`~napari_sam.plugin.table.object_plot.ObjectPlot`.
    """

    chosen = Signal(object, bool)

    def __init__(self) -> None:
        super().__init__()
        self.plot: ObjectPlot | None = None
        self._table = Measurements({})
        self._classes = ClassTable()
        self._chosen: Rows = np.zeros(0, np.intp)
        self.x_box, self.y_box = _column_box("Column along x"), _column_box("Column along y")
        self.log_x = check_box("log x", "Logarithmic x; values of 0 and below are left out")
        self.log_y = check_box("log y", "Logarithmic y; values of 0 and below are left out")
        self.note = text_label(word_wrap=True)
        self.note.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        if not has_plot():
            self.note.setText(MISSING)
            column.addWidget(self.note)
            column.addStretch(1)
            return
        column.addLayout(self._controls())
        column.addWidget(self._make_plot(), 1)
        column.addWidget(self.note)

    def _controls(self) -> QHBoxLayout:
        row = QHBoxLayout()
        for widget in (QLabel("x"), self.x_box, self.log_x, QLabel("y"), self.y_box, self.log_y):
            row.addWidget(widget)
        row.addStretch(1)
        for box in (self.x_box, self.y_box):
            box.activated.connect(self._draw)
        for switch in (self.log_x, self.log_y):
            switch.toggled.connect(self._draw)
        return row

    def _make_plot(self) -> "ObjectPlot":
        from .object_plot import ObjectPlot  # imports pyqtgraph, of an extra

        self.plot = ObjectPlot()
        self.plot.chosen.connect(self.chosen)
        return self.plot

    @property
    def axes(self) -> Axes:
        """Columns and scales that are chosen."""
        y = self.y_box.currentText()
        is_histogram = y in ("", _COUNT)
        return Axes(
            self.x_box.currentText(),
            "" if is_histogram else y,
            self.log_x.isChecked(),
            self.log_y.isChecked() and not is_histogram,
        )

    def show_table(self, table: Measurements, classes: ClassTable) -> None:
        """Plot new measurements, along the chosen columns where possible."""
        self._table, self._classes = table, classes
        self._chosen = np.zeros(0, np.intp)
        names = axis_columns(table) if len(table) else []
        x, y = self.x_box.currentText(), self.y_box.currentText()
        first = next((name for name in (x, *_FIRST) if name in names), "")
        for box, items, now in ((self.x_box, names, first), (self.y_box, [_COUNT, *names], y)):
            box.clear()
            box.addItems(items)
            box.setCurrentIndex(max(0, box.findText(now)))
        self._draw()

    def show_classes(self, classes: ClassTable) -> None:
        """Draw the objects in other colours."""
        self._classes = classes
        self._draw()

    def show_chosen(self, rows: Rows) -> None:
        """Mark the chosen objects."""
        self._chosen = rows
        if self.plot is not None:
            self.plot.show_chosen(rows)

    def show_theme(self, name: str) -> None:
        """Take the colours of a theme of napari."""
        if self.plot is not None:
            self.plot.show_theme(name)

    def save(self, path: Path) -> None:
        """Save the plot as PNG; an existing file is replaced.

        Raises
        ------
        OutputError
            If the file cannot be written.
        """
        if self.plot is None:
            raise OutputError(MISSING)
        image = self.plot.picture()
        with replacing(path) as place:
            if not image.save(str(place), "PNG"):
                raise OutputError(f"{path} cannot be written: choose another place")

    def _draw(self, *_: Any) -> None:
        axes = self.axes
        self.log_y.setEnabled(bool(axes.y))
        if self.plot is None or axes.x not in self._table.columns:
            return
        drawn = plotted(self._table.columns, axes)
        colours, groups = self._groups(drawn.rows)
        names = self._with_unit(axes.x), self._with_unit(axes.y) if axes.y else "objects"
        self.plot.draw(drawn, axes, names, colours, groups)
        self.plot.show_chosen(self._chosen)
        hidden = len(self._table) - len(drawn.rows)
        self.note.setText(f"{hidden} objects without a value are not shown." if hidden else "")
        self.note.setVisible(bool(hidden))

    def _with_unit(self, name: str) -> str:
        unit = self._table.unit_of(name)
        return f"{name} ({unit})" if unit else name

    def _groups(self, rows: Rows) -> tuple[list[str], Rows]:
        """Colours of the classes, and the index of a colour for each object."""
        classes = self._classes.classes
        number = {each.name: i for i, each in enumerate(classes, start=1)}
        labels = self._table.columns["label"][rows].tolist()
        groups = [number.get(self._classes.class_of(label), 0) for label in labels]
        return [_NO_CLASS, *(each.color for each in classes)], np.array(groups, np.intp)


def _column_box(tip: str) -> QComboBox:
    box = QComboBox()
    box.setToolTip(tip)
    box.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    box.setMinimumContentsLength(9)
    return box
