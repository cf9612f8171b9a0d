"""Scribbles, modified clicks, and prompts that are moved or deleted: real mouse, real keys."""

from pathlib import Path

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication

from napari_sam.plugin.layers.conventions import BOX_COLOUR, COLOURS
from napari_sam.prompts.scribble import along
from tests.plugin.bench import Bench, Open, picture


def shown(bench: Bench) -> Bench:
    bench.viewer.reset_view()
    QApplication.processEvents()
    return bench


def hex_of(colours: np.ndarray) -> list[str]:
    return ["#" + "".join(f"{round(255 * v):02x}" for v in rgba[:3]) for rgba in colours]


def labels_of(layer: object) -> list[str]:
    return list(layer.features["label"])  # type: ignore[attr-defined]


# --- scribbles -------------------------------------------------------------------------------


def test_a_scribble_is_clicks_along_it(open_dock: Open) -> None:
    bench = shown(open_dock(picture(96, 128), show=True))
    bench.press("w")
    bench.press("w")
    assert bench.dock.tool_row.tools["scribble"].isChecked()
    bench.drag((20, 30), (60, 90))
    bench.idle()
    boxes = bench.layer("boxes")
    assert list(boxes.shape_type) == ["path"]
    np.testing.assert_allclose(boxes.data[0][0], (20, 30), atol=1)
    points = along(np.asarray(boxes.data[0]))
    assert len(points) > 3
    np.testing.assert_array_equal(bench.shown(), bench.expected(points=list(points)))
    assert bench.shown().any()

    bench.press("q")
    bench.drag((80, 20), (80, 110))
    bench.idle()
    assert labels_of(boxes) == ["foreground", "background"]
    assert hex_of(boxes.edge_color) == [COLOURS["foreground"], COLOURS["background"]]
    assert bench.dock.tool_row.tools["scribble"].isChecked()
    both = [along(np.asarray(line)) for line in boxes.data]
    expected = bench.expected(
        points=[*both[0], *both[1]], point_labels=[1] * len(both[0]) + [0] * len(both[1])
    )
    np.testing.assert_array_equal(bench.shown(), expected)

    bench.press(Qt.Key.Key_Return)
    np.testing.assert_array_equal(bench.layer("labels").data, expected.astype(np.uint32))
    assert boxes.nshapes == 0
    bench.drag((20, 30), (60, 90))  # the next object begins with a scribble on it
    bench.idle()
    assert labels_of(boxes) == ["foreground"]


@pytest.mark.parametrize("stop", [(40, 50), (40.9, 50.9), (42, 53)])
def test_a_stroke_that_is_next_to_nothing_is_a_click(
    open_dock: Open, stop: tuple[float, float]
) -> None:
    bench = shown(open_dock(picture(96, 128), show=True))
    bench.controller.tools.choose("scribble")
    bench.drag((40, 50), stop)
    bench.idle()
    (line,) = bench.layer("boxes").data
    np.testing.assert_array_equal(bench.shown(), bench.expected(points=[line[0]]))
    bench.drag((10, 10), (50, 90))  # it is finished: this is another one
    bench.idle()
    assert bench.layer("boxes").nshapes == 2


def test_w_goes_from_clicks_to_boxes_to_scribbles_and_back(open_dock: Open) -> None:
    bench = shown(open_dock(picture(96, 128), show=True))
    seen = []
    for _ in range(4):
        bench.press("w")
        seen += [name for name, button in bench.dock.tool_row.tools.items() if button.isChecked()]
    assert seen == ["box", "scribble", "foreground", "box"]
    bench.drag((20, 30), (60, 80))
    bench.press("w")
    bench.drag((20, 30), (60, 80))
    boxes = bench.layer("boxes")
    assert list(boxes.shape_type) == ["rectangle", "path"]
    bench.idle()
    assert hex_of(boxes.edge_color) == [BOX_COLOUR, COLOURS["foreground"]]


