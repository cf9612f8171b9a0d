"""The dock in a real napari window: real clicks and keys, a real worker, a random model."""

import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from napari.utils.notifications import notification_manager
from qtpy.QtCore import QPoint, Qt, QTimer
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication

from napari_sam import Session
from napari_sam.plugin.commands import SamWidget, napari_too_old
from napari_sam.plugin.layers.conventions import COLOURS
from napari_sam.plugin.settings import Settings
from tests.plugin.bench import Bench, GatedSam, Open, dividing, picture, tube

# --- with mouse and keyboard -----------------------------------------------------------------


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
    assert [str(symbol) for symbol in points.symbol] == ["disc", "x"]
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
    assert bench.dock.tools["background"].isChecked()
    bench.add(20, 20)
    bench.idle()
    colours = [QColorHex(c) for c in bench.layer("points").face_color]
    assert colours == [COLOURS["foreground"], COLOURS["background"]]


def QColorHex(rgba: np.ndarray) -> str:  # noqa: N802
    return "#" + "".join(f"{round(255 * v):02x}" for v in rgba[:3])


# --- what is seen ----------------------------------------------------------------------------


def test_the_model_sees_the_contrast_on_the_screen(open_dock: Open) -> None:
    bench = open_dock(picture(48, 64))
    image = bench.controller.workspace.image
    bench.add(20, 20)
    bench.idle()
    before = bench.shown()
    bench.drop()
    image.contrast_limits = (100, 120)
    bench.add(20, 20)
    bench.idle()
    np.testing.assert_array_equal(bench.shown(), bench.expected(points=[(20, 20)]))
    assert (bench.shown() != before).any()


def test_automatic_contrast_asks_again(open_dock: Open) -> None:
    data = picture(48, 64)
    bench = open_dock(data, contrast_limits=(100, 120))
    bench.add(20, 20)
    bench.idle()
    bench.dock.auto_contrast.click()
    bench.idle()
    session = Session.open(data, model=bench.model, contrast="auto", cache_dir=False)
    mask = session.predict(points=[(20, 20)])
    assert bench.controller.object.masks[()].bbox == mask.bbox
    np.testing.assert_array_equal(bench.controller.object.masks[()].pixels, mask.pixels)


@pytest.mark.parametrize(
    ("data", "options", "place"),
    [
        (picture(40, 48, 3), {"rgb": True}, (20, 20)),
        ([picture(64, 64), picture(32, 32)], {"multiscale": True}, (20, 20)),
        (picture(3, 40, 48), {"axis_labels": ("c", "y", "x")}, (0, 20, 20)),
        (picture(2, 3, 40, 48) > 128, {}, (1, 2, 20, 20)),
    ],
    ids=["rgb", "multiscale", "channels", "time-z-bool"],
)
def test_images_of_every_kind(
    open_dock: Open, data: Any, options: dict[str, Any], place: tuple[int, ...]
) -> None:
    bench = open_dock(data, **options)
    bench.add(*place)
    bench.idle()
    assert bench.controller.object.masks, bench.dock.status.text()
    area = sum(mask.area for mask in bench.controller.object.masks.values())
    bench.accept()
    labels = bench.layer("labels")
    assert np.count_nonzero(labels.data[place[:-2]]) == area > 0
    assert labels.ndim == bench.controller.workspace.image.ndim


def test_seven_dimensions_are_refused(open_dock: Open) -> None:
    bench = open_dock(np.zeros((1, 1, 1, 1, 2, 8, 8), np.uint8))
    assert "7 dimensions" in bench.dock.status.text()
    assert bench.names() == ["cells"]


# --- stacks ----------------------------------------------------------------------------------


def test_the_mask_goes_into_the_slice_of_the_click(open_dock: Open) -> None:
    bench = open_dock(picture(6, 40, 48), scale=(2, 0.5, 0.5))
    bench.viewer.dims.set_current_step(0, 3)
    with bench.model.held():
        bench.add(3, 20, 20)
        bench.wait(bench.model.inside.is_set)
        bench.viewer.dims.set_current_step(0, 5)
    bench.idle()
    bench.accept()
    assert set(np.nonzero(bench.layer("labels").data)[0]) == {3}


