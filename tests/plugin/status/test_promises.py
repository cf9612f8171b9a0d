"""What the line promises is what happens: counts, Enter, Undo, hidden layers, earlier prompts."""

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication

from napari_sam.labels.paint import OverlapPolicy
from tests.plugin.bench import Bench, Open, picture

CTRL = Qt.KeyboardModifier.ControlModifier


def press_button(bench: Bench, name: str) -> None:
    button = getattr(bench.dock.object_row, f"{name}_button")
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    bench.idle()


def line(bench: Bench) -> str:
    QApplication.processEvents()
    return str(bench.dock.status.text())


def choose(bench: Bench, policy: OverlapPolicy) -> None:
    box = bench.dock.accept_box.policy
    box.setCurrentIndex(list(OverlapPolicy).index(policy))
    QApplication.processEvents()


# --- counts ----------------------------------------------------------------------------------


@pytest.mark.parametrize("policy", [OverlapPolicy.KEEP_EXISTING, OverlapPolicy.REPLACE])
def test_the_pixels_before_enter_are_those_that_it_writes(
    open_dock: Open, policy: OverlapPolicy
) -> None:
    bench = open_dock(picture(64, 64))
    bench.add(30, 30)
    bench.idle()
    shown = bench.shown()
    labels = bench.layer("labels")
    row = int(np.median(np.nonzero(shown)[0]))
    labels.data[:row] = 7
    choose(bench, OverlapPolicy.ONLY_BACKGROUND)
    choose(bench, policy)
    bench.idle()
    pixels = int((shown & (labels.data == 0)).sum())
    assert 0 < pixels < shown.sum()
    if policy is OverlapPolicy.KEEP_EXISTING:
        assert line(bench).startswith(f"{pixels} of {shown.sum()} pixels are free: Enter accepts")
    else:
        pixels = int(shown.sum())
        assert line(bench).startswith(f"{pixels} pixels: Enter accepts")
    bench.accept()
    assert line(bench) == f"Object 8 accepted, {pixels} pixels. Click on an object."
    assert int((labels.data == 8).sum()) == pixels


def test_enter_accepts_nothing_that_gets_no_pixel_and_says_why(open_dock: Open) -> None:
    bench = open_dock(picture(64, 64), show=True)
    bench.layer("labels").data[:] = 7
    bench.add(30, 30)
    bench.idle()
    assert "All of it belongs to other labels" in line(bench)
    assert not bench.dock.object_row.accept_button.isEnabled()
    bench.press(Qt.Key.Key_Return)
    bench.idle()
    assert "All of it belongs to other labels" in line(bench)
    assert len(bench.layer("points").data) == 1  # nothing is lost
    choose(bench, OverlapPolicy.ONLY_BACKGROUND)
    assert "by more than a quarter" in line(bench)
    choose(bench, OverlapPolicy.REPLACE)
    assert bench.dock.object_row.accept_button.isEnabled()
    bench.press(Qt.Key.Key_Return)
    assert "Object 8 accepted" in line(bench)


def test_what_was_not_accepted_is_said_until_the_next_action(open_dock: Open) -> None:
    bench = open_dock(picture(64, 64), show=True)
    bench.layer("labels").data[:] = 7
    choose(bench, OverlapPolicy.ONLY_BACKGROUND)
    bench.idle()
    with bench.model.held():
        bench.add(30, 30)
        bench.wait(bench.model.inside.is_set)
        assert "on its way" in line(bench)
        bench.press(Qt.Key.Key_Return)
    bench.idle()
    said = line(bench)
    assert said.startswith("Not accepted: it lies on others by more than a quarter")
    bench.viewer.layers.selection.active = bench.viewer.layers["cells"]
    bench.viewer.layers["cells"].name = "nuclei"
    bench.idle()
    assert line(bench) == said  # renewed, not covered
    bench.press("h")
    assert "Not accepted" not in line(bench)


# --- Undo ------------------------------------------------------------------------------------


def test_what_was_accepted_in_an_image_is_not_said_beside_the_next(open_dock: Open) -> None:
    bench = open_dock(picture(64, 64))
    bench.add(30, 30)
    bench.idle()
    bench.accept()
    assert line(bench).startswith("Object 1 accepted")
    bench.viewer.layers.clear()
    bench.idle()
    bench.wait(lambda: line(bench).startswith("There is no image layer"))
    bench.viewer.add_image(picture(64, 64, seed=1), name="next")
    bench.wait(lambda: line(bench) == "Click on an object.")


