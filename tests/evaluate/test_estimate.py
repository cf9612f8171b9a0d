"""The number of wrong objects and its interval, from looks that are random only in part."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from benchmarks.estimate import ORDERS, estimated
from napari_sam.evaluate.estimate import Estimate, estimate_wrong
from napari_sam.evaluate.looks import draw, is_random_turn, spread_draw
from napari_sam.evaluate.rightness import JudgedObjects, judge

COUNTS = st.integers(0, 60)


@st.composite
def reviews(draw_: st.DrawFn) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Scores, turns, wrong and random of a review."""
    count = draw_(COUNTS)
    scores = draw_(arrays(float, count, elements=st.floats(0, 1, width=16)))
    turns = draw_(arrays(np.int64, count, elements=st.integers(0, 20)))
    wrong = draw_(arrays(bool, count))
    return scores, turns, wrong, draw_(arrays(bool, count))


def judged(count: int, seed: int = 0) -> JudgedObjects:
    """Objects that are wrong the more often, the lower their score: 30 % to 0 %."""
    rng = np.random.default_rng(seed)
    scores = rng.random(count)
    return JudgedObjects(scores, rng.random(count) < 0.3 * (1 - scores))


@settings(deadline=None)
@given(reviews())
def test_the_interval_lies_between_the_known_and_the_possible(
    review: tuple[np.ndarray, ...],
) -> None:
    estimate = estimate_wrong(*review)
    _, turns, wrong, _ = review
    known = int((wrong & (turns > 0)).sum())
    assert known <= estimate.low <= estimate.wrong <= estimate.high
    assert estimate.high <= known + estimate.total - estimate.looks
    assert (estimate.total, estimate.looks) == (len(turns), (turns > 0).sum())
    assert 0 <= estimate.looks_to_halve <= estimate.total - estimate.looks
    assert (estimate.looks_to_halve == 0) == (estimate.low == estimate.high)


@settings(deadline=None)
@given(reviews(), st.randoms(use_true_random=False))
def test_the_order_of_the_objects_is_of_no_account(
    review: tuple[np.ndarray, ...], shuffle: np.random.Generator
) -> None:
    order = list(range(len(review[0])))
    shuffle.shuffle(order)
    assert estimate_wrong(*review) == estimate_wrong(*(column[order] for column in review))


@settings(deadline=None)
@given(reviews())
def test_what_nobody_looked_at_has_no_verdict(review: tuple[np.ndarray, ...]) -> None:
    scores, turns, wrong, random = review
    looked = turns > 0
    assert estimate_wrong(*review) == estimate_wrong(scores, turns, wrong & looked, random & looked)


@settings(deadline=None)
@given(reviews())
def test_after_the_last_look_the_number_is_exact(review: tuple[np.ndarray, ...]) -> None:
    scores, turns, wrong, random = review
    estimate = estimate_wrong(scores, turns + 1, wrong, random)
    number = int(wrong.sum())
    assert estimate == Estimate(number, number, number, len(turns), len(turns), 0)


def test_looks_that_were_no_draws_say_nothing_about_the_rest() -> None:
    scores, turns = np.linspace(0, 1, 100), np.repeat([1, 0], 50)
    for verdict in (False, True):
        wrong = np.full(100, verdict)
        estimate = estimate_wrong(scores, turns, wrong, np.zeros(100, bool))
        assert (estimate.low, estimate.high) == (50 * verdict, 50 + 50 * verdict)
    drawn = estimate_wrong(np.ones(100), turns, np.zeros(100, bool), turns > 0)
    assert drawn.high < 10


def test_a_random_sample_gives_the_interval_of_jeffreys() -> None:
    turns = np.repeat([1, 0], [10, 100_000])
    estimate = estimate_wrong(np.ones(100_010), turns, np.arange(100_010) < 2, turns > 0)
    # 2 of 10: beta(2.5, 8.5) has 2.5 % below 0.0441 and above 0.5028 (Brown et al. 2001)
    assert (estimate.low - 2) / 100_000 == pytest.approx(0.0441, abs=2e-4)
    assert (estimate.high - 2) / 100_000 == pytest.approx(0.5028, abs=2e-4)


def test_wrong_objects_removed_by_eye_after_the_draws_are_no_longer_in_the_rest() -> None:
    scores = np.ones(200)
    turns, wrong, random = np.zeros(200, int), np.zeros(200, bool), np.zeros(200, bool)
    turns[:20], random[:20], wrong[:4] = np.arange(1, 21), True, True
    before = estimate_wrong(scores, turns, wrong, random)
    turns[20:40], wrong[20:40] = np.arange(21, 41), True
    after = estimate_wrong(scores, turns, wrong, random)
    assert abs(after.wrong - before.wrong) < 8  # not 20 more
    turns[20:40] = 1  # before the draws they say nothing about the rest
    turns[:20] += 1
    assert estimate_wrong(scores, turns, wrong, random).wrong > before.wrong + 12


