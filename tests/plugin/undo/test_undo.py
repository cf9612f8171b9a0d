"""Ctrl-Z takes back one action after the other, whatever it was; Ctrl-Shift-Z does them again."""

import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication

from napari_sam.journal.journal import Journal, Subject
from napari_sam.plugin.labels import label_writer
from napari_sam.plugin.layers.conventions import COLOURS, JOURNAL_KEY
from tests.plugin.bench import Bench, Open, dividing, picture, tube

CTRL = Qt.KeyboardModifier.ControlModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier


def ctrl_z(bench: Bench) -> None:
    QTest.keyClick(bench.native, Qt.Key.Key_Z, CTRL)
    bench.idle()


def redo(bench: Bench) -> None:
    QTest.keyClick(bench.native, Qt.Key.Key_Z, CTRL | SHIFT)
    bench.idle()


def shown(bench: Bench) -> Bench:
    bench.viewer.reset_view()
    QApplication.processEvents()
    return bench


def hex_of(colours: np.ndarray) -> list[str]:
    return ["#" + "".join(f"{round(255 * v):02x}" for v in rgba[:3]) for rgba in colours]


def state(bench: Bench) -> tuple[Any, ...]:
    """All that a user sees of prompts, preview and labels."""
    points, boxes = bench.layer("points"), bench.layer("boxes")
    return (
        np.asarray(points.data).round(6).tolist(),
        list(points.features["label"]),
        list(points.features["object"]),
        [str(symbol) for symbol in points.symbol] if len(points.data) else [],
        hex_of(points.face_color),
        [np.asarray(shape).round(6).tolist() for shape in boxes.data],
        list(boxes.shape_type),
        list(boxes.features["label"]),
        hex_of(boxes.edge_color),
        bench.shown().tobytes(),
        np.asarray(bench.layer("labels").data).tobytes(),
    )


# --- prompts ---------------------------------------------------------------------------------


def test_every_action_is_one_step_back_and_one_forth(open_dock: Open) -> None:
    bench = shown(open_dock(picture(96, 128), show=True))
    points, boxes = bench.layer("points"), bench.layer("boxes")

    def click(place: tuple[float, float]) -> None:
        QTest.qWait(450)
        bench.click(place)

    def move() -> None:
        points.mode = "select"
        bench.drag((40, 50), (60, 60))
        points.mode = "add"

    def delete() -> None:
        points.selected_data = {0}
        points.remove_selected()

    def scribble() -> None:
        bench.controller.tools.choose("scribble")
        bench.drag((20, 30), (60, 90))

    def box() -> None:
        bench.controller.tools.choose("box")
        bench.drag((20, 30), (50, 60))

    def remove_box() -> None:
        boxes.selected_data = {0}
        boxes.remove_selected()

    def background() -> None:
        bench.controller.tools.choose("background")
        click((80, 20))

    def relabel() -> None:
        points.features = {
            "label": ["background"] * len(points.data),
            "object": points.features["object"],
        }

    def another() -> None:
        bench.controller.tools.choose("foreground")
        bench.next_object()
        click((20, 100))

    actions: list[Callable[[], None]] = [
        lambda: click((40, 50)),
        move,
        background,
        scribble,
        box,
        another,
        remove_box,
        lambda: bench.press(Qt.Key.Key_Return),
        lambda: click((80, 100)),
        delete,
        lambda: click((30, 100)),
        relabel,
        lambda: click((10, 10)),
        lambda: bench.press(Qt.Key.Key_Escape),
    ]
    states = [state(bench)]
    for action in actions:
        action()
        bench.idle()
        states.append(state(bench))
        assert states[-1] != states[-2]
    for before in reversed(states[:-1]):
        ctrl_z(bench)
        assert state(bench) == before
    ctrl_z(bench)
    assert "nothing to take back" in bench.dock.status.text()
    for after in states[1:]:
        redo(bench)
        assert state(bench) == after
    redo(bench)
    assert "nothing to do again" in bench.dock.status.text()
    for before in reversed(states[:-1]):
        ctrl_z(bench)
        assert state(bench) == before
    assert COLOURS["background"] in states[3][4]


