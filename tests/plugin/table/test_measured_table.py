"""Table, plot and image choose the same objects, by real clicks in each of them."""

import csv
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from qtpy.QtCore import QPoint, QPointF, QSize, Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication
from scipy.ndimage import binary_erosion

from napari_sam.plugin.table import plot_panel
from napari_sam.plugin.table.table_window import TableWindow
from tests.plugin.bench import Bench, Open, picture

LEFT = Qt.MouseButton.LeftButton


def three_cells() -> np.ndarray:
    labels = np.zeros((60, 80), np.int32)
    labels[5:15, 10:30], labels[20:40, 50:75], labels[45:55, 5:12] = 4, 9, 6
    return labels


def opened(open_dock: Open, labels: np.ndarray, **options: Any) -> tuple[Bench, TableWindow]:
    """A dock whose labels were measured by its button, and the table."""
    bench = open_dock(picture(*labels.shape), show=True, **options)
    bench.viewer.window.resize(1280, 800)
    bench.controller.workspace.labels_layer.ensure().data[...] = labels
    measure(bench)
    window = bench.viewer.window.dock_widgets["SAM table"]
    return bench, getattr(window, "__wrapped__", window)  # the proxy for plugins wraps it


def measure(bench: Bench) -> None:
    bench.dock.everything_box.set_open()
    QApplication.processEvents()  # the section is laid out
    bench.qtbot.mouseClick(bench.dock.everything_box.measure_button, LEFT)
    bench.idle()


def chosen(window: TableWindow) -> list[str]:
    """Labels of the chosen rows."""
    rows = {index.row() for index in window.table.selectionModel().selectedIndexes()}
    return [window.table.rows.index(row, 0).data() for row in sorted(rows)]


def outlined(bench: Bench) -> set[int]:
    """Labels that are outlined on the image; in a stack the whole array has them filled."""
    QApplication.processEvents()
    (layer,) = [each for each in bench.viewer.layers if each.name == "SAM chosen"]
    labels, pixels = np.asarray(bench.layer("labels").data), np.asarray(layer.data).astype(bool)
    found = set(np.unique(labels[pixels]).tolist())
    within = np.isin(labels, list(found))
    if labels.ndim == 2:
        for label in found:
            inner = erode(labels == label, layer.data.width)
            np.testing.assert_array_equal(pixels & (labels == label), (labels == label) & ~inner)
    else:
        np.testing.assert_array_equal(pixels, within)
    return found


def erode(mask: np.ndarray, width: int) -> np.ndarray:
    return binary_erosion(mask, np.ones((3, 3)), iterations=width)


def click_row(window: TableWindow, label: int, modifier: Any = None) -> None:
    rows = window.table.rows
    row = next(i for i in range(rows.rowCount()) if rows.index(i, 0).data() == str(label))
    window.table.scrollTo(rows.index(row, 0))
    place = window.table.visualRect(rows.index(row, 0)).center()
    keys = Qt.KeyboardModifier.NoModifier if modifier is None else modifier
    QTest.mouseClick(window.table.viewport(), LEFT, keys, place)
    QApplication.processEvents()


def scatter(window: TableWindow, x: str, y: str) -> None:
    """Choose columns in the boxes, by the keyboard."""
    for box, name in ((window.panel.x_box, x), (window.panel.y_box, y)):
        box.setCurrentText(name)
        box.activated.emit(box.currentIndex())
    QApplication.processEvents()


def on_plot(window: TableWindow, x: float, y: float) -> QPoint:
    plot = window.panel.plot
    assert plot is not None
    QApplication.processEvents()
    at: QPoint = plot.mapFromScene(plot.getViewBox().mapViewToScene(QPointF(x, y)))
    return at


def click_plot(window: TableWindow, x: float, y: float) -> None:
    viewport, place = window.panel.plot.viewport(), on_plot(window, x, y)
    QTest.mouseMove(viewport, place)
    QTest.mouseClick(viewport, LEFT, pos=place)
    QApplication.processEvents()