def test_draws_say_nothing_about_objects_that_came_later() -> None:
    turns, groups = np.repeat([1, 0, 0], [30, 70, 100]), np.repeat([0, 1], 100)
    right = np.zeros(200, bool)
    one = estimate_wrong(np.ones(200), turns, right, turns > 0)
    two = estimate_wrong(np.ones(200), turns, right, turns > 0, groups)
    assert one.high < 20
    assert (two.low, two.total) == (0, 200)
    assert 95 < two.high < 115  # all that came later, and a few of the others
    both = np.where(np.arange(200) % 100 < 30, 1, 0)
    again = estimate_wrong(np.ones(200), both, right, both > 0, groups)
    assert again.high < 25


def test_bad_values_are_refused() -> None:
    with pytest.raises(ValueError, match="one value for each object"):
        estimate_wrong([0.5, 0.5], [1], [True], [True])
    with pytest.raises(ValueError, match="no number"):
        estimate_wrong([np.nan], [1], [True], [True])


def test_the_sentence() -> None:
    assert str(Estimate(31, 24, 38, 340, 60, 50)) == "about 31 of 340 are wrong (24 to 38)"
    assert str(Estimate(31, 31, 31, 340, 340, 0)) == "31 of 340 are wrong"


# --- simulated reviews -----------------------------------------------------------------------


@pytest.mark.parametrize("order", ["dock", "spread", "spotted"])
def test_the_interval_holds_the_truth_in_about_95_of_100_reviews(order: str) -> None:
    population = judged(300)
    true = int(population.wrong.sum())
    assert 30 < true < 60
    for count in (20, 60):
        estimates = [estimated(population, order, count, seed) for seed in range(150)]
        held = np.mean([each.low <= true <= each.high for each in estimates])
        assert 0.9 <= held <= 1
    assert abs(np.mean([each.wrong for each in estimates]) - true) < 8


def test_the_least_sure_taken_for_random_draws_would_be_wrong() -> None:
    population = judged(300)
    for count in (20, 60):
        estimate = estimated(population, "naive", count, 0)
        assert estimate.wrong > 1.5 * population.wrong.sum()


def test_more_looks_narrow_the_interval_as_it_was_said() -> None:
    population = judged(400)
    first = [estimated(population, "dock", 40, seed) for seed in range(60)]
    widths = [np.mean([each.high - each.low for each in first])]
    for count in (60, 80, 120):
        more = [estimated(population, "dock", count, seed) for seed in range(60)]
        widths.append(np.mean([each.high - each.low for each in more]))
    assert widths == sorted(widths, reverse=True)
    halved = [
        estimated(population, "dock", 40 + each.looks_to_halve, seed)
        for seed, each in enumerate(first)
    ]
    assert 0.35 < np.mean([each.high - each.low for each in halved]) / widths[0] < 0.65


def test_all_orders_look_at_as_many_objects_as_asked_for() -> None:
    population = judged(50)
    for order in ORDERS:
        assert estimated(population, order, 30, 0).looks == 30


# --- draws and judgements ----------------------------------------------------------------------


def test_each_third_look_is_a_draw_and_the_same_one_again() -> None:
    assert [is_random_turn(looks) for looks in range(6)] == [False, True, False] * 2
    waiting = [7, 3, 9, 4]
    assert draw(waiting, 2) == draw(sorted(waiting), 2)
    counts = np.bincount([draw(waiting, 2, seed) for seed in range(2000)], minlength=10)
    assert set(np.flatnonzero(counts)) == set(waiting)
    assert counts[waiting].min() > 420  # each with the same chance


@given(st.integers(0, 50), st.integers(0, 60), st.integers(0, 2**32))
def test_spread_draws_come_from_all_scores(objects: int, count: int, seed: int) -> None:
    scores = np.random.default_rng(seed).random(objects)
    drawn = spread_draw(scores, count, np.random.default_rng(seed))
    assert len(set(drawn.tolist())) == min(count, objects)
    if 0 < count <= objects:
        ranks = np.sort(np.argsort(np.argsort(scores))[drawn])
        assert np.diff(ranks).max(initial=0) <= 2 * -(-objects // count)


def test_objects_are_judged_at_an_iou_of_a_half() -> None:
    truth = np.zeros((10, 30), int)
    truth[:, :10] = 5
    truth[:, 12:20] = 9
    found = np.zeros_like(truth)
    found[:, :5] = 2  # half of an object: an IoU of exactly 0.5
    found[:, 12:15] = 3  # less than half of one
    found[:4, 25:] = 4  # nothing there
    result = judge(truth, found, np.array([0.9, 0.8, 0.7, 0.6]))
    assert result.scores.tolist() == [0.8, 0.7, 0.6]
    assert result.wrong.tolist() == [False, True, True]
