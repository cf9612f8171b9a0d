"""Following an object through the slices of a stack or a movie."""

from pathlib import Path

import numpy as np
from qtpy.QtCore import QPoint, Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication

from tests.plugin.bench import Open, dividing, picture, tube


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
    bench.dock.follow_row.follow_button.click()
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
    assert bench.dock.follow_row.strip.isHidden()
    bench.controller.guide.look_next()
    assert "Follow an object first" in bench.dock.status.text()
    bench.follow()
    bench.idle()
    slices = bench.controller.object.slices()
    assert slices[(1,)] is None
    unsure = {plane[0]: value for plane, value in slices.items() if value is not None}
    assert not bench.dock.follow_row.strip.isHidden()
    strip = bench.dock.follow_row.strip
    colours = [strip.colour(z).name() for z in (1, max(unsure, key=unsure.get))]
    assert colours[0] != colours[1]
    worst = sorted(unsure, key=lambda z: -unsure[z])
    for z in (*worst, worst[0]):  # the last one again from the start
        bench.controller.guide.look_next()
        assert bench.viewer.dims.point[0] == 7 + 3 * z
    QTest.mouseClick(bench.dock.follow_row.strip, Qt.MouseButton.LeftButton, pos=QPoint(2, 5))
    assert bench.viewer.dims.point[0] == 7
    bench.drop()
    assert bench.dock.follow_row.strip.isHidden()


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
    bench.dock.everything_box.track_box.tracks_button.click()
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
    assert not flat.dock.follow_row.follow_button.isVisibleTo(flat.dock)
    flat.add(20, 20)
    flat.idle()
    flat.follow()
    assert "single slice" in flat.dock.status.text()


def test_time_or_depth_is_chosen_where_there_are_both(open_cells_tiny: Open) -> None:
    stack = np.stack([tube(3), tube(3)])
    bench = open_cells_tiny(stack)
    axis = bench.dock.follow_row.axis
    assert [axis.itemText(i) for i in range(axis.count())] == ["through z", "through t"]
    bench.add(1, 1, 28, 30)
    bench.idle()
    bench.follow()
    bench.idle()
    assert sorted(bench.controller.object.masks) == [(1, 0), (1, 1), (1, 2)]
    bench.dock.follow_row.axis.setCurrentIndex(1)
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