def enclose(bench: Bench, window: TableWindow, start: QPoint, stop: QPoint) -> None:
    viewport = window.panel.plot.viewport()
    QTest.mouseMove(viewport, start)
    QTest.mousePress(viewport, LEFT, pos=start)
    for share in (0.3, 0.6, 1.0):
        bench.qtbot.wait(30)
        QTest.mouseMove(viewport, start + (stop - start) * share)
    QTest.mouseRelease(viewport, LEFT, pos=stop)
    QApplication.processEvents()


def test_a_click_in_the_table_the_plot_or_the_image_chooses_the_object_everywhere(
    open_dock: Open,
) -> None:
    bench, window = opened(open_dock, three_cells())
    labels = bench.layer("labels")
    assert window.window().size() == QSize(1280, 800)
    assert window.line.text() == "3 objects, 0 chosen."

    click_row(window, 9)
    assert outlined(bench) == {9}
    assert labels.selected_label == 9
    np.testing.assert_allclose(bench.viewer.scene.camera.center[-2:], (29.5, 62), atol=1e-6)
    assert window.line.text() == "3 objects, 1 chosen."

    scatter(window, "bbox_x0", "pixels")
    click_plot(window, 10, 200)  # label 4
    assert chosen(window) == ["4"]
    assert outlined(bench) == {4}
    assert labels.selected_label == 4
    np.testing.assert_allclose(bench.viewer.scene.camera.center[-2:], (9.5, 19.5), atol=1e-6)
    click_plot(window, 30, 350)  # beside all points
    assert chosen(window) == []
    assert outlined(bench) == set()

    bench.viewer.scene.camera.center = (29.5, 39.5)
    bench.qtbot.mouseClick(window.pick_button, LEFT)
    bench.click((30, 60))
    assert chosen(window) == ["9"]
    assert outlined(bench) == {9}
    bench.click((50, 8))
    assert chosen(window) == ["6"]
    window.table.selectAll()
    assert outlined(bench) == {4, 6, 9}
    bench.click((50, 8))  # whose label is selected still
    assert chosen(window) == ["6"]
    bench.click((2, 70))
    assert chosen(window) == []
    assert len(bench.layer("points").data) == 0
    bench.qtbot.mouseClick(window.pick_button, LEFT)
    assert labels.mode == "pan_zoom"
    bench.move((10, 20))
    QTest.keyClick(bench.native, Qt.Key.Key_I, Qt.KeyboardModifier.ShiftModifier)
    QApplication.processEvents()
    assert chosen(window) == ["4"]


def test_a_rectangle_chooses_several_that_get_a_class_in_one_step(open_dock: Open) -> None:
    bench, window = opened(open_dock, three_cells())
    work = bench.controller.workspace
    scatter(window, "bbox_x0", "pixels")
    (left, right), (low, high) = window.panel.plot.getViewBox().viewRange()
    corner = on_plot(window, left + (right - left) / 200, low + (high - low) / 50)
    enclose(bench, window, corner, on_plot(window, 12, 300))
    assert chosen(window) == ["4", "6"]
    assert outlined(bench) == {4, 6}
    bench.dock.class_box.add_button.click()
    bench.qtbot.mouseClick(window.class_button, LEFT)
    assert work.classes.table.of_label == {4: "class 1", 6: "class 1"}
    assert "2 labels are class 1 now." in bench.dock.status.text()
    column = [window.table.rows.index(i, 1).data() for i in range(3)]
    assert column == ["class 1", "class 1", ""]
    bench.undo()
    assert work.classes.table.of_label == {}
    assert [window.table.rows.index(i, 1).data() for i in range(3)] == ["", "", ""]
    click_row(window, 9, Qt.KeyboardModifier.ControlModifier)
    assert outlined(bench) == {4, 6, 9}


