"""Layers of the dock that only show something: no tool changes them, and no file gets them."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from napari.layers import Shapes
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication

from napari_sam.plugin.layers.only_shown import is_helper
from tests.plugin.bench import Bench, Open, picture


@pytest.fixture
def bench(open_dock: Open) -> Bench:
    bench = open_dock(picture(5, 96, 128), show=True)
    bench.viewer.reset_view()
    bench.add(1, 40, 40)
    bench.idle()
    assert bench.shown().any()
    return bench


def test_a_brush_on_the_preview_changes_nothing_and_raises_nothing(bench: Bench) -> None:
    preview, before = bench.layer("preview"), bench.shown()
    bench.viewer.layers.selection.active = preview
    for key in ("2", "3", "4", "1"):  # napari's keys for the tools
        QTest.keyClick(bench.native, key)
    preview.mode = "paint"
    bench.viewer.dims.set_current_step(0, 1)
    bench.drag((20, 20), (60, 60))
    bench.idle()
    assert preview.mode == "pan_zoom"
    np.testing.assert_array_equal(bench.shown(), before)


def test_helpers_stay_locked_with_new_data_and_after_3d(bench: Bench) -> None:
    helpers = [layer for layer in bench.viewer.layers if is_helper(layer)]
    assert {layer.name for layer in helpers} >= {"SAM preview"}
    bench.add(1, 60, 60)
    bench.idle()
    bench.viewer.dims.ndisplay = 3
    QApplication.processEvents()
    bench.viewer.dims.ndisplay = 2
    QApplication.processEvents()
    for layer in helpers:
        assert not layer.editable
        layer.mode = "direct" if isinstance(layer, Shapes) else "erase"
        assert layer.mode == "pan_zoom"


def test_all_layers_are_saved_without_the_helpers(bench: Bench, tmp_path: Path) -> None:
    bench.accept()
    bench.idle()
    folder = tmp_path / "all"
    bench.viewer.layers.save(str(folder))
    names = {Path(path).stem for path in folder.iterdir()}
    assert {"cells", "SAM labels"} <= names <= {"cells", "SAM labels", "SAM points", "SAM boxes"}


def test_a_helper_that_is_selected_is_saved_as_the_user_asks(bench: Bench, tmp_path: Path) -> None:
    bench.viewer.layers.selection = {bench.layer("preview")}
    written = bench.viewer.layers.save(str(tmp_path / "preview.tif"), selected=True)
    assert [Path(path).name for path in written] == ["preview.tif"]


def test_closing_the_dock_gives_napari_its_own_saving_back(bench: Bench) -> None:
    viewer: Any = bench.viewer
    assert "save" in viewer.layers.__dict__
    bench.controller.close()
    assert "save" not in viewer.layers.__dict__


def test_outlines_are_some_screen_pixels_wide_at_each_zoom(bench: Bench) -> None:
    labels, preview = bench.layer("labels"), bench.layer("preview")
    assert (labels.contour, preview.contour) == (0, 0)
    camera = bench.viewer.scene.camera
    camera.zoom = 4.0
    QTest.keyClick(bench.native, Qt.Key.Key_O, Qt.KeyboardModifier.ShiftModifier)
    QApplication.processEvents()
    assert (labels.contour, preview.contour) == (1, 1)
    camera.zoom = 0.5
    assert (labels.contour, preview.contour) == (4, 4)
    bench.add(1, 60, 60)
    bench.idle()
    assert preview.contour == 4
    bench.viewer.layers.remove(labels)
    bench.accept()
    bench.idle()
    assert bench.layer("labels").contour == 4
    QTest.keyClick(bench.native, Qt.Key.Key_O, Qt.KeyboardModifier.ShiftModifier)
    QApplication.processEvents()
    assert (bench.layer("labels").contour, preview.contour) == (0, 0)


def test_clicks_are_rings_smaller_than_the_object(bench: Bench) -> None:
    points = bench.layer("points")
    area = int(bench.shown()[1].sum())
    diameter = 2 * np.sqrt(area / np.pi)
    assert [str(symbol) for symbol in points.symbol] == ["ring"]
    assert points.size == pytest.approx(0.35 * diameter, rel=0.2)
    assert points.current_size == pytest.approx(0.35 * diameter, rel=0.2)
    assert tuple(points.canvas_size_limits) == (5, 12)
