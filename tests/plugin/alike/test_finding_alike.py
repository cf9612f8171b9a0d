"""More objects like a few labels, in a real viewer: button, key, slider, undo, cancel, classes."""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import QPoint, Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication

from napari_sam.learning.alike.find_alike import SIMILAR
from napari_sam.model.sam import Sam
from napari_sam.plugin.alike import alike_box
from napari_sam.plugin.alike.alike_box import FIRST, AlikeBox, Examples, Where
from napari_sam.plugin.labels.rating import Look
from napari_sam.weights.load import load_model
from tests.learning.alike.kinds import DISKS, RODS, image_of_kinds
from tests.plugin.bench import Bench, Open, opening, picture

SHIFT, CTRL = Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.ControlModifier


@pytest.fixture
def open_blind(make_napari_viewer_proxy: Any, qtbot: Any, own_journals: None) -> Iterator[Open]:
    """Opens the dock with the model that ships, without its proposals: no lesson is needed."""
    whole = load_model("cells-tiny", "cpu")
    model = Sam(replace(whole.config, proposals=False, proposal_boxes=False), whole.policy)
    weights = {k: v for k, v in whole.state_dict().items() if k in model.state_dict()}
    model.load_state_dict(weights)
    with opening(make_napari_viewer_proxy, model.eval(), qtbot) as opened:
        yield opened


def open_kinds(opened: Open, data: np.ndarray | None = None) -> Bench:
    data = image_of_kinds() if data is None else data
    bench = opened(data, show=True, contrast_limits=(0, 255))
    bench.dock.everything_box.set_open()
    return bench


def accept(bench: Bench, middle: tuple[int, ...]) -> None:
    bench.click(middle)
    bench.idle()
    bench.press(Qt.Key.Key_Return)
    bench.idle()


def box(bench: Bench) -> AlikeBox:
    rows: AlikeBox = bench.dock.everything_box.alike
    return rows


def find(bench: Bench) -> None:
    bench.idle()  # the section that was opened last is laid out
    QTest.mouseClick(box(bench).find_button, Qt.MouseButton.LeftButton)
    # a lesson of 25 steps takes minutes where other programs have the processor
    bench.qtbot.waitUntil(lambda: not bench.controller.runner.busy, timeout=400_000)
    bench.idle()