def test_a_refused_click_is_no_step(open_dock: Open) -> None:
    bench = open_dock(picture(40, 48))
    bench.add(20, 20)
    bench.idle()
    before = state(bench)
    bench.add(100, 20)
    bench.idle()
    assert state(bench) == before
    ctrl_z(bench)
    assert len(bench.layer("points").data) == 0
    assert not bench.shown().any()


def test_clicks_in_3d_and_escape_without_an_object_are_no_steps(open_dock: Open) -> None:
    bench = open_dock(picture(6, 40, 48))
    bench.add(2, 20, 20)
    bench.idle()
    before = state(bench)
    bench.viewer.dims.ndisplay = 3
    bench.layer("points").mode = "add"
    bench.add(1, 5, 5)
    bench.idle()
    bench.viewer.dims.ndisplay = 2
    assert state(bench) == before
    bench.accept()
    for _ in range(3):
        bench.drop()
    bench.undo()
    bench.idle()
    assert state(bench) == before
    bench.undo()
    bench.idle()
    assert len(bench.layer("points").data) == 0
    bench.undo()
    assert "nothing to take back" in bench.dock.status.text()


def test_a_corrected_label_goes_back_to_what_it_was(open_dock: Open) -> None:
    bench = open_dock(picture(40, 48))
    bench.add(20, 20)
    bench.idle()
    bench.accept()
    labels = bench.layer("labels").data
    first = labels.copy()
    y, x = np.argwhere(first)[0]
    bench.viewer.cursor.position = (y, x)
    bench.controller.pick_up.under_cursor()
    bench.idle()
    assert "Correcting label" in bench.dock.status.text()
    bench.controller.tools.choose("background")
    bench.add(y, x)
    bench.idle()
    bench.accept()
    corrected = labels.copy()
    assert (corrected != first).any()
    bench.undo()  # the label as it was, and in the hand again
    bench.idle()
    np.testing.assert_array_equal(labels, first)
    bench.accept()
    np.testing.assert_array_equal(labels, corrected)
    bench.undo_labels()
    np.testing.assert_array_equal(labels, first)


def test_a_label_that_is_picked_up_is_a_step(open_dock: Open) -> None:
    bench = shown(open_dock(picture(96, 128), show=True))
    bench.click((40, 50))
    bench.idle()
    bench.press(Qt.Key.Key_Return)
    labels = bench.layer("labels").data
    first = labels.copy()
    y, x = np.argwhere(first)[0]
    QTest.qWait(450)
    bench.click((80, 100))  # another one is under way
    bench.idle()
    beside = bench.shown()
    bench.viewer.cursor.position = (y, x)
    bench.controller.pick_up.under_cursor()
    bench.idle()
    np.testing.assert_array_equal(bench.shown(), beside | (first > 0))
    bench.controller.tools.choose("background")
    bench.add(y, x)
    bench.idle()
    corrected = bench.shown()
    assert (corrected != (beside | (first > 0))).any()
    ctrl_z(bench)
    np.testing.assert_array_equal(bench.shown(), beside | (first > 0))
    ctrl_z(bench)
    np.testing.assert_array_equal(bench.shown(), beside)
    np.testing.assert_array_equal(labels, first)
    assert bench.controller.object.number == 1
    assert bench.controller.object.held is None
    redo(bench)
    assert bench.controller.object.held.label == 1
    redo(bench)
    np.testing.assert_array_equal(bench.shown(), corrected)
    bench.press(Qt.Key.Key_Escape)
    bench.idle()
    np.testing.assert_array_equal(bench.shown(), beside)
    ctrl_z(bench)
    np.testing.assert_array_equal(bench.shown(), corrected)
    np.testing.assert_array_equal(labels, first)


def test_the_next_click_is_as_it_would_have_been(open_dock: Open) -> None:
    bench = open_dock(picture(40, 48))
    bench.add(20, 20)
    bench.add(30, 30)
    bench.idle()
    bench.controller.tools.choose("background")
    bench.undo()
    bench.add(10, 10)
    bench.idle()
    assert list(bench.layer("points").features["label"]) == ["foreground", "background"]
    assert [str(one) for one in bench.layer("points").symbol] == ["ring", "x"]


