"""TableModel: measurements for Qt's table view, sorted without being copied."""

import math
from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import QAbstractTableModel, QModelIndex, QObject, Qt
from qtpy.QtGui import QColor, QFont

from napari_sam.measure.measurements import Measurements

from .plotted import Column, Rows

_DIGITS = ".5g"

_CHANGED = "Changed since it was measured"

_PALE = QColor(140, 140, 140)
"""Colour of rows that have changed: read on napari's dark and light themes."""

_NOWHERE = QModelIndex()


class TableModel(QAbstractTableModel):
    """Rows of a table in the chosen order; the text of a cell is made on display.

    Parameters
    ----------
    parent : QObject
        Owner.

    Attributes
    ----------
    order : ndarray
        ``(rows,)`` intp, the row of the measurements that stands at each place.
    """

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._columns: list[tuple[str, Column]] = []
        self._units: list[str] = []
        self._changed: NDArray[np.bool_] = np.zeros(0, bool)
        self._sorted_by: tuple[int, bool] = (0, False)
        self.order: Rows = np.zeros(0, np.intp)

    def show(self, table: Measurements) -> None:
        """Show new measurements, sorted by the same column as before."""
        self.beginResetModel()
        self._columns = list(table.columns.items())
        self._units = [table.unit_of(name) for name in table.columns]
        self._changed = np.zeros(len(table), bool)
        self.order = self._in_order()
        self.endResetModel()

    def show_changed(self, rows: Collection[int]) -> None:
        """Mark the rows of objects with changed pixels, and unmark all other rows."""
        self._changed[:] = False
        self._changed[list(rows)] = True
        self._repaint()

    def replace_column(self, name: str, values: Column) -> None:
        """Replace the values of a column."""
        names = [each for each, _ in self._columns]
        self._columns[names.index(name)] = name, values
        self._repaint()

    def bring_up(self, rows: Rows) -> None:
        """Put rows above all other rows, both groups in the chosen order."""
        self.beginResetModel()
        order = self._in_order()
        is_up = np.isin(order, rows)
        self.order = np.concatenate([order[is_up], order[~is_up]])
        self.endResetModel()

    def places(self, rows: Rows) -> Rows:
        """Places at which rows stand, ``(n,)`` ascending."""
        place_of = np.empty(len(self.order), np.intp)
        place_of[self.order] = np.arange(len(self.order))
        return np.sort(place_of[rows])

    def _in_order(self) -> Rows:
        column, is_descending = self._sorted_by
        if column >= len(self._columns):
            return np.arange(len(self._changed))
        values = self._columns[column][1]
        _, ranks = np.unique(values, return_inverse=True)
        ranks = ranks.astype(np.int64)
        # Cells without a value stand below, in both directions.
        is_empty = np.isnan(values) if values.dtype.kind == "f" else np.zeros(len(values), bool)
        keys = np.where(is_empty, len(values), -ranks if is_descending else ranks)
        return np.argsort(keys, kind="stable")

    def _repaint(self) -> None:
        if len(self.order) and self._columns:
            last = self.index(len(self.order) - 1, len(self._columns) - 1)
            self.dataChanged.emit(self.index(0, 0), last)

    # --- of Qt -------------------------------------------------------------------------------

    def rowCount(self, parent: QModelIndex = _NOWHERE) -> int:  # noqa: N802
        """Number of rows."""
        return 0 if parent.isValid() else len(self.order)

    def columnCount(self, parent: QModelIndex = _NOWHERE) -> int:  # noqa: N802
        """Number of columns."""
        return 0 if parent.isValid() else len(self._columns)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = 0) -> str | None:  # noqa: N802
        """Names of the columns, with the unit in the tooltip; rows have none."""
        if orientation != Qt.Orientation.Horizontal:
            return None
        name, unit = self._columns[section][0], self._units[section]
        if role == Qt.ItemDataRole.ToolTipRole:
            return f"{name}, {unit}" if unit else name
        return name if role == Qt.ItemDataRole.DisplayRole else None

    def data(self, index: QModelIndex, role: int = 0) -> object:
        """Text and looks of a cell."""
        row = self.order[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return _text(self._columns[index.column()][1][row])
        if role == Qt.ItemDataRole.TextAlignmentRole:
            is_number = self._columns[index.column()][1].dtype.kind in "iuf"
            side = Qt.AlignmentFlag.AlignRight if is_number else Qt.AlignmentFlag.AlignLeft
            return side | Qt.AlignmentFlag.AlignVCenter
        return _look(role) if self._changed[row] else None

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Sort by a column; cells without a value come last."""
        self._sorted_by = column, order == Qt.SortOrder.DescendingOrder
        self.beginResetModel()
        self.order = self._in_order()
        self.endResetModel()


def _text(value: object) -> str:
    if isinstance(value, float | np.floating):
        return "" if math.isnan(value) else format(float(value), _DIGITS)
    return str(value)


def _look(role: int) -> object:
    """Font, colour and tooltip of a cell of an object that has changed."""
    if role == Qt.ItemDataRole.ForegroundRole:
        return _PALE
    if role == Qt.ItemDataRole.FontRole:
        font = QFont()
        font.setStrikeOut(True)
        return font
    return _CHANGED if role == Qt.ItemDataRole.ToolTipRole else None