def move_slider(bench: Bench, to_right: bool, tenths: int) -> None:
    """Click beside the handle: a twentieth of the slider each time."""
    slider = box(bench).slider
    place = QPoint(slider.width() - 3 if to_right else 3, slider.height() // 2)
    for _ in range(2 * tenths):
        QTest.mouseClick(slider, Qt.MouseButton.LeftButton, pos=place)
    bench.qtbot.wait(200)


def label_at(bench: Bench, middle: tuple[int, ...]) -> int:
    return int(bench.layer("labels").data[middle])


def numbers(bench: Bench) -> set[int]:
    return set(np.unique(bench.layer("labels").data).tolist()) - {0}


def waiting(bench: Bench) -> set[int]:
    ratings = bench.controller.workspace.ratings.of_label
    return {label for label, rating in ratings.items() if rating.look is Look.WAITING}


def similarities(bench: Bench) -> dict[int, float]:
    ratings = bench.controller.workspace.ratings.of_label
    return {label: rating.score for label, rating in ratings.items()}


@pytest.mark.long
def test_the_button_finds_the_kind_as_one_step_of_undo(open_cells_tiny: Open) -> None:
    bench = open_kinds(open_cells_tiny)
    for number in (0, 3, 6, 7):
        accept(bench, DISKS[number])
    find(bench)
    disks = [label_at(bench, middle) for middle in DISKS]
    assert 0 not in disks
    assert len(set(disks)) == len(DISKS)
    assert [label_at(bench, middle) for middle in RODS] == [0] * len(RODS)
    accepted = {1, 2, 3, 4}
    assert waiting(bench) == set(disks) - accepted == numbers(bench) - accepted
    assert bench.dock.status.text().startswith("4 more found: move the slider")
    assert bench.dock.everything_box.review_box.text.text() == "Review: 0 of 4, least sure first"
    QTest.keyClick(bench.native, Qt.Key.Key_Z, CTRL)
    assert numbers(bench) == accepted
    assert box(bench).slider.isHidden()
    assert waiting(bench) == set()
    bench.redo()
    assert [label_at(bench, middle) for middle in DISKS] == disks
    assert waiting(bench) == set(disks) - accepted


def test_the_slider_begins_where_the_library_calls_masks_similar() -> None:
    assert FIRST == 100 * SIMILAR


def test_objects_that_are_all_less_alike_are_a_line_that_says_where_to_move_the_slider(
    open_blind: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(alike_box, "FIRST", 100)
    bench = open_kinds(open_blind)
    accept(bench, DISKS[0])
    find(bench)
    assert re.match(
        r"\d+ found, but only up to \d\d% similar: move the slider to the left",
        bench.dock.status.text(),
    )
    assert numbers(bench) == {1}
    move_slider(bench, to_right=False, tenths=9)
    assert len(numbers(bench)) > 1


def test_the_slider_shows_and_hides_and_leaves_what_was_looked_at(open_blind: Open) -> None:
    bench = open_kinds(open_blind)
    accept(bench, DISKS[0])
    find(bench)
    move_slider(bench, to_right=False, tenths=5)
    several = numbers(bench)
    assert len(several) > 8  # rods too
    encoded = bench.controller.engine._session.encoder.calls
    shown = f"{len(several) - 1} of {len(several) - 1} shown"
    assert box(bench).text.text() == f"Similarity {box(bench).slider.value()}%: {shown}"
    least = min(waiting(bench), key=lambda label: (similarities(bench)[label], label))
    before = bench.layer("labels").data.copy()
    # review begins with the least similar: this one is kept, and the next one dropped
    for letter in (Qt.Key.Key_S, Qt.Key.Key_F, Qt.Key.Key_D):
        QTest.keyClick(bench.native, letter, SHIFT)
        QApplication.processEvents()
    (label,) = several - numbers(bench)
    dropped = before == label
    kept_pixels = bench.layer("labels").data == least
    move_slider(bench, to_right=True, tenths=9)
    assert box(bench).threshold == 1
    assert numbers(bench) == {1, least}  # the accepted one, and the one that was kept
    assert waiting(bench) == set()
    assert kept_pixels.any()
    np.testing.assert_array_equal(bench.layer("labels").data == least, kept_pixels)
    move_slider(bench, to_right=False, tenths=9)
    assert len(numbers(bench)) == len(several) - 1  # the dropped one stays away
    assert not (bench.layer("labels").data[dropped] > 0).any()
    assert bench.controller.engine._session.encoder.calls == encoded  # the model was not asked


def test_the_slider_belongs_to_the_same_step_of_undo(open_blind: Open) -> None:
    bench = open_kinds(open_blind)
    accept(bench, DISKS[0])
    find(bench)
    for to_right, tenths in ((False, 3), (True, 5), (False, 2)):
        move_slider(bench, to_right, tenths)
    assert len(numbers(bench)) > 1
    bench.undo()
    assert numbers(bench) == {1}
    assert box(bench).slider.isHidden()
    bench.undo()
    assert numbers(bench) == set()


def test_a_class_is_found_and_the_other_classes_are_not(open_blind: Open) -> None:
    bench = open_kinds(open_blind)
    bench.dock.class_box.set_open()
    QTest.mouseClick(bench.dock.class_box.add_button, Qt.MouseButton.LeftButton)
    accept(bench, DISKS[0])
    accept(bench, DISKS[5])
    QTest.mouseClick(bench.dock.class_box.add_button, Qt.MouseButton.LeftButton)
    accept(bench, RODS[2])
    accept(bench, RODS[5])
    bench.dock.class_box.classes.setCurrentRow(1)
    bench.dock.everything_box.set_open()
    box(bench).examples_box.setCurrentIndex(list(Examples).index(Examples.OF_CLASS))
    find(bench)
    table = bench.controller.workspace.classes.table
    classes = {middle: table.class_of(label_at(bench, middle)) for middle in (*DISKS, *RODS)}
    assert {classes[middle] for middle in DISKS} == {"class 1"}
    assert [classes[middle] for middle in RODS].count("class 2") == 2
    assert [classes[middle] for middle in RODS].count("class 1") == 0


def test_the_key_takes_the_selected_label_as_the_example(open_blind: Open) -> None:
    bench = open_kinds(open_blind)
    accept(bench, DISKS[0])
    accept(bench, RODS[0])
    box(bench).examples_box.setCurrentIndex(list(Examples).index(Examples.SELECTED))
    bench.layer("labels").selected_label = 2
    QTest.keyClick(bench.native, Qt.Key.Key_M, SHIFT)
    bench.idle()
    rods = {label_at(bench, middle) for middle in RODS[1:]} & waiting(bench)
    assert len(rods) >= 5


def test_all_slices_are_searched_where_there_are_several(open_blind: Open) -> None:
    empty = np.zeros((160, 160), np.uint8)
    bench = open_kinds(open_blind, np.stack([image_of_kinds(), empty, image_of_kinds()]))
    bench.viewer.dims.set_point(0, 0)
    accept(bench, DISKS[0])
    rows = box(bench)
    assert [rows.where_box.itemText(i) for i in range(3)] == [w.value for w in Where]
    find(bench)
    assert not bench.layer("labels").data[2].any()  # in view
    bench.undo()
    rows.where_box.setCurrentIndex(list(Where).index(Where.ALL))
    find(bench)
    assert all(label_at(bench, (2, *middle)) for middle in DISKS)
    assert not bench.layer("labels").data[1].any()


def test_cancel_ends_the_search_and_changes_nothing(open_dock: Open) -> None:
    bench = open_dock(picture(64, 64), show=True)
    bench.add(30, 30)
    bench.idle()
    bench.accept()
    bench.idle()
    before = bench.layer("labels").data.copy()
    bench.controller.engine._session.encoder.forget()
    with bench.model.held():
        bench.controller.actions.run("find_alike")
        bench.wait(bench.model.inside.is_set)
        assert bench.dock.cancel_button.isEnabled()
        bench.dock.everything_box.set_open()
        QTest.mouseClick(bench.dock.cancel_button, Qt.MouseButton.LeftButton)
    bench.idle()
    assert bench.dock.status.text().startswith("Cancelled.")
    np.testing.assert_array_equal(bench.layer("labels").data, before)
    assert box(bench).slider.isHidden()


def test_without_an_example_there_is_a_line_that_says_what_to_do(open_dock: Open) -> None:
    bench = open_dock(picture(64, 64), show=True)
    bench.dock.everything_box.set_open()
    find(bench)
    assert "accept an object first" in bench.dock.status.text().lower()
    box(bench).examples_box.setCurrentIndex(list(Examples).index(Examples.OF_CLASS))
    bench.add(30, 30)
    bench.idle()
    bench.accept()
    find(bench)
    assert bench.dock.status.text().startswith("Choose a class in Classes first")