def test_a_scribble_over_the_border_counts_where_it_is_on_the_image(open_dock: Open) -> None:
    bench = open_dock(picture(40, 48))
    boxes = bench.layer("boxes")
    line = np.array([(20.0, -40.0), (20.0, 30.0)])
    boxes.add(line, shape_type="path")
    bench.idle()
    inside = [point for point in along(line) if point[1] >= 0]
    assert 0 < len(inside) < len(along(line))
    np.testing.assert_array_equal(bench.shown(), bench.expected(points=inside))
    boxes.add(np.array([(-20.0, -40.0), (-20.0, 30.0)]), shape_type="line")
    bench.idle()
    assert "outside of the image" in bench.dock.status.text()
    assert boxes.nshapes == 1


def test_a_background_scribble_alone_asks_for_the_object(open_dock: Open) -> None:
    bench = shown(open_dock(picture(96, 128), show=True))
    bench.controller.tools.choose("scribble")
    bench.press("q")
    bench.drag((20, 30), (60, 80))
    bench.idle()
    assert "click on the object" in bench.dock.status.text()
    assert not bench.shown().any()


# --- modified clicks -------------------------------------------------------------------------


def shift_click(bench: Bench, world: tuple[float, float]) -> None:
    shift = Qt.KeyboardModifier.ShiftModifier
    QTest.mouseMove(bench.native, bench.place(world))
    QTest.mouseClick(bench.native, Qt.MouseButton.LeftButton, shift, bench.place(world))
    QApplication.processEvents()


def test_a_click_with_shift_is_background_and_only_that_one(open_dock: Open) -> None:
    bench = shown(open_dock(picture(96, 128), show=True))
    points = bench.layer("points")
    bench.click((40, 50))
    QTest.qWait(500)
    shift_click(bench, (70, 90))
    assert bench.dock.tool_row.tools["foreground"].isChecked()
    QTest.qWait(500)
    bench.click((20, 30))
    bench.idle()
    assert labels_of(points) == ["foreground", "background", "foreground"]
    assert [str(symbol) for symbol in points.symbol] == ["ring", "x", "ring"]
    expected = bench.expected(points=list(points.data), point_labels=[1, 0, 1])
    np.testing.assert_array_equal(bench.shown(), expected)


def test_shift_keeps_working_when_the_tool_was_changed(open_dock: Open) -> None:
    bench = shown(open_dock(picture(96, 128), show=True))
    points = bench.layer("points")
    for _ in range(3):
        bench.press("w")
    shift_click(bench, (70, 90))
    bench.press("q")
    QTest.qWait(500)
    shift_click(bench, (20, 30))
    bench.idle()
    assert labels_of(points) == ["background", "background"]
    assert bench.dock.tool_row.tools["background"].isChecked()


def test_a_drag_with_shift_adds_nothing_and_changes_nothing(open_dock: Open) -> None:
    bench = shown(open_dock(picture(96, 128), show=True))
    start, stop = bench.place((20, 20)), bench.place((60, 90))
    shift = Qt.KeyboardModifier.ShiftModifier
    QTest.mousePress(bench.native, Qt.MouseButton.LeftButton, shift, start)
    for share in (0.3, 0.6, 1.0):
        QTest.mouseMove(bench.native, start + (stop - start) * share)
        QApplication.processEvents()
    QTest.mouseRelease(bench.native, Qt.MouseButton.LeftButton, shift, stop)
    QApplication.processEvents()
    assert len(bench.layer("points").data) == 0
    bench.add(30, 30)
    assert labels_of(bench.layer("points")) == ["foreground"]


def test_nothing_is_left_on_the_layers_when_the_dock_closes(open_dock: Open) -> None:
    bench = open_dock(picture(40, 48))
    bench.add(20, 20)
    bench.layer("boxes").add(np.array([(2.0, 2.0), (20.0, 30.0)]), shape_type="path")
    bench.idle()
    points, boxes = bench.layer("points"), bench.layer("boxes")
    bench.controller.close()
    for layer in (points, boxes):
        own = [call for call in layer.mouse_drag_callbacks if "napari_sam" in call.__module__]
        assert own == []
        layer.mode = "select"


# --- moved, deleted, outlined ----------------------------------------------------------------