def test_one_object_in_two_slices_is_one_label(open_dock: Open) -> None:
    bench = open_dock(picture(6, 40, 48))
    bench.add(3, 20, 20)
    bench.idle()
    first = bench.shown()
    bench.add(4, 20, 20)
    bench.idle()
    assert "2 slices" in bench.dock.status.text()
    np.testing.assert_array_equal(bench.shown()[3], first[3])
    bench.accept()
    labels = bench.layer("labels").data
    assert set(np.nonzero(labels)[0]) == {3, 4}
    assert labels.max() == 1
    bench.undo_labels()
    assert not labels.any()


def test_a_deleted_click_takes_its_mask_along(open_dock: Open) -> None:
    bench = open_dock(picture(6, 40, 48))
    bench.add(3, 20, 20)
    bench.add(4, 20, 20)
    bench.idle()
    bench.layer("points").remove([0])
    bench.idle()
    assert list(bench.controller.object.masks) == [(4,)]
    assert not bench.shown()[3].any()


# --- the worker ------------------------------------------------------------------------------


def test_the_gui_goes_on_while_the_model_works(open_dock: Open) -> None:
    bench = open_dock(picture(40, 48))
    bench.model.threads.clear()
    ticks: list[int] = []
    timer = QTimer(bench.dock)
    timer.timeout.connect(lambda: ticks.append(1))
    timer.start(5)
    with bench.model.held():
        bench.add(20, 20)
        bench.wait(bench.model.inside.is_set)
        ticks.clear()
        bench.wait(lambda: len(ticks) >= 20)
        assert bench.dock.cancel_button.isEnabled()
    timer.stop()
    bench.idle()
    assert bench.model.threads
    assert threading.get_ident() not in bench.model.threads
    assert not bench.dock.cancel_button.isEnabled()


def test_the_newest_click_wins(open_dock: Open) -> None:
    bench = open_dock(picture(40, 48))
    with bench.model.held():
        bench.add(20, 20)
        bench.wait(bench.model.inside.is_set)
        bench.add(30, 30)
        bench.add(10, 40)
    bench.idle()
    expected = bench.expected(points=[(20, 20), (30, 30), (10, 40)])
    np.testing.assert_array_equal(bench.shown(), expected)


def test_an_answer_after_escape_is_not_shown(open_dock: Open) -> None:
    bench = open_dock(picture(40, 48))
    with bench.model.held():
        bench.add(20, 20)
        bench.wait(bench.model.inside.is_set)
        bench.drop()
    bench.idle()
    assert not bench.shown().any()
    assert not bench.controller.object.masks


def test_enter_before_the_answer_accepts_it_when_it_comes(open_dock: Open) -> None:
    bench = open_dock(picture(40, 48))
    expected = bench.expected(points=[(20, 20)])
    with bench.model.held():
        bench.add(20, 20)
        bench.wait(bench.model.inside.is_set)
        bench.accept()
        assert len(bench.layer("points").data) == 0
        bench.add(30, 40)  # already the next object
    bench.idle()
    np.testing.assert_array_equal(bench.layer("labels").data, expected.astype(np.uint32))
    np.testing.assert_array_equal(bench.shown(), bench.expected(points=[(30, 40)]))


def test_cancel_stops_the_work(open_dock: Open) -> None:
    bench = open_dock(picture(40, 48))
    with bench.model.held():
        bench.add(20, 20)
        bench.wait(bench.model.inside.is_set)
        bench.dock.cancel_button.click()
    bench.idle()
    assert not bench.controller.object.masks
    bench.add(21, 21)
    bench.idle()
    assert bench.controller.object.masks


# --- through the slices ----------------------------------------------------------------------


def slices(mask: np.ndarray) -> list[int]:
    return [int(z) for z in np.unique(np.nonzero(mask)[0])]


