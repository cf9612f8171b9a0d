"""An accepted object is removed with a key or a click, from all of its slices, in one step."""

from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication

from napari_sam.labels.packed_edit import PackedEdit
from napari_sam.plugin.worker.events import LabelBoxes, Progress
from napari_sam.plugin.worker.label_boxes import find_boxes
from tests.plugin.bench import Bench, Open, picture

BOTH = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier


def painted() -> np.ndarray:
    """Label 12 on slices 0, 1 and 4 of five, joined and apart; 7 beside it."""
    labels = np.zeros((5, 96, 128), np.uint32)
    labels[[0, 1], 30:50, 20:60] = 12
    labels[4, 60:70, 100:120] = 12
    labels[:, 30:50, 60:80] = 7
    return labels


@pytest.fixture
def bench(open_dock: Open) -> Bench:
    bench = open_dock(picture(5, 96, 128), show=True)
    bench.viewer.reset_view()
    bench.viewer.dims.set_point(0, 1)
    bench.layer("labels").data[:] = painted()
    bench.layer("labels").refresh()
    QApplication.processEvents()
    return bench


def entries(bench: Bench) -> list[Any]:
    return bench.controller.workspace.keeping.journal.journal.accepted()


def without_12() -> np.ndarray:
    return np.where(painted() == 12, 0, painted())


@pytest.mark.parametrize("key", [Qt.Key.Key_Delete, Qt.Key.Key_Backspace])
@pytest.mark.parametrize("layer", ["points", "labels"])
def test_a_key_removes_the_label_under_the_cursor(bench: Bench, key: Any, layer: str) -> None:
    labels = bench.layer("labels")
    bench.viewer.layers.selection.active = bench.layer(layer)
    bench.move((40, 40))
    bench.press(key)
    bench.idle()
    np.testing.assert_array_equal(labels.data, without_12())
    told = bench.dock.status.text()
    assert told.startswith("Removed label 12 from 3 slices; Ctrl-Z brings it back.")
    (entry,) = entries(bench)
    replayed = painted()
    for packed in entry.edits:
        assert isinstance(packed, PackedEdit)
        packed.edit().apply(replayed)
    np.testing.assert_array_equal(replayed, without_12())
    QTest.keyClick(bench.native, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    QApplication.processEvents()
    np.testing.assert_array_equal(labels.data, painted())
    assert entries(bench) == []
    bench.redo()
    np.testing.assert_array_equal(labels.data, without_12())


def test_a_click_with_control_and_shift_removes_and_adds_no_click(bench: Bench) -> None:
    labels = bench.layer("labels")
    place = bench.place((40, 70))
    QTest.mouseMove(bench.native, place)
    QTest.mouseClick(bench.native, Qt.MouseButton.LeftButton, BOTH, place)
    bench.idle()
    np.testing.assert_array_equal(labels.data, np.where(painted() == 7, 0, painted()))
    assert len(bench.layer("points").data) == 0
    assert bench.layer("points").mode == "add"
    bench.click((80, 20))
    bench.idle()
    assert len(bench.layer("points").data) == 1


def test_a_click_with_control_and_shift_does_not_paint(bench: Bench) -> None:
    labels = bench.layer("labels")
    bench.viewer.layers.selection.active = labels
    labels.mode, labels.selected_label = "paint", 5
    place = bench.place((40, 70))
    QTest.mouseMove(bench.native, place)
    QTest.mouseClick(bench.native, Qt.MouseButton.LeftButton, BOTH, place)
    bench.idle()
    np.testing.assert_array_equal(labels.data, np.where(painted() == 7, 0, painted()))
    assert labels.mode == "paint"


def test_where_there_is_no_label_a_line_says_so(bench: Bench) -> None:
    bench.move((80, 20))
    bench.press(Qt.Key.Key_Delete)
    bench.idle()
    np.testing.assert_array_equal(bench.layer("labels").data, painted())
    assert "There is no label here" in bench.dock.status.text()
    assert entries(bench) == []


def test_a_label_that_is_being_corrected_stays(bench: Bench) -> None:
    bench.move((40, 70))
    bench.controller.actions.run("pick_up")
    bench.idle()
    bench.press(Qt.Key.Key_Delete)
    bench.idle()
    np.testing.assert_array_equal(bench.layer("labels").data, painted())
    assert "Label 7 is being corrected" in bench.dock.status.text()


def test_selected_clicks_are_removed_first_as_napari_does(bench: Bench) -> None:
    bench.add(1, 40, 40)
    bench.idle()
    points = bench.layer("points")
    points.mode = "select"
    points.selected_data = {0}
    bench.move((40, 40))
    bench.press(Qt.Key.Key_Delete)
    bench.idle()
    assert len(points.data) == 0
    np.testing.assert_array_equal(bench.layer("labels").data, painted())


def test_boxes_of_a_label_are_found_on_all_planes_in_few_reads() -> None:
    labels = painted()
    *progress, places = find_boxes(labels, 12)
    assert isinstance(places, LabelBoxes)
    assert places.boxes == {
        (0,): (30, 20, 50, 60),
        (1,): (30, 20, 50, 60),
        (4,): (60, 100, 70, 120),
    }
    assert all(isinstance(step, Progress) for step in progress)
    assert [step.done for step in progress] == [1, 2, 3, 4, 5]
