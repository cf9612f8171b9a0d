"""TableView: the table on the screen, with chosen rows."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from qtpy.QtCore import QItemSelection, QItemSelectionModel, Qt, Signal
from qtpy.QtWidgets import QAbstractItemView, QTableView, QWidget

from napari_sam.measure.measurements import Measurements

from .plotted import Rows
from .table_model import TableModel

_WIDEST = 140
"""Screen pixels of a column at most when the table is opened."""

_LOOKED_AT = 50
"""Rows that the width of a column is chosen by."""

_MOST_SPANS = 200
"""Groups of chosen rows above which all are put together: Qt compares each cell with each group."""


class TableView(QTableView):
    """Sortable rows with a selection of whole rows.

    Attributes
    ----------
    rows : TableModel
        The rows.

    Signals
    -------
    chosen : ndarray
        Rows of the measurements, chosen by the user.
    """

    chosen = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.rows = TableModel(self)
        self._is_quiet = False
        self._kept: Rows = np.zeros(0, np.intp)
        self.setModel(self.rows)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setWordWrap(False)
        self.setSortingEnabled(True)
        self.sortByColumn(0, Qt.SortOrder.AscendingOrder)
        self.setMinimumSize(120, 60)
        columns: Any = self.horizontalHeader()
        columns.setResizeContentsPrecision(_LOOKED_AT)
        lines: Any = self.verticalHeader()
        lines.hide()
        lines.setDefaultSectionSize(self.fontMetrics().lineSpacing() + 4)
        self.rows.modelAboutToBeReset.connect(self._keep)
        self.rows.modelReset.connect(self._choose_kept)
        selected: Any = self.selectionModel()
        selected.selectionChanged.connect(self._changed)
        self._selected = selected

    def show_table(self, table: Measurements) -> None:
        """Show new measurements, without a chosen row."""
        with self._quietly():
            self.clearSelection()
            self.rows.show(table)
        self.resizeColumnsToContents()
        for column in range(self.rows.columnCount()):
            self.setColumnWidth(column, min(self.columnWidth(column), _WIDEST))

    def choose(self, rows: Rows) -> None:
        """Choose rows and scroll to the first; several rows move to the top."""
        with self._quietly():
            if len(rows) > 1:
                self.rows.bring_up(rows)
            self._select(rows)
        if len(rows):
            self.scrollTo(self.rows.index(int(self.rows.places(rows)[0]), 0))

    def chosen_rows(self) -> Rows:
        """Rows of the measurements that are chosen."""
        spans = [(each.top(), each.bottom() + 1) for each in self._selected.selection()]
        is_chosen = np.zeros(self.rows.rowCount(), bool)
        for start, stop in spans:
            is_chosen[start:stop] = True
        return np.sort(self.rows.order[is_chosen])

    def _select(self, rows: Rows) -> None:
        places = self.rows.places(rows)
        selection = QItemSelection()
        last_column = self.rows.columnCount() - 1
        for span in _spans(places):
            first = self.rows.index(int(span[0]), 0)
            selection.select(first, self.rows.index(int(span[-1]), last_column))
        flags = QItemSelectionModel.SelectionFlag
        self._selected.select(selection, flags.ClearAndSelect | flags.Rows)
        if len(places):
            current = self.rows.index(int(places[0]), 0)
            self._selected.setCurrentIndex(current, flags.NoUpdate)

    def _keep(self) -> None:
        self._kept = self.chosen_rows()

    def _choose_kept(self) -> None:
        """Restore the selection after sorting, which Qt drops."""
        rows = self._kept
        if len(_spans(self.rows.places(rows))) > _MOST_SPANS:
            self.rows.bring_up(rows)
        with self._quietly():
            self._select(rows)

    def _changed(self) -> None:
        if not self._is_quiet:
            self.chosen.emit(self.chosen_rows())

    @contextmanager
    def _quietly(self) -> Iterator[None]:
        """Tell nobody about the selection inside: the user did not make it."""
        before, self._is_quiet = self._is_quiet, True
        try:
            yield
        finally:
            self._is_quiet = before


def _spans(places: Rows) -> list[Rows]:
    """Ascending places in groups without gaps."""
    breaks = np.flatnonzero(np.diff(places) > 1) + 1
    return np.split(places, breaks) if len(places) else []
