"""Clicks, boxes and polygons with mouse and keyboard, in a real napari window."""

import numpy as np
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication

from napari_sam.plugin.layers.conventions import COLOURS
from tests.plugin.bench import Open, picture


def test_click_correct_accept_drop_with_mouse_and_keys(open_dock: Open) -> None:
    bench = open_dock(picture(96, 128), show=True)
    bench.viewer.reset_view()
    QApplication.processEvents()
    bench.click((40, 50))
    bench.idle()
    (place,) = bench.layer("points").data
    np.testing.assert_allclose(place, (40, 50), atol=1)
    first = bench.expected(points=[place])
    assert first.any()
    np.testing.assert_array_equal(bench.shown(), first)

    bench.press("q")
    bench.click((70, 90))
    bench.idle()
    points = bench.layer("points")
    assert list(points.features["label"]) == ["foreground", "background"]
    assert [str(symbol) for symbol in points.symbol] == ["ring", "x"]
    both = bench.expected(points=list(points.data), point_labels=[1, 0])
    np.testing.assert_array_equal(bench.shown(), both)

    bench.press(Qt.Key.Key_Return)
    labels = bench.layer("labels").data
    np.testing.assert_array_equal(labels, both.astype(np.uint32))
    assert len(points.data) == 0
    assert not bench.shown().any()

    bench.click((20, 100))
    bench.idle()
    assert list(points.features["label"]) == ["foreground"]
    assert bench.shown().any()
    bench.press(Qt.Key.Key_Escape)
    bench.idle()
    assert len(points.data) == 0
    assert not bench.shown().any()
    np.testing.assert_array_equal(labels, both.astype(np.uint32))

    bench.press("u")
    assert not labels.any()


def test_a_box_is_dragged_with_the_mouse(open_dock: Open) -> None:
    bench = open_dock(picture(96, 128), show=True)
    bench.viewer.reset_view()
    bench.press("w")
    assert bench.viewer.layers.selection.active == bench.layer("boxes")
    bench.drag((20, 30), (60, 80))
    bench.idle()
    (box,) = bench.layer("boxes").data
    corners = (tuple(box.min(axis=0)), tuple(box.max(axis=0)))
    np.testing.assert_allclose(corners, [(20, 30), (60, 80)], atol=1)
    np.testing.assert_array_equal(bench.shown(), bench.expected(boxes=[corners]))
    bench.press(Qt.Key.Key_Enter)
    assert bench.layer("labels").data.max() == 1
    assert len(bench.layer("boxes").data) == 0


def test_a_polygon_is_drawn_with_the_mouse(open_dock: Open) -> None:
    bench = open_dock(picture(96, 128), show=True)
    bench.viewer.reset_view()
    bench.press("w")
    bench.layer("boxes").mode = "add_polygon"
    for corner in ((20, 30), (20, 80), (60, 80)):
        bench.click(corner)
        QTest.qWait(500)  # or two clicks are a double click, which ends the polygon
    assert not bench.controller.runner.busy
    bench.press(Qt.Key.Key_Return)
    bench.idle()
    assert list(bench.layer("boxes").shape_type) == ["polygon"]
    assert len(bench.controller.object.masks) == 1
    bench.press(Qt.Key.Key_Return)
    bench.idle()
    assert bench.layer("boxes").nshapes == 0


def test_keys_and_colours_tell_object_from_background(open_dock: Open) -> None:
    bench = open_dock(picture(32, 32))
    bench.add(10, 10)
    bench.controller.tools.swap_polarity()
    assert bench.dock.tool_row.tools["background"].isChecked()
    bench.add(20, 20)
    bench.idle()
    colours = [QColorHex(c) for c in bench.layer("points").face_color]
    assert colours == [COLOURS["foreground"], COLOURS["background"]]


def QColorHex(rgba: np.ndarray) -> str:  # noqa: N802
    return "#" + "".join(f"{round(255 * v):02x}" for v in rgba[:3])
