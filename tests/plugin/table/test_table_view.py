"""The rows: sorted, chosen and brought into sight, a hundred thousand of them too."""

from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import QPoint, Qt
from qtpy.QtTest import QTest

from napari_sam.measure.measurements import Measurements
from napari_sam.plugin.table.table_view import TableView


@pytest.fixture
def view(qtbot: Any) -> TableView:
    table = TableView()
    qtbot.addWidget(table)
    table.resize(500, 300)
    table.show()
    return table


def some(count: int) -> Measurements:
    rng = np.random.default_rng(0)
    return Measurements(
        {
            "label": np.arange(1, count + 1),
            "class": np.array([f"c{i % 3}" for i in range(count)], object),
            "area": np.where(np.arange(count) % 7, rng.permutation(count) / 4, np.nan),
        }
    )


def texts(view: TableView, column: int) -> list[str]:
    return [view.rows.index(i, column).data() for i in range(view.rows.rowCount())]


def sort(view: TableView, column: int) -> None:
    """Click on the header of a column."""
    header = view.horizontalHeader()
    place = header.sectionViewportPosition(column) + 5
    QTest.mouseClick(header.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(place, 5))


def test_a_click_on_a_header_sorts_and_cells_without_a_value_stay_below(view: TableView) -> None:
    view.show_table(some(15))
    sort(view, 2)
    numbers = [float(text) for text in texts(view, 2) if text]
    assert numbers == sorted(numbers)
    assert texts(view, 2)[-3:] == ["", "", ""]
    sort(view, 2)
    assert [float(text) for text in texts(view, 2) if text] == numbers[::-1]
    assert texts(view, 2)[-3:] == ["", "", ""]
    assert sorted(map(int, texts(view, 0))) == list(range(1, 16))


def test_the_same_objects_stay_chosen_when_rows_are_sorted(view: TableView, qtbot: Any) -> None:
    view.show_table(some(15))
    told: list[list[int]] = []
    view.chosen.connect(lambda rows: told.append(rows.tolist()))
    place = view.visualRect(view.rows.index(4, 0)).center()
    QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert told == [[4]]
    sort(view, 2)
    assert view.chosen_rows().tolist() == [4]
    assert told == [[4]]
    (chosen,) = {index.row() for index in view.selectionModel().selectedIndexes()}
    assert view.rows.index(chosen, 0).data() == "5"


def test_several_that_are_chosen_elsewhere_are_put_above_the_others(view: TableView) -> None:
    view.show_table(some(100_000))
    told: list[Any] = []
    view.chosen.connect(told.append)
    rows = np.arange(1, 100_000, 3)
    view.choose(rows)
    assert texts(view, 0)[:3] == ["2", "5", "8"]
    assert texts(view, 0)[len(rows) : len(rows) + 2] == ["1", "3"]
    assert view.chosen_rows().tolist() == rows.tolist()
    sort(view, 0)
    sort(view, 0)
    assert view.chosen_rows().tolist() == rows.tolist()
    assert len(list(view.selectionModel().selection())) == 1
    assert told == []


def test_a_row_that_is_chosen_elsewhere_is_brought_into_sight(view: TableView) -> None:
    view.show_table(some(100_000))
    view.choose(np.array([54_321]))
    place = view.visualRect(view.rows.index(54_321, 0)).center()
    assert view.viewport().rect().contains(place)
    assert view.chosen_rows().tolist() == [54_321]


def test_rows_of_changed_objects_are_struck_out(view: TableView) -> None:
    view.show_table(some(5))
    view.rows.show_changed([2])
    fonts = [view.rows.index(i, 0).data(Qt.ItemDataRole.FontRole) for i in range(5)]
    assert [font is not None and font.strikeOut() for font in fonts] == [False] * 2 + [True] + [
        False
    ] * 2
    view.rows.show_changed([])
    assert view.rows.index(2, 0).data(Qt.ItemDataRole.FontRole) is None