def test_prompts_come_back_with_a_layer_that_was_deleted(open_dock: Open) -> None:
    bench = open_dock(picture(40, 48))
    bench.add(20, 20)
    bench.idle()
    before = bench.shown()
    bench.viewer.layers.remove("SAM points")
    bench.idle()
    assert not bench.shown().any()
    bench.undo()
    bench.idle()
    np.testing.assert_array_equal(bench.shown(), before)
    assert len(bench.layer("points").data) == 1


# --- accepted objects ------------------------------------------------------------------------


def test_an_object_in_all_slices_comes_back_as_it_was_followed(open_cells_tiny: Open) -> None:
    bench = open_cells_tiny(tube(5))
    bench.add(2, 29, 30)
    bench.idle()
    bench.follow()
    bench.idle()
    preview = bench.shown()
    assert preview.any(axis=(1, 2)).all()
    bench.accept()
    labels = bench.layer("labels").data.copy()
    np.testing.assert_array_equal(labels > 0, preview)
    bench.undo()
    bench.idle()
    assert not bench.layer("labels").data.any()
    np.testing.assert_array_equal(bench.shown(), preview)
    bench.redo()
    bench.idle()
    np.testing.assert_array_equal(bench.layer("labels").data, labels)
    assert not bench.shown().any()
    assert not bench.dock.object_row.accept_button.isEnabled()
    bench.undo()
    bench.accept()  # and once more
    np.testing.assert_array_equal(bench.layer("labels").data, labels)


def test_following_is_one_step_and_so_is_each_correction_of_it(open_cells_tiny: Open) -> None:
    bench = shown(open_cells_tiny(tube(6), show=True))
    bench.add(2, 29, 30)
    bench.idle()
    clicked = bench.shown()
    assert list(np.flatnonzero(clicked.any(axis=(1, 2)))) == [2]
    bench.press("g")
    bench.idle()
    followed = bench.shown()
    assert followed.any(axis=(1, 2)).all()
    bench.controller.tools.choose("background")
    bench.add(4, 22, 30)
    bench.idle()
    corrected = bench.shown()
    assert (corrected[4] != followed[4]).any()
    assert (corrected[5] != followed[5]).any()  # where nobody clicked
    expected = [corrected, followed, clicked]
    for before in expected[1:]:
        ctrl_z(bench)
        np.testing.assert_array_equal(bench.shown(), before)
    assert bench.dock.follow_row.strip.isHidden()
    for after in (followed, corrected):
        redo(bench)
        np.testing.assert_array_equal(bench.shown(), after)
    bench.press(Qt.Key.Key_Return)
    labels = bench.layer("labels").data
    np.testing.assert_array_equal(labels > 0, corrected)
    ctrl_z(bench)
    assert not labels.any()
    for before in expected:
        np.testing.assert_array_equal(bench.shown(), before)
        ctrl_z(bench)
    assert not bench.shown().any()
    assert len(bench.layer("points").data) == 0


def test_following_is_taken_back_while_it_waits_or_runs(open_cells_tiny: Open) -> None:
    bench = open_cells_tiny(tube(9))
    bench.add(4, 30, 30)
    bench.follow()  # before the mask is there
    bench.undo()
    bench.idle()
    clicked = bench.shown()
    assert list(np.flatnonzero(clicked.any(axis=(1, 2)))) == [4]
    bench.follow()
    bench.wait(lambda: bench.shown().any(axis=(1, 2)).sum() > 1)
    bench.undo()
    bench.idle()
    np.testing.assert_array_equal(bench.shown(), clicked)
    bench.redo()  # it goes on where it was
    bench.idle()
    assert bench.shown().any(axis=(1, 2)).all()
    bench.undo()
    bench.undo()
    bench.add(4, 30, 30)
    bench.idle()
    np.testing.assert_array_equal(bench.shown(), clicked)


def test_a_daughter_is_taken_back_with_her_mother(open_cells_tiny: Open) -> None:
    bench = open_cells_tiny(dividing(), axis_labels=("t", "y", "x"))
    bench.add(0, 32, 48)
    bench.idle()
    bench.follow()
    bench.idle()
    bench.accept()
    before = bench.layer("labels").data.copy()
    bench.add(2, 32, 36)
    bench.idle()
    bench.accept_daughter()
    after = bench.layer("labels").data.copy()
    parents = "napari-sam-parents"
    assert bench.layer("labels").metadata[parents] == {2: 1}
    bench.undo()
    bench.idle()
    np.testing.assert_array_equal(bench.layer("labels").data, before)
    assert bench.layer("labels").metadata[parents] == {}
    bench.redo()
    np.testing.assert_array_equal(bench.layer("labels").data, after)
    assert bench.layer("labels").metadata[parents] == {2: 1}