def test_bars_are_chosen_and_table_and_plot_are_saved(
    open_dock: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench, window = opened(open_dock, three_cells())
    scatter(window, "pixels", plot_panel._COUNT)
    click_plot(window, 90, 0.5)  # the lowest of two bars, over 70 and 200 pixels
    assert chosen(window) == ["4", "6"]
    files = {"ask_table_file": tmp_path / "cells.csv", "ask_picture_file": tmp_path / "plot.png"}
    for name, path in files.items():
        monkeypatch.setattr(window, name, lambda path=path: path)
    bench.qtbot.mouseClick(window.save_button, LEFT)
    with files["ask_table_file"].open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["label"], row["pixels"]) for row in rows] == [
        ("4", "200"),
        ("6", "70"),
        ("9", "500"),
    ]
    assert "cells.csv" in bench.dock.status.text()
    bench.qtbot.mouseClick(window.picture_button, LEFT)
    with Image.open(files["ask_picture_file"]) as drawn:
        assert drawn.width == 1600
        assert len(np.unique(np.asarray(drawn.convert("L")))) > 3
    monkeypatch.setattr(window, "ask_table_file", lambda: tmp_path / "nowhere" / "a.csv")
    bench.qtbot.mouseClick(window.save_button, LEFT)
    assert "nowhere" in bench.dock.status.text()
    assert "Saved" not in bench.dock.status.text()


def test_what_changes_after_measuring_is_marked_until_it_is_undone_or_measured(
    open_dock: Open,
) -> None:
    bench, window = opened(open_dock, three_cells())
    bench.move((10, 20))
    bench.press(Qt.Key.Key_Delete)
    bench.idle()

    def struck() -> list[str]:
        rows = window.table.rows
        fonts = [rows.index(i, 0).data(Qt.ItemDataRole.FontRole) for i in range(rows.rowCount())]
        return [rows.index(i, 0).data() for i, font in enumerate(fonts) if font is not None]

    assert struck() == ["4"]
    assert window.line.text() == "3 objects, 0 chosen. 1 object has changed since: measure again."
    click_row(window, 4)
    assert "Label 4 is gone from its place" in bench.dock.status.text()
    bench.undo()
    assert struck() == []
    bench.redo()
    assert struck() == ["4"]
    click_row(window, 9)
    window.texture.setChecked(True)
    bench.qtbot.mouseClick(window.again_button, LEFT)
    bench.idle()
    assert struck() == []
    assert window.line.text() == "2 objects, 1 chosen."
    assert chosen(window) == ["9"]
    assert window.panel.x_box.findText("texture_contrast") >= 0


def test_the_table_is_empty_without_its_labels_and_goes_with_the_dock(open_dock: Open) -> None:
    labels = np.stack([three_cells(), three_cells(), 0 * three_cells()])
    bench, window = opened(open_dock, labels, axis_labels=("t", "y", "x"))
    assert window.line.text() == "6 objects, 0 chosen."
    bench.viewer.dims.set_point(0, 2)
    rows = window.table.rows
    row = next(
        i for i in range(6) if rows.index(i, 0).data() == "6" and rows.index(i, 1).data() == "1"
    )
    place = window.table.visualRect(rows.index(row, 0)).center()
    QTest.mouseClick(window.table.viewport(), LEFT, pos=place)
    assert bench.viewer.dims.point[0] == 1
    bench.viewer.dims.ndisplay = 3  # without a warning, which would be an error
    click_row(window, 9)
    assert outlined(bench) == {9}
    bench.viewer.dims.ndisplay = 2
    assert outlined(bench) == {9}
    bench.viewer.layers.remove(bench.layer("labels"))
    QApplication.processEvents()
    assert rows.rowCount() == 0
    assert "SAM chosen" not in bench.names()
    assert window.line.text().startswith("Nothing is measured yet")
    bench.controller.close()
    QApplication.processEvents()
    assert "SAM table" not in bench.viewer.window.dock_widgets


def test_without_pyqtgraph_the_table_works_and_a_line_says_how_to_get_it(
    open_dock: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyqtgraph", None)
    monkeypatch.setattr(plot_panel, "find_spec", lambda name: None)
    bench, window = opened(open_dock, three_cells())
    assert 'pip install "napari-sam-microscopy[plot]"' in window.panel.note.text()
    assert window.panel.note.isVisible()
    assert not window.picture_button.isVisible()
    click_row(window, 6)
    assert outlined(bench) == {6}
    # closed by its cross, it leaves no outlines, and comes again with the next measurement
    bench.viewer.window.remove_dock_widget(window)
    QApplication.processEvents()
    assert "SAM chosen" not in bench.names()
    measure(bench)
    assert "SAM table" in bench.viewer.window.dock_widgets
