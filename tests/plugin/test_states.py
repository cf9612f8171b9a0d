"""States of the viewer: turned axes, 3D, grid, two viewers, and layers that change meanwhile."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import QPoint, Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication

from tests.plugin.bench import Bench, Open, picture


def positions(bench: Bench) -> list[list[float]]:
    return [[round(float(v), 3) for v in place] for place in bench.layer("points").data]


def click_in_cell_of(bench: Bench, name: str, world: tuple[float, float]) -> None:
    """A click on what a layer shows in its cell of the grid."""
    canvas = bench.viewer.window.__wrapped__._qt_viewer.canvas
    index = bench.viewer.layers.index(name)
    cells = bench.viewer.canvas.grid.iter_viewboxes(bench.viewer.layers)
    boxes = zip(cells, canvas.grid_views, strict=False)
    (box,) = [box for (_, layers), box in boxes if index in layers]
    origin = np.array(canvas._map_canvas2world((0, 0), box))
    step = (np.array(canvas._map_canvas2world((100, 100), box)) - origin) / 100
    row, column = (np.asarray(world) - origin) / step
    place = QPoint(round(column), round(row))
    QTest.mouseMove(bench.native, place)
    QTest.mouseClick(bench.native, Qt.MouseButton.LeftButton, pos=place)
    QApplication.processEvents()


# --- turned axes -----------------------------------------------------------------------------


def test_a_click_on_turned_axes_is_refused_and_the_others_stay(open_dock: Open) -> None:
    bench = open_dock(picture(6, 40, 48), show=True)
    bench.viewer.dims.set_point(0, 2)
    bench.click((20, 24))
    bench.idle()
    before, shown = positions(bench), bench.shown()
    assert len(before) == 1
    bench.viewer.dims.roll()  # z and y are shown
    bench.idle()
    assert "Ctrl-E" in bench.dock.status.text()
    bench.layer("points").mode = "add"
    bench.click((3, 15))
    bench.idle()
    assert positions(bench) == before
    np.testing.assert_array_equal(bench.shown(), shown)
    assert "Ctrl-E" in bench.dock.status.text()
    bench.viewer.dims.roll()
    bench.viewer.dims.roll()
    bench.idle()
    assert bench.layer("points").mode == "add"
    bench.viewer.dims.set_point(0, 2)
    bench.click((10, 12))
    bench.idle()
    assert len(positions(bench)) == 2
    bench.press(Qt.Key.Key_Return)
    assert np.unique(np.argwhere(bench.layer("labels").data)[:, 0]).tolist() == [2]


def test_transposed_slices_are_clicked_like_others(open_dock: Open) -> None:
    bench = open_dock(picture(6, 40, 48), show=True)
    bench.viewer.dims.set_point(0, 3)
    bench.viewer.dims.transpose()
    bench.idle()
    bench.click((30, 10))  # x goes down now
    bench.idle()
    ((z, y, x),) = positions(bench)
    assert z == 3
    assert (abs(y - 10), abs(x - 30)) < (1, 1)
    place = tuple(bench.layer("points").data[0])
    np.testing.assert_array_equal(bench.shown(), bench.expected(points=[place]))


def test_what_is_accepted_while_axes_are_turned_is_what_was_clicked(open_dock: Open) -> None:
    bench = open_dock(picture(6, 40, 48))
    bench.add(2, 20, 20)
    bench.idle()
    shown = bench.shown()
    bench.viewer.dims.roll()
    bench.idle()
    bench.accept()
    np.testing.assert_array_equal(bench.layer("labels").data > 0, shown)


# --- 3D --------------------------------------------------------------------------------------


def test_clicks_in_3d_are_refused_and_the_preview_stays(open_dock: Open) -> None:
    bench = open_dock(picture(6, 40, 48), show=True)
    bench.viewer.dims.set_point(0, 2)
    bench.click((20, 24))
    bench.idle()
    before, shown = positions(bench), bench.shown()
    bench.viewer.dims.ndisplay = 3
    bench.idle()
    assert "3D" in bench.dock.status.text()
    assert "Ctrl-Y" in bench.dock.status.text()
    np.testing.assert_array_equal(bench.shown(), shown)
    bench.layer("points").mode = "add"
    bench.add(1, 5, 5)
    bench.idle()
    assert positions(bench) == before
    np.testing.assert_array_equal(bench.shown(), shown)
    bench.viewer.dims.ndisplay = 2
    bench.idle()
    assert bench.layer("points").mode == "add"
    bench.viewer.dims.set_point(0, 2)
    bench.click((22, 26))
    bench.idle()
    assert len(positions(bench)) == 2


def test_a_box_tool_comes_back_from_3d(open_dock: Open) -> None:
    bench = open_dock(picture(6, 40, 48))
    bench.controller.tools.choose("box")
    bench.viewer.dims.ndisplay = 3
    bench.idle()
    bench.viewer.dims.ndisplay = 2
    bench.idle()
    assert bench.viewer.layers.selection.active == bench.layer("boxes")
    assert bench.layer("boxes").mode == "add_rectangle"


def test_a_tool_chosen_in_3d_waits_for_2d(open_dock: Open) -> None:
    bench = open_dock(picture(6, 40, 48))
    bench.viewer.dims.ndisplay = 3
    bench.idle()
    bench.controller.tools.swap()
    assert bench.layer("boxes").mode == "pan_zoom"
    assert bench.dock.tool_row.tools["box"].isChecked()
    bench.viewer.dims.ndisplay = 2
    bench.idle()
    assert bench.layer("boxes").mode == "add_rectangle"


def test_an_object_is_accepted_in_3d(open_dock: Open) -> None:
    bench = open_dock(picture(6, 40, 48), show=True)
    bench.add(2, 20, 20)
    bench.idle()
    shown = bench.shown()
    bench.viewer.dims.ndisplay = 3
    bench.idle()
    bench.press(Qt.Key.Key_Return)
    bench.idle()
    np.testing.assert_array_equal(bench.layer("labels").data > 0, shown)
    assert positions(bench) == []


# --- grid ------------------------------------------------------------------------------------


@pytest.mark.parametrize("stride", [1, -1, 2])
def test_a_click_in_the_grid_lands_where_it_is_seen(open_dock: Open, stride: int) -> None:
    bench = open_dock(picture(64, 64), show=True)
    bench.viewer.canvas.grid.stride = stride
    bench.viewer.canvas.grid.enabled = True
    bench.viewer.reset_view()
    bench.idle()
    click_in_cell_of(bench, "cells", (30, 20))
    bench.idle()
    ((y, x),) = positions(bench)
    assert abs(y - 30) < 1.5
    assert abs(x - 20) < 1.5
    expected = bench.expected(points=[tuple(bench.layer("points").data[0])])
    np.testing.assert_array_equal(bench.shown(), expected)
    bench.press(Qt.Key.Key_Return)
    np.testing.assert_array_equal(bench.layer("labels").data > 0, expected)


# --- two viewers -----------------------------------------------------------------------------


def test_two_viewers_do_not_hear_of_each_other(open_dock: Open) -> None:
    first, second = open_dock(picture(40, 48)), open_dock(picture(64, 64, seed=3))
    first.add(20, 20)
    second.add(50, 50)
    first.idle()
    second.idle()
    np.testing.assert_array_equal(first.shown(), first.expected(points=[(20, 20)]))
    np.testing.assert_array_equal(second.shown(), second.expected(points=[(50, 50)]))
    first.accept()
    assert first.layer("labels").data.max() == 1
    assert second.layer("labels").data.max() == 0
    first.viewer.window.remove_dock_widget(first.dock)
    second.accept()
    assert second.layer("labels").data.max() == 1


# --- layers that change meanwhile ------------------------------------------------------------


def test_data_of_another_shape_get_labels_of_their_own(open_dock: Open) -> None:
    bench = open_dock(picture(40, 48))
    bench.add(20, 20)
    bench.idle()
    bench.accept()
    bench.viewer.layers["cells"].contrast_limits = (10, 250)
    with bench.model.held():
        bench.add(30, 40)
        bench.wait(bench.model.inside.is_set)
        bench.viewer.layers["cells"].data = picture(96, 80, seed=5)
        QApplication.processEvents()
        bench.add(80, 70)
    bench.idle()
    expected = bench.expected(points=[(30, 40), (80, 70)])
    np.testing.assert_array_equal(bench.controller.workspace.labels.data.shape, (96, 80))
    bench.accept()
    labels = [layer.data for layer in bench.viewer.layers if layer.name.startswith("SAM labels")]
    assert sorted(data.shape for data in labels) == [(40, 48), (96, 80)]
    assert [int(data.max()) for data in labels] == [1, 1]
    np.testing.assert_array_equal(bench.controller.workspace.labels.data > 0, expected)


def test_data_with_another_axis_get_layers_of_their_own(open_dock: Open) -> None:
    bench = open_dock(picture(40, 48))
    bench.add(20, 20)
    bench.idle()
    bench.viewer.layers["cells"].data = picture(4, 40, 48, seed=5)
    bench.idle()
    work = bench.controller.workspace
    assert (work.prompts.points.ndim, work.prompts.shapes.ndim, work.labels.data.shape) == (
        3,
        3,
        (4, 40, 48),
    )
    work.prompts.points.add((2, 20, 20))
    bench.idle()
    bench.accept()
    assert np.unique(np.argwhere(work.labels.data)[:, 0]).tolist() == [2]


def test_new_data_of_the_same_shape_are_seen_by_the_next_click(open_dock: Open) -> None:
    bench = open_dock(picture(40, 48))
    bench.add(20, 20)
    bench.idle()
    shown = bench.shown()
    bench.viewer.layers["cells"].data = picture(40, 48, seed=5)
    bench.idle()
    np.testing.assert_array_equal(bench.shown(), shown)  # nothing changes under the user's hands
    bench.add(22, 22)
    bench.idle()
    expected = bench.expected(points=[(20, 20), (22, 22)])
    np.testing.assert_array_equal(bench.shown(), expected)


@pytest.mark.parametrize("name", ["labels", "points", "boxes", "preview"])
def test_a_layer_deleted_while_the_model_works_comes_back(open_dock: Open, name: str) -> None:
    bench = open_dock(picture(40, 48))
    with bench.model.held():
        bench.add(20, 20)
        bench.wait(bench.model.inside.is_set)
        bench.viewer.layers.remove(bench.layer(name))
        QApplication.processEvents()
    bench.idle()
    if name == "points":
        assert not bench.controller.object.masks
        bench.controller.tools.choose("foreground")
        bench.add(20, 20)
        bench.idle()
    bench.accept()
    expected = bench.expected(points=[(20, 20)])
    np.testing.assert_array_equal(bench.layer("labels").data > 0, expected)
    bench.controller.tools.choose("box")
    ours = ["SAM boxes", "SAM labels", "SAM points", "SAM preview"]
    assert sorted(bench.names()) == [*ours, "cells"]


def test_renamed_layers_stay_in_use(open_dock: Open, qtbot: Any) -> None:
    bench = open_dock(picture(40, 48))
    work = bench.controller.workspace
    with bench.model.held():
        bench.add(20, 20)
        bench.wait(bench.model.inside.is_set)
        for layer, name in ((work.labels, "nuclei"), (work.prompts.points, "clicks")):
            layer.name = name
        QApplication.processEvents()
    bench.idle()
    bench.accept()
    assert bench.viewer.layers["nuclei"].data.max() == 1
    bench.viewer.layers["clicks"].add((5, 5))
    bench.idle()
    bench.viewer.window.remove_dock_widget(bench.dock)
    again = Bench(bench.viewer, bench.model, qtbot)
    assert again.controller.workspace.labels.name == "nuclei"
    assert again.controller.workspace.prompts.points.name == "clicks"
    again.accept()
    assert bench.viewer.layers["nuclei"].data.max() == 2
    again.controller.close()


# --- the end ---------------------------------------------------------------------------------

CLOSED = """
import threading, time
import napari, numpy as np
from qtpy.QtCore import QTimer
from tests.plugin.bench import GatedSam
from napari_sam.plugin.commands import SamWidget
from napari_sam.plugin.settings import Settings

