"""What a judgement about tracks changes: pixels and mothers, nothing else."""

import numpy as np
import pytest

from napari_sam.plugin.tracking.answer import answered
from napari_sam.plugin.worker.objects_tracked import Decision
from napari_sam.tracking.lineage import Kind


def movie() -> np.ndarray:
    """1 divides into 2 and 3 after frame 1; 2 divides into 5 and 6 after frame 3; 9 stays."""
    labels = np.zeros((6, 12, 20), np.uint32)
    labels[:2, 2:6, 2:6] = 1
    labels[2:, 2:4, 8:10] = 3
    labels[2:4, 2:5, 2:5] = 2
    labels[4:, 2:3, 2:5] = 5
    labels[4:, 4:5, 2:5] = 6
    labels[:, 8:11, 8:11] = 9
    return labels


PARENTS = {2: 1, 3: 1, 5: 2, 6: 2}
DIVISION = Decision(Kind.DIVISION, 0.5, ((1, 3, 3), (2, 3, 3), (2, 2, 8)))
LINK = Decision(Kind.LINK, 0.5, ((2, 9, 9), (3, 9, 9)))


def apply(labels: np.ndarray, decision: Decision, right: bool, parents=PARENTS):
    answer = answered(labels, parents, decision, right, 20)
    assert answer is not None
    for edit in answer.edits:
        edit.apply(labels)
    return answer.parents


def test_a_refused_division_lets_the_mother_go_on_and_her_granddaughters_stay_hers() -> None:
    labels, expected = movie(), movie()
    expected[expected == 2] = 1
    assert apply(labels, DIVISION, right=False) == {5: 1, 6: 1}
    np.testing.assert_array_equal(labels, expected)


def test_a_missed_division_is_made_and_later_ones_are_of_the_daughter() -> None:
    labels, expected = movie(), movie()
    labels[labels == 2] = 1
    parents = {5: 1, 6: 1}
    missed = Decision(Kind.POSSIBLE_DIVISION, 0.5, DIVISION.pixels)
    expected[expected == 2] = 20
    assert apply(labels, missed, right=True, parents=parents) == {5: 20, 6: 20, 20: 1, 3: 1}
    np.testing.assert_array_equal(labels, expected)


def test_a_refused_link_is_cut_and_the_divisions_behind_are_of_the_later_part() -> None:
    labels, expected = movie(), movie()
    expected[3:][expected[3:] == 9] = 20
    assert apply(labels, LINK, right=False, parents={**PARENTS, 30: 9}) == {**PARENTS, 30: 20}
    np.testing.assert_array_equal(labels, expected)


@pytest.mark.parametrize(
    ("decision", "right"),
    [
        (DIVISION, True),
        (LINK, True),
        (Decision(Kind.POSSIBLE_DIVISION, 0.5, DIVISION.pixels), False),
        # labels that were changed since: what was asked makes no sense any more
        (Decision(Kind.POSSIBLE_DIVISION, 0.5, DIVISION.pixels), True),
        (Decision(Kind.LINK, 0.5, ((1, 3, 3), (2, 3, 3))), False),
        (Decision(Kind.LINK, 0.5, ((1, 0, 0), (2, 0, 0))), False),
    ],
)
def test_an_answer_that_agrees_or_comes_too_late_changes_nothing(decision, right) -> None:
    assert answered(movie(), PARENTS, decision, right, 20) is None
