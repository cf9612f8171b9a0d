"""Accepting in a real napari window: what is shown is what becomes a label, as the user chose."""

from typing import Any

import numpy as np
import pytest
from napari.utils.notifications import notification_manager
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication

from napari_sam.labels.paint import OverlapPolicy
from napari_sam.masks.mask import Mask
from napari_sam.masks.pixels.clean import ALL_HOLES, Cleaning
from tests.plugin.bench import Bench, Open, picture, tube


def choose(bench: Bench, policy: OverlapPolicy) -> None:
    combo = bench.dock.accept_box.policy
    combo.setCurrentIndex(combo.findData(policy))


def cleaned(pixels: np.ndarray, how: Cleaning, *clicks: tuple[float, float]) -> np.ndarray:
    """What cleaning makes of a plane."""
    mask = how.apply(Mask((), (0, 0, *pixels.shape), pixels, 1.0, 1.0), clicks)
    full = np.zeros_like(pixels)
    y0, x0, y1, x1 = mask.bbox
    full[y0:y1, x0:x1] = mask.pixels
    return full


def test_the_box_is_folded_and_the_defaults_change_nothing(open_dock: Open) -> None:
    bench = open_dock(picture(60, 80), show=True)
    box = bench.dock.accept_box
    assert not box.button.isChecked()
    bench.dock.keys.set_open(False)
    folded = bench.dock.sizeHint().height()
    QTest.mouseClick(box.button, Qt.MouseButton.LeftButton)
    QApplication.processEvents()
    assert box.button.isChecked()
    assert bench.dock.sizeHint().height() > folded
    bench.add(30, 40)
    bench.idle()
    np.testing.assert_array_equal(bench.shown(), bench.expected(points=[(30, 40)]))


# --- cleaning --------------------------------------------------------------------------------


def test_cleaning_is_seen_at_once_and_accepted_as_seen(open_dock: Open) -> None:
    bench = open_dock(picture(60, 80), show=True)
    box, click = bench.dock.accept_box, (30, 40)
    bench.add(*click)
    bench.idle()
    raw = bench.expected(points=[click])
    seen = []
    with bench.model.held():  # the model is not needed
        box.holes.click()
        seen.append(bench.shown())
        box.smooth.setValue(2)
        seen.append(bench.shown())
        box.smallest.setValue(60)
        seen.append(bench.shown())
        box.one_piece.click()
        seen.append(bench.shown())
        assert not bench.controller.runner.busy
    steps = (
        Cleaning(ALL_HOLES),
        Cleaning(ALL_HOLES, 2),
        Cleaning(ALL_HOLES, 2, False, 60),
        Cleaning(ALL_HOLES, 2, True, 60),
    )
    for shown, how in zip(seen, steps, strict=True):
        np.testing.assert_array_equal(shown, cleaned(raw, how, click))
    assert (seen[1] != raw).any()
    bench.idle()
    assert f"{seen[-1].sum()} pixels" in bench.dock.status.text()
    bench.press(Qt.Key.Key_Return)
    np.testing.assert_array_equal(bench.layer("labels").data > 0, seen[-1])


def test_corrections_build_on_what_the_model_drew(open_dock: Open) -> None:
    bench = open_dock(picture(60, 80))
    bench.dock.accept_box.smooth.setValue(3)
    bench.add(30, 40)
    bench.idle()
    bench.add(20, 60)
    bench.idle()
    raw = bench.expected(points=[(30, 40), (20, 60)])
    how = Cleaning(smooth=3)
    np.testing.assert_array_equal(bench.shown(), cleaned(raw, how, (30, 40), (20, 60)))
    bench.dock.accept_box.smooth.setValue(0)
    np.testing.assert_array_equal(bench.shown(), raw)


def test_a_mask_that_comes_after_enter_is_cleaned_as_chosen_then(open_dock: Open) -> None:
    bench = open_dock(picture(60, 80))
    box = bench.dock.accept_box
    box.smooth.setValue(2)
    with bench.model.held():
        bench.add(30, 40)
        bench.wait(bench.model.inside.is_set)
        bench.accept()
        box.smooth.setValue(0)
    bench.idle()
    raw = bench.expected(points=[(30, 40)])
    expected = cleaned(raw, Cleaning(smooth=2), (30, 40))
    assert (expected != raw).any()
    np.testing.assert_array_equal(bench.layer("labels").data > 0, expected)


def test_what_is_followed_is_cleaned_in_all_slices(open_cells_tiny: Open) -> None:
    data = tube(4)
    data[:, 30:33, 28:31] = 0  # a dark spot in the middle
    bench = open_cells_tiny(data)
    bench.add(0, 22, 30)
    bench.idle()
    bench.follow()
    bench.idle()
    raw = bench.shown()
    bench.dock.accept_box.smooth.setValue(4)
    shown = bench.shown()
    assert (shown != raw).any()
    for z in range(4):
        clicks = [(22, 30)] if z == 0 else []
        np.testing.assert_array_equal(shown[z], cleaned(raw[z], Cleaning(smooth=4), *clicks))
    bench.accept()
    np.testing.assert_array_equal(bench.layer("labels").data > 0, shown)
    bench.undo_labels()
    assert not bench.layer("labels").data.any()


# --- overlaps --------------------------------------------------------------------------------