model = GatedSam().eval()
slow = model.encode_image
def encode(*args, **kwargs):
    model.inside.set()
    time.sleep(0.7)
    return slow(*args, **kwargs)
model.encode_image = encode
viewer = napari.Viewer()
pixels = np.random.default_rng(0).integers(0, 255, (3, 64, 64), np.uint8)
viewer.add_image(pixels, contrast_limits=(0, 255))
dock = SamWidget(viewer, Settings(model=model, cache_dir=False))
viewer.window.add_dock_widget(dock, name="SAM")
{begin}
def close_in_mid_encode():
    if model.inside.is_set():
        timer.stop()
        viewer.close()
timer = QTimer()
timer.timeout.connect(close_in_mid_encode)
timer.start(10)
napari.run(force=True)
workers = [t.name for t in threading.enumerate() if not t.daemon]
print("left", workers)
"""


@pytest.mark.long
@pytest.mark.parametrize(
    "begin",
    ["viewer.layers['SAM points'].add((1, 30, 30))", "dock.everything_box.all_button.click()"],
    ids=["click", "everything"],
)
def test_napari_closed_in_mid_encode_ends_in_silence(begin: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", CLOSED.format(begin=begin)],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.stderr, done.returncode) == ("", 0)
    assert done.stdout.strip() == "left ['MainThread']"