def test_g_follows_the_object_and_enter_accepts_all_of_it_as_one_step(
    open_cells_tiny: Open,
) -> None:
    bench = open_cells_tiny(tube(), show=True)
    bench.viewer.dims.set_current_step(0, 4)
    bench.viewer.reset_view()
    QApplication.processEvents()
    bench.click((30, 30))
    bench.idle()
    assert slices(bench.shown()) == [4]
    seen: list[int] = []
    preview = bench.layer("preview")
    preview.events.data.connect(lambda: seen.append(preview.data.shape[0]))
    bench.press(Qt.Key.Key_G)
    bench.idle()
    assert slices(bench.shown()) == list(range(9))
    assert set(range(2, 10)) <= set(seen)  # each slice appears when it is done
    assert "9 slices" in bench.dock.status.text()
    bench.viewer.dims.ndisplay = 3
    QApplication.processEvents()
    assert bench.layer("preview").extent.data[1, 0] == 8
    bench.viewer.dims.ndisplay = 2
    bench.press(Qt.Key.Key_Return)
    bench.idle()
    labels = bench.layer("labels").data
    assert slices(labels) == list(range(9))
    truth = tube() > 120
    assert (truth & (labels > 0)).sum() / (truth | (labels > 0)).sum() > 0.7
    bench.press(Qt.Key.Key_U)
    assert not labels.any()


def test_what_was_followed_stays_after_cancel(open_cells_tiny: Open) -> None:
    bench = open_cells_tiny(tube())
    bench.add(0, 28, 30)
    bench.idle()
    bench.dock.follow_button.click()
    bench.wait(lambda: len(bench.controller.object.masks) >= 3)
    bench.dock.cancel_button.click()
    bench.idle()
    done = slices(bench.shown())
    assert 3 <= len(done) < 9
    bench.accept()
    assert slices(bench.layer("labels").data) == done


def test_accepted_while_it_is_followed_comes_whole(open_cells_tiny: Open) -> None:
    bench = open_cells_tiny(tube())
    bench.add(0, 28, 30)
    bench.idle()
    bench.follow()
    bench.wait(lambda: len(bench.controller.object.masks) >= 2)
    bench.accept()
    assert len(bench.layer("points").data) == 0
    assert not bench.shown().any()
    bench.idle()
    labels = bench.layer("labels").data
    assert slices(labels) == list(range(9))
    bench.undo_labels()
    assert not labels.any()


def test_g_before_the_answer_follows_when_it_comes(open_cells_tiny: Open) -> None:
    bench = open_cells_tiny(tube(4))
    bench.add(1, 28, 30)
    bench.follow()
    bench.idle()
    assert slices(bench.shown()) == [0, 1, 2, 3]


def test_g_is_forgotten_when_the_work_is_cancelled(open_dock: Open) -> None:
    bench = open_dock(picture(5, 40, 48))
    with bench.model.held():
        bench.add(2, 20, 20)
        bench.wait(bench.model.inside.is_set)
        bench.follow()
        bench.dock.cancel_button.click()
    bench.idle()
    bench.add(2, 21, 21)
    bench.idle()
    assert list(bench.controller.object.masks) == [(2,)]


def test_an_object_accepted_while_it_is_followed_survives_closing_and_leaving(
    open_cells_tiny: Open,
) -> None:
    bench = open_cells_tiny(tube())
    bench.add(0, 28, 30)
    bench.idle()
    bench.follow()
    bench.wait(lambda: len(bench.controller.object.masks) >= 2)
    bench.accept()
    other = bench.viewer.add_image(picture(40, 48), name="other")
    bench.controller.images.use(other)  # the first one is finished all the same
    bench.idle()
    (labels,) = (
        one for one in bench.viewer.layers if one.name.startswith("SAM labels") and one.ndim == 3
    )
    assert slices(labels.data) == list(range(9))
    bench.controller.images.use(bench.viewer.layers["cells"])
    bench.add(0, 10, 10)
    bench.idle()
    bench.follow()
    bench.accept()
    bench.viewer.layers.remove("cells")  # nobody wants it any more
    bench.idle()
    assert sum(name.startswith("SAM labels") for name in bench.names()) <= 2