@pytest.mark.parametrize("undoable", [1 << 24, 0, 200])
def test_objects_of_any_size_are_taken_back(
    open_dock: Open, monkeypatch: pytest.MonkeyPatch, undoable: int
) -> None:
    monkeypatch.setattr(label_writer, "_UNDOABLE", undoable)
    bench = open_dock(picture(3, 40, 48))
    labels, seen = bench.layer("labels"), []
    for place in ((1, 20, 20), (1, 5, 40), (2, 30, 10)):
        seen.append(labels.data.copy())
        bench.add(*place)
        bench.idle()
        bench.next_object()
        bench.add(0, *place[1:])
        bench.idle()
        bench.accept()
    last = labels.data.copy()
    assert len(np.unique(last)) > 3
    for before in reversed(seen):
        bench.undo_labels()
        np.testing.assert_array_equal(labels.data, before)
    bench.undo_labels()
    assert "nothing to take back" in bench.dock.status.text()
    for after in (*seen[1:], last):
        bench.redo()
        np.testing.assert_array_equal(labels.data, after)


def test_an_accept_that_waits_for_its_mask_is_taken_back_in_time(open_dock: Open) -> None:
    bench = open_dock(picture(40, 48))
    with bench.model.held():
        bench.add(20, 20)
        bench.wait(bench.model.inside.is_set)
        bench.accept()
        bench.undo()
        assert len(bench.layer("points").data) == 1
    bench.idle()
    assert not bench.layer("labels").data.any()
    np.testing.assert_array_equal(bench.shown(), bench.expected(points=[(20, 20)]))
    bench.redo()
    assert "nothing to do again" in bench.dock.status.text()
    bench.accept()
    assert bench.layer("labels").data.any()


def test_an_accept_that_comes_late_is_one_step_with_its_prompts(open_dock: Open) -> None:
    bench = open_dock(picture(40, 48))
    labels = bench.layer("labels").data
    with bench.model.held():
        bench.add(20, 20)
        bench.wait(bench.model.inside.is_set)
        clicked = len(bench.layer("points").data)
        bench.accept()
        assert len(bench.layer("points").data) == 0
        bench.add(5, 40)
        assert not labels.any()
    bench.idle()
    after = state(bench)
    assert labels.any()
    bench.undo()  # the click that came before the label, but after Enter
    bench.idle()
    between = state(bench)
    assert between[0] == []
    assert labels.any()
    bench.undo()
    bench.idle()
    assert not labels.any()
    assert len(bench.layer("points").data) == clicked
    np.testing.assert_array_equal(bench.shown(), bench.expected(points=[(20, 20)]))
    for expected in (between, after):
        bench.redo()
        bench.idle()
        assert state(bench) == expected


def test_a_label_that_is_about_to_come_does_not_come_after_it_was_taken_back(
    open_dock: Open,
) -> None:
    bench = open_dock(picture(40, 48))
    with bench.model.held():
        bench.add(20, 20)
        bench.wait(bench.model.inside.is_set)
        bench.accept()
    promised = bench.controller.runner._queue[-1]
    # It may be through, and heard of, before one looks again: then there is nothing to come late.
    runner = bench.controller.runner  # a worker that waits for an event loop would never begin
    bench.wait(
        lambda: promised.through or (runner._running is promised and runner._worker.is_running)
    )
    while not promised.through:  # the worker is, but nobody has heard of it yet
        time.sleep(0.01)
    bench.undo()
    bench.idle()
    assert not bench.layer("labels").data.any()
    np.testing.assert_array_equal(bench.shown(), bench.expected(points=[(20, 20)]))


