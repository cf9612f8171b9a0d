"""Rest the mouse, and see what a click would give."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import QEvent, QPoint, Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication

from napari_sam.plugin.clicks.hover import REST
from napari_sam.plugin.layers.conventions import BACKGROUND
from napari_sam.plugin.settings import HOVER
from tests.plugin.bench import Bench, Open, picture

SHIFT = Qt.KeyboardModifier.ShiftModifier


@pytest.fixture(autouse=True)
def _switched_on() -> Iterator[None]:
    """What is switched off in a test would be remembered in the next."""
    yield
    HOVER.remember(True)


@pytest.fixture
def bench(open_dock: Open) -> Bench:
    bench = open_dock(picture(96, 128), show=True)
    bench.viewer.reset_view()
    QApplication.processEvents()
    return bench


def ready(bench: Bench) -> int:
    """Let the model look at the image; returns how often it has looked."""
    bench.add(8, 8)
    bench.idle()
    bench.drop()
    bench.idle()
    return bench.controller.engine._session.encoder.calls


def rest(bench: Bench, place: tuple[float, float]) -> None:
    """Move the mouse somewhere and leave it there for as long as it takes."""
    bench.move(place)
    until_asked(bench)


def until_asked(bench: Bench) -> None:
    """Until the mouse has rested, and what was asked then is answered."""
    bench.wait(lambda: not bench.controller.hover._timer.isActive())
    bench.idle()


def seen(bench: Bench, value: int) -> np.ndarray:
    """What the hover preview shows to be added (1) or taken away (2), on the whole image."""
    full = np.zeros(bench.layer("labels").data.shape, bool)
    if "SAM hover" in bench.viewer.layers:
        layer, image = bench.layer("hover"), bench.controller.workspace.image
        start = image.world_to_data(layer.data_to_world((0,) * layer.ndim))
        index = np.argwhere(np.asarray(layer.data) == value) + np.round(start).astype(int)
        full[tuple(index.T)] = True
    return full


def would_be(bench: Bench) -> np.ndarray:
    return (bench.shown() | seen(bench, 1)) & ~seen(bench, 2)


def test_a_resting_mouse_shows_what_the_click_gives(bench: Bench) -> None:
    calls = ready(bench)
    rest(bench, (40, 50))
    glimpse = seen(bench, 1)
    assert glimpse.any()
    assert not bench.shown().any()
    assert not bench.dock.object_row.accept_button.isEnabled()
    assert not bench.layer("labels").data.any()
    assert bench.viewer.layers.selection.active == bench.layer("points")

    QTest.mouseClick(bench.native, Qt.MouseButton.LeftButton, pos=bench.place((40, 50)))
    bench.idle()
    np.testing.assert_array_equal(bench.shown(), glimpse)
    assert bench.controller.engine._session.encoder.calls == calls


def test_with_clicks_there_it_shows_what_changes(bench: Bench) -> None:
    ready(bench)
    bench.click((40, 50))
    bench.idle()
    for place, press in (((44, 60), ""), ((30, 40), "q")):
        before = bench.shown()
        if press:
            bench.press(press)
        rest(bench, place)
        glimpse = would_be(bench)
        np.testing.assert_array_equal(bench.shown(), before)
        assert (glimpse != before).any()
        QTest.mouseClick(bench.native, Qt.MouseButton.LeftButton, pos=bench.place(place))
        bench.idle()
        np.testing.assert_array_equal(bench.shown(), glimpse)
        assert not seen(bench, 1).any()


def test_a_background_click_alone_would_give_nothing(bench: Bench) -> None:
    ready(bench)
    bench.press("q")
    rest(bench, (40, 50))
    assert bench.controller.workspace.prompts.polarity == BACKGROUND
    assert "SAM hover" not in bench.viewer.layers


def test_it_shows_the_size_that_the_click_means(bench: Bench) -> None:
    ready(bench)
    bench.press("h")
    rest(bench, (40, 50))
    small = seen(bench, 1)
    QTest.mouseClick(bench.native, Qt.MouseButton.LeftButton, pos=bench.place((40, 50)))
    bench.idle()
    np.testing.assert_array_equal(bench.shown(), small)
    bench.press("h")
    bench.idle()
    assert (bench.shown() != small).any()


def test_it_goes_as_soon_as_the_mouse_moves_on(bench: Bench) -> None:
    ready(bench)
    rest(bench, (40, 50))
    assert seen(bench, 1).any()
    glimpse, place = seen(bench, 1), bench.place((40, 50))
    for far in (2, -2):
        bench.move_to(place + QPoint(far, 0))
        np.testing.assert_array_equal(seen(bench, 1), glimpse)
    bench.move_to(place + QPoint(5, 0))
    assert not seen(bench, 1).any()


def test_a_hand_that_trembles_after_a_click_is_shown_nothing(bench: Bench) -> None:
    ready(bench)
    rest(bench, (40, 50))
    QTest.mouseClick(bench.native, Qt.MouseButton.LeftButton, pos=bench.place((40, 50)))
    bench.idle()
    bench.move_to(bench.place((40, 50)) + QPoint(2, 1))
    bench.qtbot.wait(2 * REST)
    bench.idle()
    assert not (seen(bench, 1) | seen(bench, 2)).any()


def test_it_follows_the_keys_while_the_mouse_rests(bench: Bench) -> None:
    ready(bench)
    rest(bench, (40, 50))
    best = seen(bench, 1)
    bench.press("q")
    assert not seen(bench, 1).any()
    bench.press("q")
    bench.press("h")
    until_asked(bench)
    small = seen(bench, 1)
    assert small.any()
    assert (small != best).any()
    bench.press("w")  # boxes
    assert not seen(bench, 1).any()
    bench.qtbot.wait(2 * REST)
    assert not seen(bench, 1).any()


def test_outside_of_the_canvas_there_is_no_layer_to_select_or_save(bench: Bench) -> None:
    ready(bench)
    bench.viewer.mouse_over_canvas = False
    rest(bench, (40, 50))
    bench.viewer.mouse_over_canvas = True  # told late
    assert seen(bench, 1).any()
    bench.choose_row("SAM hover")
    assert bench.viewer.layers.selection.active == bench.layer("points")
    assert bench.marked_rows() == ["SAM points"]
    rest(bench, (60, 80))
    assert seen(bench, 1).any()
    QApplication.sendEvent(bench.native, QEvent(QEvent.Type.Leave))
    assert "SAM hover" not in bench.viewer.layers
    bench.qtbot.wait(2 * REST)
    assert "SAM hover" not in bench.viewer.layers


def test_an_answer_that_comes_late_is_not_shown(bench: Bench) -> None:
    ready(bench)
    image = bench.viewer.layers["cells"]
    image.data[0, 0] += 1
    with bench.model.held():
        bench.add(80, 100)  # the worker is busy with it while the mouse rests elsewhere
        bench.wait(bench.model.inside.is_set)
        bench.move((40, 50))
        bench.wait(lambda: bench.controller.hover._job is not None)
        bench.move((20, 20))
        bench.dock.clicks.hover.click()
    bench.idle()
    assert bench.shown().any()
    assert "SAM hover" not in bench.viewer.layers


def test_nothing_is_shown_where_the_model_has_not_looked(bench: Bench) -> None:
    rest(bench, (40, 50))
    assert bench.controller.engine._session is None
    ready(bench)
    bench.viewer.layers["cells"].contrast_limits = (0, 100)  # the model would see something else
    rest(bench, (50, 50))
    image = bench.viewer.layers["cells"]
    image.contrast_limits = (0, 255)
    calls = ready(bench)
    image.data[0, 0] += 1  # edited: what was encoded is of other pixels
    rest(bench, (44, 52))
    assert bench.controller.engine._session.encoder.calls == calls
    assert "SAM hover" not in bench.viewer.layers


def test_a_click_does_not_wait_for_it(bench: Bench) -> None:
    ready(bench)
    hover = bench.controller.hover
    bench.move((40, 50))
    bench.click((40, 50))
    assert not hover._timer.isActive()
    assert hover._job is None
    bench.idle()
    assert bench.shown().any()
    assert not seen(bench, 1).any()


def test_the_dock_does_not_call_it_work(bench: Bench, qtbot: Any) -> None:
    ready(bench)
    told: list[bool] = []
    bench.controller.runner.busy_changed.connect(told.append)
    rest(bench, (40, 50))
    assert seen(bench, 1).any()
    assert not any(told)
    assert not bench.dock.cancel_button.isEnabled()


def test_one_key_switches_it_off_and_on(bench: Bench) -> None:
    ready(bench)
    QTest.keyClick(bench.native, Qt.Key.Key_H, SHIFT)
    assert not bench.dock.clicks.hover.isChecked()
    rest(bench, (40, 50))
    assert "SAM hover" not in bench.viewer.layers
    QTest.keyClick(bench.native, Qt.Key.Key_H, SHIFT)
    until_asked(bench)
    assert bench.dock.clicks.hover.isChecked()
    assert seen(bench, 1).any()
    bench.dock.clicks.hover.click()
    assert not seen(bench, 1).any()


def test_the_switch_is_remembered() -> None:
    HOVER.remember(False)
    assert HOVER.read() is False
    HOVER.remember(True)
    assert HOVER.read() is True


def test_other_tools_other_places_and_3d_show_nothing(open_dock: Open) -> None:
    bench = open_dock(picture(4, 40, 48), show=True)
    bench.viewer.reset_view()
    QApplication.processEvents()
    bench.add(0, 8, 8)
    bench.idle()
    bench.drop()
    bench.viewer.dims.set_point(0, 0)
    bench.press("w")
    rest(bench, (20, 20))
    bench.press("w")
    bench.press("w")
    rest(bench, (-3, 20))
    assert "SAM hover" not in bench.viewer.layers

    rest(bench, (20, 20))
    assert seen(bench, 1).any()
    bench.viewer.dims.set_point(0, 1)
    assert not seen(bench, 1).any()
    bench.viewer.dims.set_point(0, 0)

    place = bench.place((20, 20))
    rest(bench, (24, 24))
    assert seen(bench, 1).any()
    bench.viewer.dims.ndisplay = 3
    assert not seen(bench, 1).any()
    QApplication.processEvents()
    bench.move_to(place)
    bench.qtbot.wait(2 * REST)
    bench.idle()
    assert not seen(bench, 1).any()


def test_closing_leaves_no_layer_and_no_callback(bench: Bench) -> None:
    ready(bench)
    rest(bench, (40, 50))
    viewer = bench.viewer
    assert "SAM hover" in viewer.layers
    bench.controller.close()
    assert "SAM hover" not in viewer.layers
    for callbacks in (viewer.mouse_move_callbacks, viewer.mouse_drag_callbacks):
        assert not [c for c in callbacks if "napari_sam" in getattr(c, "__module__", "")]
    bench.move((60, 80))
    bench.qtbot.wait(2 * REST)
    assert "SAM hover" not in viewer.layers