def test_a_correction_changes_the_stretch_up_to_the_next_clicks(open_cells_tiny: Open) -> None:
    bench = open_cells_tiny(tube())
    bench.add(2, 29, 30)
    bench.add(6, 31, 30)
    bench.idle()
    bench.follow()
    bench.idle()
    before = bench.shown()
    assert slices(before) == list(range(9))
    bench.layer("points").feature_defaults = {"label": "background", "object": 1}
    bench.add(7, 24, 30)  # cuts a part off there
    bench.idle()
    after = bench.shown()
    changed = [z for z in range(9) if (before[z] != after[z]).any()]
    assert 7 in changed
    assert set(changed) <= {7, 8}
    bench.layer("points").remove([2])
    bench.idle()
    np.testing.assert_array_equal(bench.shown()[7], before[7])


def test_n_goes_to_the_slice_where_the_model_is_least_sure(open_cells_tiny: Open) -> None:
    stack = tube()
    stack[6, 20:40, 36:50] = 190  # something else touches the object there
    bench = open_cells_tiny(stack, scale=(3, 0.5, 0.5), translate=(7, 0, 0))
    bench.add(1, 28, 30)
    bench.idle()
    assert bench.dock.strip.isHidden()
    bench.controller.guide.look_next()
    assert "Follow an object first" in bench.dock.status.text()
    bench.follow()
    bench.idle()
    slices = bench.controller.object.slices()
    assert slices[(1,)] is None
    unsure = {plane[0]: value for plane, value in slices.items() if value is not None}
    assert not bench.dock.strip.isHidden()
    colours = [bench.dock.strip.colour(z).name() for z in (1, max(unsure, key=unsure.get))]
    assert colours[0] != colours[1]
    worst = sorted(unsure, key=lambda z: -unsure[z])
    for z in (*worst, worst[0]):  # the last one again from the start
        bench.controller.guide.look_next()
        assert bench.viewer.dims.point[0] == 7 + 3 * z
    QTest.mouseClick(bench.dock.strip, Qt.MouseButton.LeftButton, pos=QPoint(2, 5))
    assert bench.viewer.dims.point[0] == 7
    bench.drop()
    assert bench.dock.strip.isHidden()


def test_a_division_is_two_daughters_of_one_mother(open_cells_tiny: Open, tmp_path: Path) -> None:
    bench = open_cells_tiny(
        dividing(), axis_labels=("t", "y", "x"), scale=(60, 0.5, 0.5), units=("s", "um", "um")
    )
    bench.add(0, 32, 48)
    bench.idle()
    bench.accept_daughter()
    assert "accept the mother first" in bench.dock.status.text()
    assert not bench.layer("labels").data.any()
    bench.add(0, 32, 48)
    bench.idle()
    bench.follow()
    bench.idle()
    bench.accept()
    labels = bench.layer("labels").data
    assert set(np.unique(labels)) == {0, 1}
    for number, column in ((2, 36), (3, 60)):
        bench.add(2, 32, column)
        bench.idle()
        bench.follow()
        bench.idle()
        bench.accept_daughter()
        assert f"Object {number} is a daughter of 1" in bench.dock.status.text()
        assert 1 not in labels[2:]
    assert [set(np.unique(frame)) - {0} for frame in labels[:2]] == [{1}, {1}]
    assert [labels[4, 32, 36], labels[4, 32, 60]] == [2, 3]
    bench.dock.tracks_button.click()
    bench.idle()
    tracks = bench.layer("tracks")
    assert {int(child): [int(m) for m in mothers] for child, mothers in tracks.graph.items()} == {
        2: [1],
        3: [1],
    }
    np.testing.assert_allclose(tracks.scale, (60, 0.5, 0.5))
    bench.viewer.layers.selection = {tracks}
    saved = bench.viewer.layers.save(str(tmp_path / "tracks.csv"), selected=True)
    assert [Path(path).name for path in saved] == ["tracks.csv"]
    lines = (tmp_path / "tracks.csv").read_text().splitlines()
    assert lines[0] == "label,parent,t,y,x"
    assert {tuple(line.split(",")[:2]) for line in lines[1:]} == {("1", ""), ("2", "1"), ("3", "1")}
    bench.undo_labels()
    assert not (labels == 3).any()