def test_the_undo_button_takes_the_last_click_and_names_it(open_dock: Open) -> None:
    bench = open_dock(picture(64, 64), show=True)
    undo = bench.dock.object_row.undo_button
    assert not undo.isEnabled()
    bench.add(20, 20)
    bench.idle()
    bench.accept()
    accepted = bench.layer("labels").data.copy()
    QApplication.processEvents()
    assert "accepting the object" in undo.toolTip()
    bench.add(40, 40)
    bench.idle()
    right = bench.shown()
    bench.add(50, 20)
    bench.idle()
    assert "the last click" in undo.toolTip()
    press_button(bench, "undo")
    assert line(bench).startswith("Undo: the last click.")
    np.testing.assert_array_equal(bench.shown(), right)
    np.testing.assert_array_equal(bench.layer("labels").data, accepted)
    press_button(bench, "undo")
    press_button(bench, "undo")
    assert line(bench).startswith("Undo: accepting the object.")
    assert not bench.layer("labels").data.any()
    assert len(bench.layer("points").data) == 1
    press_button(bench, "undo")
    assert line(bench) == "Undo: the last click. Click on an object."
    assert not undo.isEnabled()
    QTest.keyClick(bench.native, Qt.Key.Key_Z, CTRL)
    assert "There is nothing to take back." in line(bench)


# --- layers that move or are hidden -------------------------------------------------------------


def test_the_preview_moves_with_the_image_and_is_what_enter_accepts(open_dock: Open) -> None:
    bench = open_dock(picture(64, 64), show=True)
    bench.add(30, 30)
    bench.idle()
    shown = bench.shown()
    assert shown.any()
    image = bench.viewer.layers["cells"]
    image.scale, image.translate = (2, 2), (10, -5)
    bench.idle()
    np.testing.assert_array_equal(bench.shown(), shown)
    preview = bench.layer("preview")
    first = np.argwhere(shown).min(axis=0)
    np.testing.assert_allclose(preview.data_to_world((0, 0)), image.data_to_world(first))
    assert "Enter accepts" in line(bench)
    bench.press(Qt.Key.Key_Return)
    np.testing.assert_array_equal(bench.layer("labels").data > 0, shown)


def test_an_object_is_accepted_into_a_hidden_layer_and_the_line_says_so(open_dock: Open) -> None:
    bench = open_dock(picture(5, 64, 64), show=True)
    labels = bench.layer("labels")
    bench.viewer.dims.set_point(0, 1)
    labels.visible = False
    bench.viewer.dims.set_point(0, 3)
    assert "SAM labels is hidden." in line(bench)
    bench.add(3, 30, 30)
    bench.idle()
    shown = bench.shown()
    bench.press(Qt.Key.Key_Return)
    bench.idle()
    assert "Object 1 accepted" in line(bench)
    assert "SAM labels is hidden." in line(bench)
    assert not labels.visible
    np.testing.assert_array_equal(labels.data > 0, shown)
    bench.viewer.dims.set_point(0, 2)
    QTest.keyClick(bench.native, Qt.Key.Key_Z, CTRL)
    bench.idle()
    assert not labels.data.any()
    labels.visible = True
    assert "hidden" not in line(bench)


# --- prompts from before -----------------------------------------------------------------------


def test_prompts_of_an_earlier_dock_are_taken_up_shown_and_undone(open_dock: Open) -> None:
    bench = open_dock(picture(64, 64), show=True)
    bench.add(30, 30)
    bench.add(34, 30)
    bench.idle()
    shown = bench.shown()
    bench.viewer.window.remove_dock_widget(bench.dock)
    again = Bench(bench.viewer, bench.model, bench.qtbot)
    again.idle()
    assert line(again).startswith("Prompts from before are taken up again.")
    assert f"{shown.sum()} pixels: Enter accepts" in line(again)
    np.testing.assert_array_equal(again.shown(), shown)
    assert "the prompts from before" in again.dock.object_row.undo_button.toolTip()
    press_button(again, "undo")
    assert len(again.layer("points").data) == 0
    assert not again.shown().any()
    QTest.keyClick(again.native, Qt.Key.Key_Z, CTRL | Qt.KeyboardModifier.ShiftModifier)
    again.idle()
    np.testing.assert_array_equal(again.shown(), shown)
    again.press(Qt.Key.Key_Escape)
    again.idle()
    again.add(10, 50)
    again.idle()
    np.testing.assert_array_equal(again.shown(), again.expected(points=[(10, 50)]))
    again.controller.close()


# --- failed and cancelled work -------------------------------------------------------------------


def test_a_cancelled_click_is_not_on_its_way(open_dock: Open) -> None:
    bench = open_dock(picture(64, 64), show=True)
    with bench.model.held():
        bench.add(30, 30)
        bench.wait(bench.model.inside.is_set)
        bench.cancel()
        assert line(bench) == "Cancelled. No mask came: click once more."
    bench.idle()
    bench.add(32, 32)
    bench.idle()
    assert "pixels: Enter accepts" in line(bench)