def test_a_click_moved_with_the_mouse_is_answered_where_it_is(open_dock: Open) -> None:
    bench = shown(open_dock(picture(96, 128), show=True))
    bench.click((40, 50))
    bench.idle()
    points = bench.layer("points")
    points.mode = "select"
    bench.drag((40, 50), (70, 90))
    bench.idle()
    (place,) = points.data
    np.testing.assert_allclose(place, (70, 90), atol=1.5)
    np.testing.assert_array_equal(bench.shown(), bench.expected(points=[place]))


def test_a_click_deleted_with_the_key_takes_its_mask_along(open_dock: Open) -> None:
    bench = shown(open_dock(picture(96, 128), show=True))
    bench.click((40, 50))
    bench.idle()
    points = bench.layer("points")
    points.mode = "select"
    QTest.qWait(500)
    bench.click((40, 50))
    assert set(points.selected_data) == {0}
    bench.press(Qt.Key.Key_Delete)
    bench.idle()
    assert len(points.data) == 0
    assert not bench.shown().any()


def test_a_box_moved_with_the_mouse_is_answered_where_it_is(open_dock: Open) -> None:
    bench = shown(open_dock(picture(96, 128), show=True))
    bench.press("w")
    bench.drag((20, 30), (50, 60))
    bench.idle()
    boxes = bench.layer("boxes")
    boxes.mode = "select"
    QTest.qWait(500)
    bench.click((35, 45))
    QTest.qWait(500)
    bench.drag((35, 45), (55, 75))
    bench.idle()
    (box,) = boxes.data
    corners = (tuple(box.min(axis=0)), tuple(box.max(axis=0)))
    np.testing.assert_allclose(corners, [(40, 60), (70, 90)], atol=2)
    np.testing.assert_array_equal(bench.shown(), bench.expected(boxes=[corners]))
    bench.press(Qt.Key.Key_Delete)
    bench.idle()
    assert boxes.nshapes == 0
    assert not bench.shown().any()


def test_an_ellipse_drawn_with_the_mouse_is_box_and_mask(open_dock: Open) -> None:
    bench = shown(open_dock(picture(96, 128), show=True))
    bench.press("w")
    bench.layer("boxes").mode = "add_ellipse"
    bench.drag((20, 30), (60, 80))
    bench.idle()
    assert list(bench.layer("boxes").shape_type) == ["ellipse"]
    ((plane, own),) = bench.controller.object.questions.prompts.items()
    box, mask = own.prompts
    np.testing.assert_allclose(box.corners, [(20, 30), (60, 80)], atol=1)
    assert mask.pixels.sum() == pytest.approx(np.pi / 4 * 40 * 50, rel=0.06)
    assert not mask.pixels[0, 0]
    expected = bench.controller.object.masks[plane]
    assert expected.area == bench.shown().sum() > 0


# --- whose they are --------------------------------------------------------------------------


def test_clicks_with_features_from_a_table_belong_to_the_objects_that_it_names(
    open_dock: Open, tmp_path: Path
) -> None:
    path = tmp_path / "clicks.csv"
    path.write_text(
        "index,axis-0,axis-1,label,object\n"
        "0,20,20,foreground,1.0\n1,30,40,foreground,2.0\n2,5,5,background,2.0\n"
    )
    bench = open_dock(picture(40, 48))
    (table,) = bench.viewer.open(path, layer_type="points")
    bench.idle()
    assert not bench.controller.object.questions.prompts  # a layer of the user's is no prompt
    points = bench.layer("points")
    points.data = np.array([(20.0, 20.0), (30.0, 40.0), (5.0, 5.0)])
    points.features = {
        "label": ["foreground", "foreground", "background"],
        "object": [1.0, 2.0, 2.0],
    }
    bench.idle()
    shown = bench.controller.objects.shown()
    assert sorted(shown) == [1, 2]
    assert table in bench.viewer.layers
    points.features = {"label": ["foreground"] * 3}
    bench.idle()
    bench.controller.tools.choose("background")
    bench.add(30, 5)
    bench.idle()
    assert labels_of(points) == ["foreground"] * 3 + ["background"]
    assert list(points.features["object"]) == [1, 1, 1, 1]