def test_following_asks_for_a_click_and_a_stack(open_dock: Open) -> None:
    bench = open_dock(picture(3, 40, 48))
    bench.follow()
    assert "Click on an object first" in bench.dock.status.text()
    flat = open_dock(picture(40, 48))
    assert not flat.dock.follow_button.isVisibleTo(flat.dock)
    flat.add(20, 20)
    flat.idle()
    flat.follow()
    assert "single slice" in flat.dock.status.text()


def test_time_or_depth_is_chosen_where_there_are_both(open_cells_tiny: Open) -> None:
    stack = np.stack([tube(3), tube(3)])
    bench = open_cells_tiny(stack)
    assert [bench.dock.axis.itemText(i) for i in range(bench.dock.axis.count())] == [
        "through z",
        "through t",
    ]
    bench.add(1, 1, 28, 30)
    bench.idle()
    bench.follow()
    bench.idle()
    assert sorted(bench.controller.object.masks) == [(1, 0), (1, 1), (1, 2)]
    bench.dock.axis.setCurrentIndex(1)
    bench.follow()
    bench.idle()
    everywhere = [(t, z) for t in range(2) for z in range(3)]
    assert sorted(bench.controller.object.masks) == everywhere
    bench.layer("points").feature_defaults = {"label": "background", "object": 1}
    before = dict(bench.controller.object.masks)
    bench.add(0, 2, 18, 30)  # at the rim
    bench.idle()
    after = bench.controller.object.masks
    changed = [p for p in everywhere if after[p] is not before[p]]
    assert changed == [(0, 2)]
    bench.accept()
    labels = bench.layer("labels").data
    assert [bool(labels[p].any()) for p in everywhere] == [True] * 6
    bench.undo_labels()
    assert not labels.any()


# --- everything ------------------------------------------------------------------------------


def test_everything_in_one_slice_or_in_all(open_dock: Open, confident: GatedSam) -> None:
    data = picture(3, 40, 48)
    session = Session.open(
        data, model=confident, contrast=(float(data.min()), float(data.max())), cache_dir=False
    )
    counts = {step.tile.plane: len(step.masks) for step in session.segment_everything(commit=False)}
    bench = open_dock(data, contrast_limits=(data.min(), data.max()))
    bench.viewer.dims.set_current_step(0, 1)
    bench.dock.slice_button.click()
    bench.idle()
    labels = bench.layer("labels").data
    assert counts[(1,)] > 0
    assert set(np.nonzero(labels)[0]) == {1}
    assert len(np.unique(labels)) - 1 == counts[(1,)]
    bench.dock.all_button.click()
    bench.idle()
    assert len(np.unique(labels)) - 1 == sum(counts.values())


def test_everything_linked_has_one_label_through_all_slices(open_cells_tiny: Open) -> None:
    bench = open_cells_tiny(tube(5))
    bench.dock.linked.setChecked(True)
    bench.dock.all_button.click()
    bench.idle()
    labels = bench.layer("labels").data
    inside = [np.bincount(labels[z][tube(5)[z] > 120]).argmax() for z in range(5)]
    assert len(set(inside)) == 1
    assert inside[0] > 0
    count = len(np.unique(labels)) - 1
    assert f"{count} object" in bench.dock.status.text()
    bench.dock.all_button.click()  # nothing is free any more where objects are
    bench.idle()
    assert [np.bincount(labels[z][tube(5)[z] > 120]).argmax() for z in range(5)] == inside