def annotated(bench: Bench, share: float) -> tuple[np.ndarray, np.ndarray]:
    """An object that is shown, and labels of another one over a share of it."""
    bench.add(30, 40)
    bench.idle()
    shown = bench.shown()
    labels = bench.layer("labels").data
    places = np.argwhere(shown)[: round(share * shown.sum())]
    labels[tuple(places.T)] = 9
    return shown, labels.copy()


@pytest.mark.parametrize("policy", OverlapPolicy)
def test_overlaps_are_settled_as_chosen(open_dock: Open, policy: OverlapPolicy) -> None:
    bench = open_dock(picture(60, 80))
    choose(bench, policy)
    shown, before = annotated(bench, 0.2)
    bench.accept()
    gets = shown if policy is OverlapPolicy.REPLACE else shown & (before == 0)
    expected = np.where(gets, 10, before)
    np.testing.assert_array_equal(bench.layer("labels").data, expected)
    bench.undo_labels()
    np.testing.assert_array_equal(bench.layer("labels").data, before)


def test_an_object_on_others_is_refused_and_stays_to_be_corrected(open_dock: Open) -> None:
    bench = open_dock(picture(60, 80))
    choose(bench, OverlapPolicy.ONLY_BACKGROUND)
    shown, before = annotated(bench, 0.4)
    bench.accept()
    np.testing.assert_array_equal(bench.layer("labels").data, before)
    assert "more than a quarter" in bench.dock.status.text()
    np.testing.assert_array_equal(bench.shown(), shown)
    assert len(bench.layer("points").data) == 1
    choose(bench, OverlapPolicy.REPLACE)
    bench.accept()
    np.testing.assert_array_equal(bench.layer("labels").data, np.where(shown, 10, before))


def test_everything_leaves_out_what_is_small_or_lies_on_others(open_cells_tiny: Open) -> None:
    data = np.maximum(tube(1)[0], np.roll(tube(1)[0], (30, 30), (0, 1)))
    bench = open_cells_tiny(data)
    bench.dock.everything_box.slice_button.click()
    bench.idle()
    labels = bench.layer("labels").data
    found = np.bincount(labels.ravel())[1:]
    assert len(found) >= 2
    box = bench.dock.accept_box
    labels[:] = 0
    box.smallest.setValue(int(found.max()))
    bench.dock.everything_box.slice_button.click()
    bench.idle()
    np.testing.assert_array_equal(np.bincount(labels.ravel())[1:], [found.max()])

    box.smallest.setValue(0)
    labels[:] = 0
    labels[:, :27] = 7
    before = labels.copy()
    choose(bench, OverlapPolicy.REPLACE)
    bench.dock.everything_box.slice_button.click()
    bench.idle()
    assert (labels[:, :27] == 7).all(), "what was accepted is never replaced automatically"
    crumbs = len(np.unique(labels))
    labels[:] = before
    choose(bench, OverlapPolicy.ONLY_BACKGROUND)
    bench.dock.everything_box.slice_button.click()
    bench.idle()
    assert (labels[:, :27] == 7).all()
    assert len(np.unique(labels)) < crumbs


# --- labels ----------------------------------------------------------------------------------


def test_a_chosen_label_is_added_to_until_it_is_set_back(open_dock: Open) -> None:
    bench = open_dock(picture(60, 80))
    field, areas = bench.dock.accept_box.label, []
    for place, label in (((30, 40), 5), ((10, 10), 5), ((50, 70), 0)):
        field.setValue(label)
        bench.add(*place)
        bench.idle()
        areas.append(bench.shown() & (bench.layer("labels").data == 0))
        bench.accept()
    labels = bench.layer("labels").data
    np.testing.assert_array_equal(labels == 5, areas[0] | areas[1])
    np.testing.assert_array_equal(labels == 6, areas[2])
    bench.undo_labels()
    bench.undo_labels()
    np.testing.assert_array_equal(labels, np.where(areas[0], 5, 0))


def test_of_several_objects_the_current_one_gets_the_chosen_label(open_dock: Open) -> None:
    bench = open_dock(picture(60, 80))
    bench.add(30, 20)
    bench.idle()
    bench.next_object()
    bench.add(30, 60)
    bench.idle()
    bench.dock.accept_box.label.setValue(12)
    shown: dict[int, Any] = bench.controller.objects.shown()
    bench.accept()
    labels = bench.layer("labels").data
    assert set(np.unique(labels)) == {0, 1, 12}
    assert int((labels == 12).sum()) == sum(mask.area for mask in shown[2])


def test_a_number_is_typed_and_its_enter_accepts_nothing(open_dock: Open) -> None:
    bench = open_dock(picture(60, 80), show=True)
    bench.add(30, 40)
    bench.idle()
    box = bench.dock.accept_box
    box.set_open()
    QApplication.processEvents()
    field = box.label
    field.setFocus()
    field.selectAll()
    QTest.keyClicks(field, "42")
    QTest.keyClick(field, Qt.Key.Key_Return)
    assert field.value() == 42
    assert not field.hasFocus()
    assert not bench.layer("labels").data.any()
    assert bench.shown().any()
    bench.press(Qt.Key.Key_Return)
    assert bench.layer("labels").data.max() == 42


def test_a_daughter_without_time_is_refused_in_one_line(open_dock: Open) -> None:
    bench = open_dock(picture(40, 48))
    seen = len(notification_manager.records)
    bench.add(20, 20)
    bench.idle()
    bench.controller.actions.run("accept_daughter")
    assert len(notification_manager.records) == seen
    assert "The image has no time axis" in bench.dock.status.text()
    assert bench.shown().any()
    assert not bench.layer("labels").data.any()
