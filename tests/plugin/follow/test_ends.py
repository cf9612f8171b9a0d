"""A followed object ends where the user says: with a key, or with a background click."""

from collections.abc import Set

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication

from napari_sam.masks.mask import Mask
from napari_sam.plugin.follow.ends import side_of_end, within_ends
from napari_sam.plugin.objects.absence import emptied, is_absent
from napari_sam.prompts.prompt import PointPrompt, Prompt
from tests.masks.drawing import disc
from tests.plugin.bench import Bench, Open, tube


def slices(mask: np.ndarray) -> list[int]:
    return [int(z) for z in np.unique(np.nonzero(mask)[0])]


def show(bench: Bench, z: int) -> None:
    bench.viewer.dims.set_current_step(0, z)
    QApplication.processEvents()


def followed(open_cells_tiny: Open) -> Bench:
    """A tube through nine slices, clicked on in slice 3 and followed."""
    bench = open_cells_tiny(tube(), show=True)
    show(bench, 3)
    bench.viewer.reset_view()
    QApplication.processEvents()
    bench.click((29, 30))
    bench.idle()
    bench.press(Qt.Key.Key_G)
    bench.idle()
    assert slices(bench.shown()) == list(range(9))
    return bench


def end_here(bench: Bench) -> None:
    QTest.keyClick(bench.native, Qt.Key.Key_G, Qt.KeyboardModifier.ShiftModifier)
    QApplication.processEvents()


def test_a_key_ends_the_object_in_either_direction_and_undo_brings_it_back(
    open_cells_tiny: Open,
) -> None:
    bench = followed(open_cells_tiny)
    whole = bench.shown()
    show(bench, 6)
    end_here(bench)
    assert slices(bench.shown()) == list(range(7))
    told = bench.dock.status.text()
    assert told.startswith("The object ends in slice 6. Ctrl-Z brings the others back.")
    show(bench, 1)
    assert bench.dock.follow_row.end_button.isVisible()
    bench.dock.follow_row.end_button.click()
    assert slices(bench.shown()) == list(range(1, 7))
    bench.undo()
    bench.undo()
    np.testing.assert_array_equal(bench.shown(), whole)
    bench.redo()
    bench.redo()
    assert slices(bench.shown()) == list(range(1, 7))
    bench.accept()
    assert slices(bench.layer("labels").data) == list(range(1, 7))


def test_a_correction_does_not_go_beyond_the_end(open_cells_tiny: Open) -> None:
    bench = followed(open_cells_tiny)
    show(bench, 6)
    end_here(bench)
    show(bench, 5)
    bench.click((33, 30))
    bench.idle()
    assert slices(bench.shown()) == list(range(7))


def test_a_background_click_in_the_middle_ends_the_object_there(open_cells_tiny: Open) -> None:
    bench = followed(open_cells_tiny)
    whole = bench.shown()
    show(bench, 6)
    bench.press("q")
    bench.click((31, 30))
    bench.idle()
    assert slices(bench.shown()) == list(range(6))
    assert "ends before slice 6" in bench.dock.status.text()
    np.testing.assert_array_equal(bench.shown()[:6], whole[:6])
    show(bench, 1)
    bench.click((28, 30))
    bench.idle()
    assert slices(bench.shown()) == [2, 3, 4, 5]
    bench.undo()
    bench.idle()
    bench.undo()
    bench.idle()
    np.testing.assert_array_equal(bench.shown(), whole)


def test_where_the_object_was_clicked_it_does_not_end(open_cells_tiny: Open) -> None:
    bench = followed(open_cells_tiny)
    end_here(bench)
    assert slices(bench.shown()) == list(range(9))
    assert "You have seen the object here" in bench.dock.status.text()


def test_what_was_not_followed_does_not_end(open_cells_tiny: Open) -> None:
    bench = open_cells_tiny(tube(4))
    bench.controller.actions.run("end_here")
    assert "Follow an object first" in bench.dock.status.text()


@pytest.mark.parametrize(
    ("position", "seen", "own", "side"),
    [
        (6, {3}, set(range(9)), 1),
        (1, {3}, set(range(9)), -1),
        (3, {3}, set(range(9)), None),
        (3, {3}, {3, 4, 5}, 1),
        (3, {3}, {1, 2, 3}, -1),
        (5, {3, 8}, set(range(9)), None),
        (8, {3, 8}, set(range(12)), 1),
        (3, {3, 8}, set(range(12)), -1),
        (4, set(), {3, 4}, None),
    ],
)
def test_an_object_ends_on_the_side_away_from_what_was_seen(
    position: int, seen: Set[int], own: Set[int], side: int | None
) -> None:
    assert side_of_end(position, seen, own) == side


@given(
    st.sets(st.integers(0, 20), min_size=1),
    st.sets(st.integers(0, 20)),
    st.none() | st.integers(0, 20),
    st.none() | st.integers(0, 20),
)
def test_seen_planes_stay_inside_and_empty_ones_around_them_outside(
    seen: Set[int], empty: Set[int], low: int | None, high: int | None
) -> None:
    first, last = within_ends((0, 20), seen, empty - seen, (low, high))
    assert 0 <= first <= min(seen)
    assert max(seen) <= last <= 20
    around = {p for p in empty - seen if not min(seen) < p < max(seen)}
    assert not around & set(range(first, last + 1))
    assert low is None or first >= min(low, *seen)
    assert high is None or last <= max(high, *seen)


def click(y: float, x: float, label: int = 0) -> PointPrompt:
    return PointPrompt((2, y, x), label)


@pytest.mark.parametrize(
    ("prompts", "corrected", "absent"),
    [
        ([click(48, 48)], disc(48, 48, 18), True),  # the model does not obey
        ([click(48, 30)], disc(48, 50, 17), False),  # a piece at the border was too much
        ([click(48, 30)], disc(48, 60, 8), True),  # hardly any of it remains
        ([click(48, 48), click(40, 40, 1)], disc(48, 48, 18), False),
        ([click(20, 20)], disc(48, 48, 20), False),
        ([], disc(48, 48, 20), False),
    ],
)
def test_background_clicks_say_that_an_object_is_absent(
    prompts: list[Prompt], corrected: Mask, absent: bool
) -> None:
    assert is_absent(disc(48, 48, 20), corrected, prompts) is absent
    assert emptied(corrected).empty
    assert emptied(corrected).plane == corrected.plane