def test_a_click_overtakes_everything(open_dock: Open) -> None:
    bench = open_dock(picture(8, 40, 48))
    with bench.model.held():
        bench.dock.all_button.click()
        bench.wait(bench.model.inside.is_set)
        bench.add(0, 20, 20)
        order: list[str] = []
        runner = bench.controller.runner
        for job, name in ((runner._running, "tile"), (runner._queue[0], "click")):
            job.receive = noting(job.receive, order, name)
    bench.idle()
    clicks = [i for i, name in enumerate(order) if name == "click"]
    tiles = [i for i, name in enumerate(order) if name == "tile"]
    assert clicks[-1] < tiles[-1]
    assert sum(i < clicks[0] for i in tiles) <= 2
    assert bench.controller.object.masks


def noting(receive: Callable[[Any], None], order: list[str], name: str) -> Callable[[Any], None]:
    def noted(event: Any) -> None:
        order.append(name)
        receive(event)

    return noted


# --- the journal -----------------------------------------------------------------------------

KILLED = """
import sys
import napari
import numpy as np
from qtpy.QtWidgets import QApplication
from napari_sam.plugin.commands import SamWidget
from napari_sam.plugin.settings import Settings

data = np.load(sys.argv[1])
viewer = napari.Viewer(show=False)
viewer.add_image(data, name="cells", axis_labels=("t", "y", "x"))
dock = SamWidget(viewer, Settings(cache_dir=False))
viewer.window.add_dock_widget(dock)

def idle():
    QApplication.processEvents()
    while dock.controller.runner.busy:
        QApplication.processEvents()

idle()
for place in ((32, 48), (20, 20), (50, 80)):
    viewer.layers["SAM points"].add((0, *place))
    idle()
    dock.controller.actions.follow()
    idle()
    dock.controller.actions.accept()
dock.controller.actions.undo_labels()
dock.controller.actions.redo()
dock.controller.actions.undo()
dock.controller.actions.drop()
idle()
viewer.layers["SAM points"].add((2, 32, 36))
idle()
dock.controller.actions.follow()
idle()
dock.controller.actions.accept_daughter()
np.save(sys.argv[2], viewer.layers["SAM labels"].data)
print("ready", flush=True)
idle()
input()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL there")
def test_what_was_accepted_comes_back_after_a_kill(open_cells_tiny: Open, tmp_path: Path) -> None:
    data = dividing()
    np.save(tmp_path / "data.npy", data)
    files = [str(tmp_path / "data.npy"), str(tmp_path / "labels.npy")]
    with subprocess.Popen(
        [sys.executable, "-c", KILLED, *files], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as napari:
        assert napari.stdout is not None
        assert napari.stdout.readline() == b"ready\n"
        napari.kill()
    before = np.load(tmp_path / "labels.npy")
    assert len(np.unique(before)) >= 3
    bench = open_cells_tiny(data, name="renamed since", axis_labels=("t", "y", "x"))
    assert not bench.dock.restore_box.isHidden()
    assert "in no file" in bench.dock.restore_text.text()
    bench.dock.restore_button.click()
    np.testing.assert_array_equal(bench.layer("labels").data, before)
    assert bench.dock.restore_box.isHidden()
    labels = bench.layer("labels")
    saved = bench.viewer.layers
    saved.selection = {labels}
    saved.save(str(tmp_path / "labels.ome.tif"), selected=True)
    bench.viewer.layers.clear()
    bench.idle()
    bench.viewer.add_image(data, name="cells", axis_labels=("t", "y", "x"))
    bench.idle()
    assert bench.dock.restore_box.isHidden()  # it is in a file now


def test_what_is_forgotten_is_not_offered_again(open_dock: Open) -> None:
    data = picture(40, 48)
    first = open_dock(data)
    first.add(20, 20)
    first.idle()
    first.accept()
    for forget in (False, True):
        again = open_dock(data)
        assert not again.dock.restore_box.isHidden()
        if forget:
            again.dock.forget_button.click()
    assert open_dock(data).dock.restore_box.isHidden()
    assert open_dock(picture(40, 48, seed=1)).dock.restore_box.isHidden()


def test_a_reopened_dock_goes_on_with_its_journal(open_dock: Open, qtbot: Any) -> None:
    data = picture(40, 48)
    bench = open_dock(data)
    bench.add(20, 20)
    bench.idle()
    bench.accept()
    bench.controller.close()
    again = Bench(bench.viewer, bench.model, qtbot)
    assert again.dock.restore_box.isHidden()  # nothing is missing
    again.add(30, 40)
    again.idle()
    again.accept()
    expected = again.layer("labels").data.copy()
    again.controller.close()
    other = open_dock(data)
    other.dock.restore_button.click()
    np.testing.assert_array_equal(other.layer("labels").data, expected)


# --- trouble ---------------------------------------------------------------------------------


def last_notification() -> str:
    return str(notification_manager.records[-1].message)


def test_without_an_image_the_dock_says_so_and_waits(open_dock: Open) -> None:
    bench = open_dock()
    assert "no image layer" in bench.dock.status.text()
    assert not bench.dock.slice_button.isEnabled()
    bench.viewer.add_image(picture(40, 48), name="late")
    bench.idle()
    assert bench.dock.images.currentText() == "late"
    bench.add(20, 20)
    bench.idle()
    assert bench.controller.object.masks


def test_a_click_outside_is_refused_and_the_others_stay(open_dock: Open) -> None:
    bench = open_dock(picture(40, 48))
    bench.add(20, 20)
    bench.idle()
    before = bench.shown()
    bench.add(100, 20)
    bench.idle()
    assert "outside of the image" in last_notification()
    assert len(bench.layer("points").data) == 1
    np.testing.assert_array_equal(bench.shown(), before)


def test_only_background_asks_for_the_object(open_dock: Open) -> None:
    bench = open_dock(picture(40, 48))
    bench.controller.tools.choose("background")
    bench.add(20, 20)
    bench.idle()
    assert "click on the object" in bench.dock.status.text()
    assert not bench.controller.object.masks


def test_an_unknown_model_is_one_line(make_napari_viewer_proxy: Any, qtbot: Any) -> None:
    viewer = make_napari_viewer_proxy()
    dock = SamWidget(viewer, Settings(model="no-such-model", cache_dir=False))
    viewer.window.add_dock_widget(dock, name="SAM")
    qtbot.waitUntil(lambda: not dock.controller.runner.busy, timeout=60_000)
    assert "no model 'no-such-model'" in last_notification()
    assert "\n" not in last_notification()


def test_a_fault_in_the_worker_does_not_stop_the_dock(open_dock: Open) -> None:
    bench = open_dock(picture(40, 48))
    bench.model.image_encoder.register_forward_hook(_out_of_memory)
    try:
        bench.add(20, 20)
        bench.idle()
        assert "out of memory" in last_notification()
        assert "out of memory" in bench.dock.status.text()
    finally:
        bench.model.image_encoder._forward_hooks.clear()
    bench.add(22, 22)
    bench.idle()
    assert bench.controller.object.masks


def _out_of_memory(*args: Any) -> None:
    raise RuntimeError("out of memory")


def test_an_image_renamed_and_removed_while_the_model_works(open_dock: Open) -> None:
    bench = open_dock(picture(40, 48))
    image = bench.viewer.layers["cells"]
    with bench.model.held():
        bench.add(20, 20)
        bench.wait(bench.model.inside.is_set)
        image.name = "renamed"
        QApplication.processEvents()
        assert bench.dock.images.currentText() == "renamed"
        bench.viewer.layers.remove(image)
        QApplication.processEvents()
    bench.idle()
    assert "no image layer" in bench.dock.status.text()
    assert bench.names() == ["SAM points"]  # the click: nothing is lost


def test_all_layers_can_be_cleared(open_dock: Open) -> None:
    bench = open_dock(picture(40, 48))
    bench.add(20, 20)
    bench.idle()
    bench.viewer.layers.clear()
    bench.idle()
    assert bench.names() == []
    bench.viewer.add_image(picture(40, 48, seed=1))
    bench.idle()
    bench.add(20, 20)
    bench.idle()
    assert bench.controller.object.masks


def test_another_image_gets_layers_of_its_own(open_dock: Open) -> None:
    bench = open_dock(picture(40, 48), name="first")
    bench.add(20, 20)
    bench.idle()
    bench.accept()
    bench.viewer.add_image(picture(64, 80), name="second", scale=(3, 3))
    bench.idle()
    assert bench.dock.images.currentText() == "first"
    bench.dock.images.setCurrentText("second")
    bench.add(50, 60)
    bench.idle()
    bench.accept()
    labels = [layer for layer in bench.viewer.layers if layer.name.startswith("SAM labels")]
    assert [layer.data.shape for layer in labels] == [(40, 48), (64, 80)]
    assert all(layer.data.max() == 1 for layer in labels)


def owner(callback: Any) -> str:
    """Module of the object that an event would call."""
    target = callback[0]() if isinstance(callback, tuple) else callback
    return str(getattr(target, "__module__", type(target).__module__))


def test_an_open_dock_listens(open_dock: Open) -> None:
    bench = open_dock(picture(8, 8))
    listeners = map(owner, bench.layer("points").events.data.callbacks)
    assert "napari_sam.plugin.controller" in listeners


def test_closing_leaves_no_keys_callbacks_or_work(open_dock: Open) -> None:
    bench = open_dock(picture(40, 48))
    image, events = bench.viewer.layers["cells"], bench.viewer.layers.events
    with bench.model.held():
        bench.add(20, 20)
        bench.wait(bench.model.inside.is_set)
        points = bench.layer("points")
        bench.viewer.window.remove_dock_widget(bench.dock)
    bench.wait(lambda: not bench.controller.runner.busy)
    assert dict(points.keymap) == {}
    for emitter in (
        events.inserted,
        events.removed,
        image.events.name,
        image.events.scale,
        points.events.data,
        points.events.features,
    ):
        assert not [name for name in map(owner, emitter.callbacks) if "napari_sam" in name]
    assert bench.names() == ["cells", "SAM points"]  # an unfinished click is not thrown away


def test_reopening_goes_on_where_it_was_left(open_dock: Open, qtbot: Any) -> None:
    bench = open_dock(picture(40, 48))
    bench.add(20, 20)
    bench.idle()
    bench.accept()
    bench.add(30, 30)
    bench.idle()
    expected = bench.shown()
    bench.viewer.window.remove_dock_widget(bench.dock)
    again = Bench(bench.viewer, bench.model, qtbot)
    again.idle()
    np.testing.assert_array_equal(again.shown(), expected)
    again.accept()
    assert again.layer("labels").data.max() == 2
    assert len([name for name in again.names() if name.startswith("SAM")]) == 4
    again.controller.close()


# --- looks -----------------------------------------------------------------------------------


def test_the_dock_shows_model_and_keys_and_fits_a_small_screen(open_dock: Open) -> None:
    bench = open_dock(picture(40, 48))
    assert bench.dock.model.text() == "tiny-random on CPU"
    shown = " ".join(label.text() for label in bench.dock.findChildren(type(bench.dock.model)))
    for key in ("Enter", "Escape", "Q", "W", "U"):
        assert f"<b>{key}</b>" in shown
    hint = bench.dock.minimumSizeHint()
    assert hint.height() <= 650
    assert hint.width() <= 320


@pytest.mark.parametrize(("version", "old"), [("0.8.3", True), ("0.9.0", False), ("1.0.0", False)])
def test_an_old_napari_is_named(version: str, old: bool) -> None:
    message = napari_too_old(version)
    assert (message is not None) is old
    assert message is None or "0.9 or newer" in message
