"""Labels that are picked up: corrected by clicks, and put back."""

from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication

from tests.plugin.bench import Bench, Open, picture

SHIFT_J = (Qt.Key.Key_J, Qt.KeyboardModifier.ShiftModifier)


def painted() -> np.ndarray:
    """Labels as a brush leaves them: 3 and 7 beside each other."""
    labels = np.zeros((96, 128), np.uint32)
    labels[30:50, 20:60] = 3
    labels[30:50, 60:80] = 7
    return labels


@pytest.fixture
def bench(open_dock: Open) -> Bench:
    bench = open_dock(picture(96, 128), show=True)
    bench.viewer.reset_view()
    bench.layer("labels").data[:] = painted()
    bench.layer("labels").refresh()
    QApplication.processEvents()
    return bench


def pick_up(bench: Bench, *place: float) -> None:
    bench.move(place)
    QTest.keyClick(bench.native, *SHIFT_J)
    bench.idle()


def entries(bench: Bench) -> list[Any]:
    return bench.controller.workspace.keeping.journal.journal.accepted()


def test_a_label_is_picked_up_corrected_and_put_back(bench: Bench) -> None:
    labels, before = bench.layer("labels"), painted()
    pick_up(bench, 40, 40)
    np.testing.assert_array_equal(bench.shown(), before == 3)
    assert "Correcting label 3" in bench.dock.status.text()
    assert bench.dock.object_row.accept_button.isEnabled()
    np.testing.assert_array_equal(labels.data, before)

    bench.press("q")
    bench.click((32, 24))
    bench.idle()
    corrected = bench.shown()
    assert corrected.any()
    assert (corrected != (before == 3)).any()
    bench.press(Qt.Key.Key_Return)
    expected = np.where(before == 3, 0, before)
    expected[corrected & (expected == 0)] = 3
    np.testing.assert_array_equal(labels.data, expected)
    assert not bench.shown().any()
    assert len(bench.layer("points").data) == 0
    (entry,) = entries(bench)
    assert entry.label == 3
    restored = before.copy()
    for packed in entry.edits:
        packed.edit().apply(restored)
    np.testing.assert_array_equal(restored, expected)

    bench.press("u")
    np.testing.assert_array_equal(labels.data, before)
    assert entries(bench) == []


def test_escape_leaves_the_label_as_it_was(bench: Bench) -> None:
    pick_up(bench, 40, 70)
    np.testing.assert_array_equal(bench.shown(), painted() == 7)
    bench.click((35, 62))
    bench.idle()
    bench.press(Qt.Key.Key_Escape)
    bench.idle()
    assert not bench.shown().any()
    assert "Label 7 stays as it was" in bench.dock.status.text()
    np.testing.assert_array_equal(bench.layer("labels").data, painted())
    assert entries(bench) == []


def test_a_label_that_nobody_corrects_is_put_back_unchanged(bench: Bench) -> None:
    bench.dock.accept_box.smooth.setValue(bench.dock.accept_box.smooth.maximum())
    pick_up(bench, 40, 40)
    np.testing.assert_array_equal(bench.shown(), painted() == 3)
    bench.press(Qt.Key.Key_Return)
    np.testing.assert_array_equal(bench.layer("labels").data, painted())


def test_background_and_what_lies_outside_are_no_label(bench: Bench) -> None:
    pick_up(bench, 5, 5)
    assert "There is no label here" in bench.dock.status.text()
    assert not bench.dock.object_row.accept_button.isEnabled()
    bench.viewer.cursor.position = (-50, 40)
    bench.controller.pick_up.under_cursor()
    assert "There is no label here" in bench.dock.status.text()


def test_beside_an_object_under_way(bench: Bench) -> None:
    bench.click((80, 100))
    bench.idle()
    (mask,) = bench.controller.objects.shown()[1]
    pick_up(bench, 40, 40)
    pick_up(bench, 40, 70)
    pick_up(bench, 40, 40)  # again: it becomes the current one
    assert bench.controller.object.held.label == 3
    shown = bench.controller.objects.shown()
    assert [mask.area for masks in shown.values() for mask in masks][1:] == [800, 400]
    bench.press(Qt.Key.Key_Return)
    labels = bench.layer("labels").data
    kept = painted() > 0
    np.testing.assert_array_equal(labels[kept], painted()[kept])
    assert (labels == 8).any()
    assert int((labels == 8).sum()) <= mask.area
    bench.press("u")
    np.testing.assert_array_equal(labels, painted())


def test_the_button_lets_the_next_click_pick_up(bench: Bench) -> None:
    button = bench.dock.correct_row.pick_up_button
    button.click()
    assert button.isChecked()
    bench.click((40, 40))
    bench.idle()
    assert not button.isChecked()
    assert bench.controller.object.held.label == 3
    assert len(bench.layer("points").data) == 0
    bench.click((33, 30))
    bench.idle()
    assert len(bench.layer("points").data) == 1
    assert bench.controller.object.held.label == 3
    button.click()
    button.click()
    assert bench.layer("points").mode == "add"


def test_a_label_cannot_become_its_own_daughter(bench: Bench) -> None:
    pick_up(bench, 40, 40)
    bench.press("k")
    assert "keeps its number" in bench.dock.status.text()
    np.testing.assert_array_equal(bench.shown(), painted() == 3)


def test_closing_while_the_button_waits_leaves_no_callback(bench: Bench) -> None:
    bench.dock.correct_row.pick_up_button.click()
    callbacks = bench.viewer.mouse_drag_callbacks
    assert any("pick_up" in getattr(call, "__module__", "") for call in callbacks)
    bench.controller.close()
    assert not any("pick_up" in getattr(call, "__module__", "") for call in callbacks)


# --- in stacks -------------------------------------------------------------------------------


def test_a_label_is_picked_up_on_all_slices_without_a_gap(open_dock: Open) -> None:
    bench = open_dock(picture(9, 40, 48), show=True)
    bench.viewer.reset_view()
    before = np.zeros((9, 40, 48), np.uint32)
    before[2:5, 10:20, 10:30] = 4
    before[7, 10:20, 10:30] = 4
    bench.layer("labels").data[:] = before
    bench.viewer.dims.set_point(0, 3)
    QApplication.processEvents()
    pick_up(bench, 15, 15)
    held = before == 4
    held[7] = False
    np.testing.assert_array_equal(bench.shown(), held)
    assert "in 3 slices" in bench.dock.status.text()
    assert sorted(bench.controller.object.slices()) == [(2,), (3,), (4,)]

    bench.press("q")
    bench.click((12, 12))
    bench.idle()
    corrected = bench.shown()
    np.testing.assert_array_equal(np.delete(corrected, 3, 0), np.delete(held, 3, 0))
    bench.press(Qt.Key.Key_Return)
    expected = np.where(held, 0, before)
    expected[corrected] = 4
    np.testing.assert_array_equal(bench.layer("labels").data, expected)
    bench.press("u")
    np.testing.assert_array_equal(bench.layer("labels").data, before)


def test_enter_before_the_answer_puts_it_back_when_it_comes(bench: Bench) -> None:
    pick_up(bench, 40, 40)
    bench.press("q")
    with bench.model.held():
        bench.click((32, 24))
        bench.wait(bench.model.inside.is_set)
        bench.press(Qt.Key.Key_Return)
        np.testing.assert_array_equal(bench.layer("labels").data, painted())
    bench.idle()
    labels = bench.layer("labels").data
    assert (labels == 3).any()
    assert (labels != painted()).any()
    np.testing.assert_array_equal(labels == 7, painted() == 7)
