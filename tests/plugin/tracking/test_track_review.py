"""Tracks in the dock: one label through time, questions about what is unsure, undo and journal."""

from typing import Any

import numpy as np
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication

from napari_sam.plugin.labels.lineage import parents_of
from tests.plugin.bench import Bench, Open
from tests.plugin.journals import crash, replayed
from tests.tracking.discs import movie

SHIFT = Qt.KeyboardModifier.ShiftModifier


def labels() -> np.ndarray:
    """A cell that divides into very unlike ones, and another; each frame has its own numbers."""
    frames = [{3: (30, 30, 8), 1: (54, 66, 5)}, {1: (30, 30, 8), 2: (54, 66, 5)}]
    frames += [{4: (30, 26, 7), 6: (30, 39, 4), 5: (54, 66, 5)}] * 3
    return movie(frames).astype(np.uint32)


def press(bench: Bench, letter: str) -> None:
    QTest.keyClick(bench.native, getattr(Qt.Key, f"Key_{letter}"), SHIFT)
    QApplication.processEvents()
    bench.idle()


def tracked(open_dock: Open) -> tuple[Bench, Any]:
    """A dock with the labels, after a click on Track."""
    data = (labels() > 0).astype(np.uint8) * 150
    bench = open_dock(data, show=True, axis_labels=("t", "y", "x"))
    layer = bench.viewer.add_labels(labels(), name="cells of another program")
    bench.viewer.layers.selection.active = layer
    bench.dock.accept_box.use_labels_clicked.emit()
    bench.idle()
    bench.dock.everything_box.set_open()
    QApplication.processEvents()  # the rows get their places
    button = bench.dock.everything_box.track_box.track_button
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    bench.idle()
    return bench, bench.controller.workspace.labels


def outlined(bench: Bench) -> dict[int, int]:
    """Value in the layer of outlines to its count of pixels."""
    values, counts = np.unique(np.asarray(bench.layer("review").data), return_counts=True)
    return {int(v): int(c) for v, c in zip(values, counts, strict=True) if v}


def test_tracks_are_judged_by_keys_undone_and_restored(open_dock: Open) -> None:
    before = labels()
    bench, layer = tracked(open_dock)
    box = bench.dock.everything_box.track_box
    status = bench.dock.status.text
    # the numbers of the first frame stay; the others follow them
    mother, other = 3, 1
    assert {int(v) for v in np.unique(layer.data[:2])} == {0, mother, other}
    assert (layer.data[2:][before[2:] == 5] == other).all()
    np.testing.assert_array_equal(layer.data > 0, before > 0)
    assert box.text.text() == "Tracks: 0 of 1 questions answered"
    divided = bool(parents_of(layer))
    assert status().startswith("4 tracks, 1 division; 1 to judge" if divided else "3 tracks, 0 ")
    np.testing.assert_array_equal(replayed(layer), layer.data)

    press(bench, "T")
    assert bench.viewer.dims.current_step[0] == 2
    assert status().startswith("Frame 2: did the yellow cell")
    marked = outlined(bench)
    assert set(marked) == {1, 2, 3}  # the mother, and two daughters
    # only her outermost pixels, or she would hide them
    assert 2 * np.pi * 6 < marked[1] < (before[1] == 1).sum() / 1.5
    assert 0.5 * (before[2] == 6).sum() < marked[3] <= (before[2] == 6).sum()

    as_tracked, parents = np.array(layer.data), parents_of(layer)
    press(bench, "N" if divided else "Y")  # the opposite of what the tracking decided
    changed = np.array(layer.data)
    assert (changed != as_tracked).any()
    assert bool(parents_of(layer)) != divided
    assert not box.next_button.isVisibleTo(box)
    assert status().startswith("That was the last of 1 question about tracks.")
    graph = bench.layer("tracks").graph
    assert {int(d): int(m[0]) for d, m in graph.items()} == parents_of(layer)
    np.testing.assert_array_equal(replayed(layer), changed)

    bench.undo()
    np.testing.assert_array_equal(layer.data, as_tracked)
    assert parents_of(layer) == parents
    assert box.next_button.isVisibleTo(box)
    bench.undo()
    np.testing.assert_array_equal(layer.data, before)
    assert parents_of(layer) == {}
    bench.redo()
    bench.redo()
    np.testing.assert_array_equal(layer.data, changed)
    after = parents_of(layer)
    crash()
    bench.controller.close()
    again = open_dock((before > 0).astype(np.uint8) * 150, axis_labels=("t", "y", "x"))
    again.dock.restore_box.restore_button.click()
    restored = again.layer("labels")
    np.testing.assert_array_equal(restored.data, changed)
    assert parents_of(restored) == after


def test_labels_that_change_meanwhile_are_left_alone(open_dock: Open) -> None:
    bench = open_dock((labels() > 0).astype(np.uint8) * 150, axis_labels=("t", "y", "x"))
    layer = bench.controller.workspace.labels_layer.ensure()
    layer.data[:] = labels()
    bench.controller.track_review.start()
    layer.paint((0, 5, 5), 8)
    bench.idle()
    assert "he labels changed during the tracking" in bench.dock.status.text()
    assert layer.data[0, 5, 5] == 8
    np.testing.assert_array_equal(layer.data[1:], labels()[1:])


def test_without_labels_or_time_the_reason_is_told(open_dock: Open) -> None:
    bench = open_dock(np.zeros((3, 40, 48), np.uint8), axis_labels=("t", "y", "x"))
    bench.controller.track_review.start()
    bench.idle()
    assert "there are no labels yet" in bench.dock.status.text()
    bench.controller.actions.run("track_next")
    assert "press Track first" in bench.dock.status.text()
    stack = open_dock(np.zeros((3, 40, 48), np.uint8), axis_labels=("z", "y", "x"))
    box = stack.dock.everything_box.track_box
    assert not box.isVisibleTo(stack.dock.everything_box)
    stack.controller.track_review.start()
    stack.idle()
    assert "no time axis" in stack.dock.status.text()