def test_all_slices_are_one_step_and_clicks_meanwhile_are_others(
    open_dock: Open, confident: Any
) -> None:
    bench = open_dock(picture(5, 40, 48))
    labels = bench.layer("labels").data
    with bench.model.held():
        bench.dock.everything_box.all_button.click()
        bench.wait(bench.model.inside.is_set)
        bench.add(2, 20, 20)
    bench.idle()
    after = labels.copy()
    assert after.any(axis=(1, 2)).all()
    assert len(bench.layer("points").data) == 1
    bench.undo_labels()
    assert not labels.any()
    assert len(bench.layer("points").data) == 1
    bench.redo()
    np.testing.assert_array_equal(labels, after)
    bench.undo()
    assert not labels.any()
    bench.undo()
    bench.idle()
    assert len(bench.layer("points").data) == 0


def test_all_slices_that_are_taken_back_come_no_further(
    open_dock: Open, confident: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = open_dock(picture(5, 40, 48))
    model, labels = bench.model, bench.layer("labels").data
    encode, count = model.encode_image, iter(range(100))

    def encode_two_then_wait(*args: Any, **kwargs: Any) -> Any:
        if next(count) == 2:
            model.gate.clear()
        return encode(*args, **kwargs)

    monkeypatch.setattr(model, "encode_image", encode_two_then_wait)
    bench.dock.everything_box.all_button.click()
    bench.wait(lambda: labels[:2].any(axis=(1, 2)).all())
    assert bench.controller.runner.busy
    first = labels.copy()
    bench.undo()
    assert not labels.any()
    model.gate.set()
    bench.idle()
    assert not labels.any()
    bench.redo()
    bench.idle()
    np.testing.assert_array_equal(labels, first)


def test_strokes_before_all_slices_are_still_napari_s_to_take_back(
    open_dock: Open, confident: Any
) -> None:
    bench = shown(open_dock(picture(124, 24, 32), show=True))  # napari's history takes 100 steps
    labels = bench.layer("labels")
    stroke(bench, (10, 10), (10, 20))
    painted = labels.data.copy()
    assert painted.any()
    bench.dock.everything_box.all_button.click()
    bench.idle()
    assert labels.data.any(axis=(1, 2)).sum() > 90
    bench.undo()
    np.testing.assert_array_equal(labels.data, painted)
    bench.undo()
    assert not labels.data.any()


def test_a_whole_slice_is_one_step(open_dock: Open, confident: Any) -> None:
    bench = open_dock(picture(40, 48))
    bench.dock.everything_box.slice_button.click()
    bench.idle()
    labels = bench.layer("labels").data
    after = labels.copy()
    assert after.any()
    bench.undo()
    assert not labels.any()
    bench.redo()
    np.testing.assert_array_equal(labels, after)


# --- with napari's own brush -----------------------------------------------------------------


def stroke(bench: Bench, start: tuple[float, float], stop: tuple[float, float]) -> None:
    labels = bench.layer("labels")
    bench.viewer.layers.selection.active = labels
    labels.mode, labels.brush_size, labels.selected_label = "paint", 5, 9
    bench.drag(start, stop)


def test_brush_strokes_and_objects_go_back_in_the_order_they_came(open_dock: Open) -> None:
    bench = shown(open_dock(picture(96, 128), show=True))
    labels, seen = bench.layer("labels"), []

    def note() -> None:
        seen.append(labels.data.copy())

    note()
    stroke(bench, (10, 10), (10, 60))
    note()
    bench.controller.tools.choose("foreground")
    bench.click((40, 50))
    bench.idle()
    bench.press(Qt.Key.Key_Return)
    note()
    stroke(bench, (40, 20), (40, 90))
    note()
    stroke(bench, (80, 20), (20, 90))
    note()
    assert all((a != b).any() for a, b in pairwise(seen))
    assert bench.viewer.layers.selection.active == labels
    for index in (3, 2, 1):
        ctrl_z(bench)  # on the Labels layer, where napari has this key for itself
        np.testing.assert_array_equal(labels.data, seen[index])
    bench.viewer.layers.selection.active = bench.layer("points")
    ctrl_z(bench)  # the click
    np.testing.assert_array_equal(labels.data, seen[1])
    ctrl_z(bench)
    assert not labels.data.any()
    for index in (1, 1, 2, 3, 4):
        redo(bench)
        np.testing.assert_array_equal(labels.data, seen[index])


def test_u_after_a_stroke_was_taken_back_takes_the_object(open_dock: Open) -> None:
    bench = shown(open_dock(picture(96, 128), show=True))
    bench.click((40, 50))
    bench.idle()
    bench.press(Qt.Key.Key_Return)
    accepted = bench.layer("labels").data.copy()
    stroke(bench, (40, 20), (40, 90))
    ctrl_z(bench)
    np.testing.assert_array_equal(bench.layer("labels").data, accepted)
    bench.viewer.layers.selection.active = bench.layer("points")
    bench.press("u")
    assert not bench.layer("labels").data.any()
    assert not bench.shown().any()  # with U the prompts stay away
    redo(bench)
    np.testing.assert_array_equal(bench.layer("labels").data, accepted)


def test_what_was_painted_before_the_dock_was_there_is_napari_s_to_take_back(
    open_dock: Open, qtbot: Any
) -> None:
    bench = shown(open_dock(picture(96, 128), show=True))
    stroke(bench, (40, 20), (40, 90))
    painted = bench.layer("labels").data.copy()
    bench.controller.close()
    labels = bench.layer("labels")
    QTest.keyClick(bench.native, Qt.Key.Key_Z, CTRL)  # napari's own key is back
    assert not labels.data.any()
    QTest.keyClick(bench.native, Qt.Key.Key_Z, CTRL | SHIFT)
    again = Bench(bench.viewer, bench.model, qtbot)
    again.viewer.layers.selection.active = again.layer("labels")
    ctrl_z(again)
    assert not again.layer("labels").data.any()
    redo(again)
    np.testing.assert_array_equal(again.layer("labels").data, painted)


# --- classes ---------------------------------------------------------------------------------


def test_changes_of_the_classes_go_back_in_the_order_they_came(open_dock: Open) -> None:
    bench = open_dock(picture(40, 48))
    box, work = bench.dock.class_box, bench.controller.workspace
    labels = bench.layer("labels")
    tables = [work.classes.table]

    def accept() -> None:
        bench.add(20, 20)
        bench.idle()
        bench.accept()

    def rename() -> None:
        box.classes.item(1).setText("glia")
        bench.idle()

    def assign() -> None:
        labels.selected_label = 1
        box.of_label.activated.emit(0)

    actions: list[Callable[[], None]] = [
        box.add_button.click,
        accept,
        rename,
        lambda: box.recoloured.emit("glia", "#010203"),
        assign,
        box.add_button.click,
        box.remove_button.click,
    ]
    for action in actions:
        action()
        tables.append(work.classes.table)
        assert tables[-1] != tables[-2]
    assert tables[-1].names == ("glia",)
    assert tables[4].of_label == {1: "glia"}
    bench.undo()
    assert box.current == ""
    assert work.classes.table == tables[-2]
    for before in tables[-3:2:-1]:
        bench.undo()
        assert work.classes.table == before
        names = [box.classes.item(row).text() for row in range(1, box.classes.count())]
        assert names == list(before.names)
    assert work.classes.table.of_label == {1: "glia"}
    box.classes.setCurrentRow(1)
    bench.undo()  # the name
    assert box.current == "class 1"  # what is accepted next is of it still
    assert labels.data.any()
    bench.undo_labels()
    assert not labels.data.any()
    bench.redo()
    for after in tables[3:]:
        bench.redo()
        assert work.classes.table == after
    while "nothing to take back" not in bench.dock.status.text():
        bench.undo()
    assert work.classes.table == tables[0]
    assert box.classes.count() == 1


# --- the journal -----------------------------------------------------------------------------


def test_the_journal_has_what_is_shown_after_undo_and_redo(open_dock: Open) -> None:
    bench = open_dock(picture(40, 48))
    subject = Subject("cells", "", "YX", (40, 48), "")
    for place in ((20, 20), (5, 40), (30, 10)):
        bench.add(*place)
        bench.idle()
        bench.accept()
    for action in ("undo", "undo", "redo", "undo_labels", "redo"):
        getattr(bench, action)()
        bench.idle()
        expected = bench.layer("labels").data.copy()
        journal = Journal(Path(bench.layer("labels").metadata[JOURNAL_KEY]), subject)
        replayed = np.zeros_like(expected)
        for entry in journal.accepted():
            entry.apply(replayed)
        np.testing.assert_array_equal(replayed, expected)
