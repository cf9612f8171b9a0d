"""Objects that nobody has looked at are redrawn; everything else stays as it is."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from napari_sam.masks.mask import Mask
from napari_sam.plugin.learning.found_again import SURE, FoundAgain, find_again, may_add
from napari_sam.plugin.worker.events import Found, PlaneObjects
from napari_sam.tiles.bbox import box_of

BOXES = {7: (0, 0, 1, 2)}


def again(
    old: list[list[int]] | np.ndarray,
    now: list[list[int]] | np.ndarray,
    waiting: set[int],
    first: int | None = 100,
) -> tuple[list[list[int]], FoundAgain]:
    """Labels after objects were found again in the whole of an image."""
    labels, numbers = np.array(old, np.uint32), np.array(now, np.uint32)
    boxes = {int(n): box_of(numbers == n) for n in np.unique(numbers) if n}
    found = {n: Found(0.9, box) for n, box in boxes.items() if box is not None}
    objects = PlaneObjects((), (0, 0, *numbers.shape), numbers, found=found)
    there = {label: box_of(labels == label) for label in waiting}
    result = find_again(objects, labels, {k: box for k, box in there.items() if box}, first)
    result.edit.apply(labels)
    return labels.tolist(), result


def test_a_label_keeps_its_number_and_gets_new_pixels() -> None:
    labels, result = again([[7, 7, 0, 0, 0]], [[0, 1, 1, 0, 0]], {7})
    assert labels == [[0, 7, 7, 0, 0]]
    assert set(result.redrawn) == {7}
    assert result.redrawn[7].bbox == (0, 1, 1, 3)
    assert (result.new, result.parts) == ({}, ())


def test_what_was_accepted_stays_and_what_overlaps_it_is_no_new_object() -> None:
    labels, result = again([[5, 5, 5, 7, 0, 0]], [[1, 1, 1, 0, 2, 2]], {7})
    assert labels == [[5, 5, 5, 7, 100, 100]]
    assert set(result.new) == {100}
    labels, _ = again([[5, 5, 7, 7, 0]], [[0, 1, 1, 1, 1]], {7})
    assert labels == [[5, 5, 7, 7, 7]]  # but for the pixels of the accepted one


def test_a_label_that_is_not_found_again_stays() -> None:
    labels, result = again([[7, 7, 0, 0, 8]], [[1, 1, 0, 0, 0]], {7, 8})
    assert labels == [[7, 7, 0, 0, 8]]
    assert result.edit.empty
    assert result.parts == ()


def test_pieces_of_an_object_become_one_label() -> None:
    labels, result = again([[7, 7, 8, 0, 9]], [[1, 1, 1, 0, 0]], {7, 8, 9})
    assert labels == [[7, 7, 7, 0, 9]]
    assert result.parts == (8,)


def test_a_clump_is_divided_among_its_objects() -> None:
    labels, result = again([[7, 7, 7, 7, 7, 7]], [[1, 1, 0, 2, 2, 2]], {7})
    assert labels == [[100, 100, 0, 7, 7, 7]]
    assert set(result.new) == {100}


def test_in_a_linked_stack_no_objects_are_added() -> None:
    labels, result = again([[7, 7, 0, 0]], [[1, 1, 0, 2]], {7}, first=None)
    assert labels == [[7, 7, 0, 0]]
    assert result.new == {}


def test_pixels_of_a_label_beyond_the_tile_go_with_it() -> None:
    labels = np.array([[7, 7, 7, 7, 0, 0]], np.uint32)
    objects = PlaneObjects(
        (), (0, 2, 1, 6), np.array([[1, 1, 1, 1]], np.uint32), found={1: Found(0.5, (0, 2, 1, 6))}
    )
    find_again(objects, labels, {7: (0, 0, 1, 4)}, 100).edit.apply(labels)
    assert labels.tolist() == [[0, 0, 7, 7, 7, 7]]


@pytest.mark.parametrize(("score", "added"), [(SURE, True), (SURE - 0.01, False)])
def test_only_sure_objects_are_added(score: float, added: bool) -> None:
    numbers = np.array([[1, 1, 0, 2, 2]], np.uint32)
    found = {1: Found(score, (0, 0, 1, 2)), 2: Found(score, (0, 3, 1, 5))}
    labels = np.array([[7, 7, 0, 0, 0]], np.uint32)
    result = find_again(PlaneObjects((), (0, 0, 1, 5), numbers, found=found), labels, BOXES, 100)
    assert (set(result.new) == {100}) is added
    assert set(result.redrawn) == {7}
    result.edit.apply(labels)
    assert labels.tolist() == [[7, 7, 0, 100 * added, 100 * added]]


@pytest.mark.parametrize(("pixels", "added"), [([1, 1, 0, 0], False), ([1, 0, 0, 0], True)])
def test_an_object_that_was_dropped_does_not_come_back(pixels: list[int], added: bool) -> None:
    numbers = np.array([[0, 0, 0, 1, 1, 1]], np.uint32)
    objects = PlaneObjects((), (0, 0, 1, 6), numbers, found={1: Found(0.9, (0, 3, 1, 6))})
    dropped = Mask((), (0, 3, 1, 7), np.array([pixels], bool), 0.9, 0.0)
    result = find_again(objects, np.zeros((1, 8), np.uint32), {}, 100, [dropped])
    assert (set(result.new) == {100}) is added


@pytest.mark.parametrize(("accepted", "dropped", "adds"), [(6, 5, True), (5, 5, False)])
def test_nothing_is_added_where_most_objects_were_dropped(
    accepted: int, dropped: int, adds: bool
) -> None:
    assert may_add(accepted, dropped) is adds


images = arrays(np.uint32, (6, 7), elements=st.integers(0, 5))


@settings(max_examples=200)
@given(images, images, st.sets(st.integers(1, 5)))
def test_accepted_labels_never_change(old: np.ndarray, now: np.ndarray, waiting: set[int]) -> None:
    labels, result = again(old, now, waiting)
    after = np.array(labels)
    kept = (old > 0) & ~np.isin(old, list(waiting))
    assert (after[kept] == old[kept]).all()
    there = set(np.unique(old)) - {0}
    left = set(np.unique(after)) - {0}
    assert left - there == set(result.new)
    assert there - left == set(result.parts)
    assert set(result.parts) <= waiting
    assert set(result.redrawn) <= waiting
    assert (result.edit.old == old).all()
