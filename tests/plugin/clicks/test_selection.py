"""Clicks and keys while other layers are selected than those of the prompts."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import QEvent, QPointF, Qt
from qtpy.QtGui import QMouseEvent
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication

from tests.plugin.bench import Bench, Open, picture

SHIFT = Qt.KeyboardModifier.ShiftModifier
CTRL = Qt.KeyboardModifier.ControlModifier


@pytest.fixture
def bench(open_dock: Open) -> Bench:
    bench = open_dock(picture(96, 128), show=True)
    bench.viewer.reset_view()
    QApplication.processEvents()
    return bench


def select(bench: Bench, *names: str) -> None:
    layers = bench.viewer.layers
    layers.selection = {layers[name] for name in names}
    QApplication.processEvents()


def owner(callback: Any) -> str:
    target = callback[0]() if isinstance(callback, tuple) else callback
    return str(getattr(target, "__module__", type(target).__module__))


def user_labels(bench: Bench) -> None:
    bench.viewer.add_labels(np.zeros((96, 128), int), name="mine")
    QApplication.processEvents()


SELECTIONS: dict[str, Callable[[Bench], None]] = {
    "image": lambda bench: select(bench, "cells"),
    "labels": lambda bench: select(bench, "SAM labels"),
    "preview": lambda bench: select(bench, "SAM preview"),
    "boxes": lambda bench: select(bench, "SAM boxes"),
    "several": lambda bench: select(bench, "cells", "SAM labels"),
    "labels of the user": user_labels,
}


@pytest.mark.parametrize("selection", SELECTIONS)
def test_a_click_sets_a_point_and_the_selection_stays(bench: Bench, selection: str) -> None:
    SELECTIONS[selection](bench)
    before = set(bench.viewer.layers.selection)
    bench.click((40, 50))
    bench.idle()
    (place,) = bench.layer("points").data
    np.testing.assert_allclose(place, (40, 50), atol=1)
    np.testing.assert_array_equal(bench.shown(), bench.expected(points=[place]))
    assert set(bench.viewer.layers.selection) == before
    assert not bench.layer("points").selected_data


@pytest.mark.parametrize("selection", ["image", "labels", "several", "boxes"])
def test_keys_work_with_any_selection(bench: Bench, selection: str) -> None:
    SELECTIONS[selection](bench)
    bench.click((40, 50))
    bench.idle()
    shown = bench.shown()
    assert "Enter accepts" in bench.dock.status.text()
    bench.press(Qt.Key.Key_Return)
    labels = bench.layer("labels").data
    np.testing.assert_array_equal(labels > 0, shown)
    QTest.keyClick(bench.native, Qt.Key.Key_Z, CTRL)
    bench.idle()
    assert not labels.any()
    np.testing.assert_array_equal(bench.shown(), shown)
    bench.press(Qt.Key.Key_Escape)
    bench.idle()
    assert not bench.shown().any()
    bench.press("q")
    assert bench.dock.tool_row.tools["background"].isChecked()


def test_the_line_names_the_button_where_a_layer_of_the_user_has_the_key(bench: Bench) -> None:
    user_labels(bench)
    bench.click((40, 50))
    bench.idle()
    assert "the Accept button accepts" in bench.dock.status.text()
    bench.press(Qt.Key.Key_Return)  # ends a polygon in napari
    assert not bench.layer("labels").data.any()
    QTest.mouseClick(bench.dock.object_row.accept_button, Qt.MouseButton.LeftButton)
    assert bench.layer("labels").data.any()


def test_a_shift_click_is_background_and_only_that_one(bench: Bench) -> None:
    select(bench, "cells")
    bench.click((40, 50))
    QTest.mouseClick(bench.native, Qt.MouseButton.LeftButton, SHIFT, bench.place((70, 90)))
    bench.idle()
    QTest.qWait(450)
    bench.click((42, 52))
    bench.idle()
    assert list(bench.layer("points").features["label"]) == [
        "foreground",
        "background",
        "foreground",
    ]
    assert [str(symbol) for symbol in bench.layer("points").symbol] == ["ring", "x", "ring"]


def drag(bench: Bench, start: tuple[float, float], stop: tuple[float, float]) -> None:
    """A drag as Qt tells it, with the button held."""
    first, last = bench.place(start), bench.place(stop)
    left, none = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
    QTest.mousePress(bench.native, left, pos=first)
    for share in np.linspace(0.2, 1, 5):
        QTest.qWait(15)
        here = QPointF(first + (last - first) * float(share))
        there = QPointF(bench.native.mapToGlobal(here.toPoint()))
        move = QMouseEvent(
            QEvent.Type.MouseMove, here, there, none, left, Qt.KeyboardModifier.NoModifier
        )
        QApplication.sendEvent(bench.native, move)
    QTest.mouseRelease(bench.native, left, pos=last)
    bench.idle()


def test_a_drag_pans_and_sets_no_point(bench: Bench) -> None:
    select(bench, "cells")
    camera = bench.viewer.scene.camera
    before = np.array(camera.center)
    drag(bench, (40, 40), (60, 70))
    np.testing.assert_allclose(np.array(camera.center) - before, (0, -20, -30), atol=1)
    assert len(bench.layer("points").data) == 0


@pytest.mark.parametrize("mode", ["paint", "fill", "erase", "pick"])
def test_a_tool_of_napari_has_the_mouse_and_the_line_says_so(bench: Bench, mode: str) -> None:
    select(bench, "SAM labels")
    bench.layer("labels").mode = mode
    QApplication.processEvents()
    assert bench.dock.status.text() == (
        f"The mouse belongs to SAM labels (mode {mode}): choose a tool above."
    )
    bench.click((40, 50))
    bench.idle()
    assert len(bench.layer("points").data) == 0
    assert bench.layer("labels").data.any() == (mode in ("paint", "fill"))
    bench.dock.tool_row.tools["foreground"].click()
    QApplication.processEvents()
    assert bench.dock.status.text() == "Click on an object."


def test_another_mode_of_the_clicks_has_the_mouse(bench: Bench) -> None:
    bench.layer("points").mode = "select"
    QApplication.processEvents()
    assert "(mode select)" in bench.dock.status.text()
    bench.click((40, 50))
    bench.idle()
    assert len(bench.layer("points").data) == 0


def test_a_plugin_with_the_mouse_of_a_layer_keeps_it(bench: Bench) -> None:
    presses = []

    def pressed(layer: Any, event: Any) -> None:
        presses.append(event.type)

    bench.viewer.layers["cells"].mouse_drag_callbacks.append(pressed)
    select(bench, "cells")
    bench.click((40, 50))
    bench.idle()
    assert presses == ["mouse_press"]
    assert len(bench.layer("points").data) == 0
    assert "The mouse belongs to cells" in bench.dock.status.text()


def test_enter_and_escape_are_those_of_a_polygon_of_labels_while_it_is_drawn(bench: Bench) -> None:
    select(bench, "SAM labels")
    bench.layer("labels").mode = "polygon"
    for corner in ((20, 30), (20, 80), (60, 80)):
        bench.click(corner)
        QTest.qWait(450)
    bench.press(Qt.Key.Key_Return)
    assert bench.layer("labels").data[30, 70] == 1


def test_a_key_that_the_user_has_bound_on_the_viewer_stays_theirs(bench: Bench) -> None:
    pressed = []
    bench.controller.close()
    bench.viewer.bind_key("q", lambda viewer: pressed.append("q"))
    again = Bench(bench.viewer, bench.model, bench.qtbot)
    select(bench, "cells")
    again.press("q")
    assert pressed == ["q"]
    again.controller.close()
    again.press("q")
    assert pressed == ["q", "q"]


def test_the_next_click_picks_up_with_the_image_selected(bench: Bench) -> None:
    bench.layer("labels").data[30:50, 20:60] = 3
    select(bench, "cells")
    bench.dock.correct_row.pick_up_button.click()
    QApplication.processEvents()
    assert bench.dock.status.text() == "Click on the label to correct."
    bench.click((40, 40))
    bench.idle()
    assert bench.controller.object.held.label == 3
    assert len(bench.layer("points").data) == 0


def test_nothing_is_left_on_the_viewer_when_the_dock_closes(bench: Bench) -> None:
    assert bench.viewer.keymap
    bench.viewer.window.remove_dock_widget(bench.dock)
    assert bench.viewer.keymap == {}
    callbacks = (*bench.viewer.mouse_drag_callbacks, *bench.viewer.mouse_move_callbacks)
    assert not [c for c in callbacks if c.__module__.startswith("napari_sam")]
    for layer in bench.viewer.layers:
        assert layer.keymap == {}
        for name in ("mode", "visible", "name"):
            callbacks = getattr(layer.events, name).callbacks
            assert not [each for each in map(owner, callbacks) if "napari_sam" in each]
