"""Matching of objects to the truth: precision, mSA, and the kinds of mistakes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from napari_sam.evaluate.automatic import detect_stack
from napari_sam.evaluate.matching import detect, matches, precision
from napari_sam.evaluate.overlap import overlap

Labels = NDArray[np.integer]


def drawn(*rows: str) -> Labels:
    """A label image, a digit a pixel; dots are background."""
    return np.array([[0 if c == "." else int(c) for c in row] for row in rows])


def test_overlap_knows_the_pixels_of_each_pair() -> None:
    shared = overlap(drawn("1144..", "1144.."), drawn("7777..", "7755.9"))
    assert shared.true_sizes.tolist() == [4, 4]
    assert shared.predicted_sizes.tolist() == [2, 6, 1]  # 5, 7, 9
    pairs = zip(
        shared.true.tolist(), shared.predicted.tolist(), shared.common.tolist(), strict=True
    )
    assert set(pairs) == {(0, 1, 4), (1, 1, 2), (1, 0, 2)}
    ious = dict(zip(zip(shared.true, shared.predicted, strict=True), shared.ious, strict=True))
    assert ious == {(0, 1): 4 / 6, (1, 1): 2 / 8, (1, 0): 2 / 4}


def test_labels_of_another_shape_cannot_be_compared() -> None:
    with pytest.raises(ValueError, match="cannot be compared"):
        overlap(np.zeros((2, 3), int), np.zeros((3, 2), int))


def test_precision_is_hits_over_hits_and_both_kinds_of_misses() -> None:
    # IoU 4/6 and 2/4: one hit over 0.5, two at 0.5; a third found object is nowhere
    shared = overlap(drawn("1144..", "1144.."), drawn("7777..", "7755.9"))
    assert precision(shared, 0.5) == 2 / 3
    assert precision(shared, 0.55) == 1 / (1 + 1 + 2)
    assert precision(shared, 0.7) == 0


def test_halves_of_an_object_do_not_both_hit_it() -> None:
    shared = overlap(drawn("1111"), drawn("2233"))
    assert shared.ious.tolist() == [0.5, 0.5]
    assert matches(shared, 0.5) == 1


def test_as_many_pairs_as_can_be() -> None:
    # the first true object overlaps both found ones, the second only that which overlaps more
    shared = overlap(drawn("11112222"), drawn("11333333"))
    assert matches(shared, 0.3) == 2


def test_msa_is_the_mean_over_ten_thresholds() -> None:
    truth, found = drawn("1111111111"), drawn("11111111..")
    detection = detect(truth, found)
    assert detection.precisions == (1,) * 7 + (0,) * 3  # IoU 0.8
    assert detection.ap50 == 1
    assert detection.msa == pytest.approx(0.7)


def test_nothing_found_where_nothing_is_is_right() -> None:
    empty = np.zeros((4, 4), int)
    assert detect(empty, empty).msa == 1
    assert detect(empty, drawn("1...", "....", "....", "....")).msa == 0
    assert detect(drawn("1...", "....", "....", "...."), empty).msa == 0


@pytest.mark.parametrize(
    ("truth", "found", "missed", "split", "merged", "added"),
    [
        ("1111.2222.3333", "1111.2222.3333", 0, 0, 0, 0),
        ("1111.2222.3333", "1111.2222.....", 1, 0, 0, 0),
        ("1111.2222.3333", "1122.2222.3...", 1, 0, 0, 0),
        ("1111.2222.3333", "1122.3333.4444", 0, 1, 0, 0),
        ("1111.2222.3333", "111111111.3333", 0, 0, 2, 0),
        ("1111.2222.3333", "11111111111111", 0, 0, 3, 0),
        ("1111.2222.....", "1111.2222.3333", 0, 0, 0, 1),
        ("1111111111111111111111", "1111111111111111111112", 0, 0, 0, 0),  # a crumb is no part
    ],
)
def test_mistakes_are_counted(
    truth: str, found: str, missed: int, split: int, merged: int, added: int
) -> None:
    seen = detect(drawn(truth), drawn(found))
    assert (seen.missed, seen.split, seen.merged, seen.added) == (missed, split, merged, added)


def test_a_stack_is_compared_in_3d() -> None:
    truth = np.stack([drawn("11.22"), drawn("11.22")])
    unlinked = np.stack([drawn("11.22"), drawn("33.44")])
    assert detect(truth, truth).msa == 1
    seen = detect(truth, unlinked)
    assert seen.split == 2
    assert seen.ap50 == 2 / 4  # half of an object has an IoU of 0.5


def test_planes_without_an_object_count_as_not_annotated() -> None:
    truth = np.stack([drawn("11.22"), drawn("....."), drawn("11.22")])
    found = np.stack([drawn("11.22"), drawn("33.44"), drawn("11.22")])
    assert detect_stack(truth, found).msa == 1


label_images = arrays(np.uint16, st.sampled_from([(7, 9), (3, 5, 4)]), elements=st.integers(0, 6))


@given(label_images)
def test_the_truth_is_perfect(truth: Labels) -> None:
    seen = detect(truth, truth)
    assert seen.precisions == (1,) * 10
    assert (seen.missed, seen.split, seen.merged, seen.added) == (0, 0, 0, 0)


@given(
    arrays(np.uint16, (6, 7), elements=st.integers(0, 5)),
    arrays(np.uint16, (6, 7), elements=st.integers(0, 5)),
    st.permutations(range(1, 6)),
    st.integers(0, 2**31),
)
def test_names_of_objects_mean_nothing(
    truth: Labels, found: Labels, names: list[int], offset: int
) -> None:
    renamed = np.array([0, *names], np.uint32)
    shifted = renamed + np.where(renamed > 0, np.uint32(offset), np.uint32(0))
    assert detect(renamed[truth], shifted[found]) == detect(truth, found)


@given(
    arrays(np.uint8, (5, 6), elements=st.integers(0, 4)),
    arrays(np.uint8, (5, 6), elements=st.integers(0, 4)),
)
def test_precision_falls_with_the_threshold_and_does_not_ask_who_is_true(
    truth: Labels, found: Labels
) -> None:
    one, other = detect(truth, found), detect(found, truth)
    assert list(one.precisions) == sorted(one.precisions, reverse=True)
    assert one.precisions == other.precisions
