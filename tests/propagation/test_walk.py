"""Objects are found on exactly their planes, bridged, joined and ended, walk by walk."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_sam.masks.mask import Mask
from napari_sam.propagation.ending import Ending
from napari_sam.propagation.propagate import propagate
from tests.masks.drawing import disc, full
from tests.propagation.drawing import ends, seed_of, textured, tubes
from tests.propagation.walking import ByThreshold, assert_equals, stack_of_planes, walk


def test_two_objects_are_found_on_exactly_their_planes_and_end_for_themselves() -> None:
    truth = tubes()
    stack = stack_of_planes(textured(truth))
    found, steps = walk(stack, {5: {1: seed_of(truth, 5, 1), 2: seed_of(truth, 5, 2)}})
    assert_equals(found[1], truth, 1)
    assert_equals(found[2], truth, 2)
    assert ends(steps, 1) == {9: Ending.NOT_SEEN, 1: Ending.NOT_SEEN}
    assert ends(steps, 2) == {}
    assert [step.plane[0] for step in steps] == [*range(5, 12), *range(5, -1, -1)]
    assert [step.done for step in steps] == sorted(step.done for step in steps)
    assert steps[-1].done == steps[-1].total


def test_one_pass_with_two_objects_is_two_passes_with_one() -> None:
    truth = tubes()
    stack = stack_of_planes(textured(truth))
    seeds = {1: seed_of(truth, 5, 1), 2: seed_of(truth, 4, 2)}
    both, _ = walk(stack, {5: {1: seeds[1]}, 4: {2: seeds[2]}})
    for label, z in ((1, 5), (2, 4)):
        alone, _ = walk(stack, {z: {label: seeds[label]}})
        assert sorted(alone[label]) == sorted(both[label])
        for plane, pixels in alone[label].items():
            np.testing.assert_array_equal(pixels, both[label][plane])


@pytest.mark.parametrize("value", [0.0, np.nan])
@pytest.mark.parametrize(("missing", "bridged"), [(1, True), (3, True), (4, False)])
def test_empty_planes_are_bridged_up_to_three(value: float, missing: int, bridged: bool) -> None:
    truth = tubes()
    image = textured(truth).astype(np.float32)
    image[6 : 6 + missing] = value
    found, steps = walk(stack_of_planes(image), {3: {2: seed_of(truth, 3, 2)}})
    if bridged:
        assert sorted(found[2]) == list(range(12))
        for z in range(6, 6 + missing):
            true = truth[z] == 2
            assert (found[2][z] & true).sum() / (found[2][z] | true).sum() > 0.8
    else:
        assert sorted(found[2]) == list(range(6))
        assert set(ends(steps, 2).values()) == {Ending.MISSING}


def test_planes_closer_than_pixels_are_asked_in_steps_and_filled() -> None:
    truth = tubes()
    found, _ = walk(stack_of_planes(textured(truth), step=3), {5: {2: seed_of(truth, 5, 2)}})
    assert sorted(found[2]) == list(range(12))
    for z, pixels in found[2].items():
        true = truth[z] == 2
        assert (pixels & true).sum() / (pixels | true).sum() > 0.85
    for z in (5, 8, 11, 2):
        np.testing.assert_array_equal(found[2][z], truth[z] == 2)


def test_between_two_known_planes_both_directions_have_a_say() -> None:
    truth = tubes()
    stack = stack_of_planes(textured(truth))
    found, steps = walk(stack, {2: {2: seed_of(truth, 2, 2)}, 9: {2: seed_of(truth, 9, 2)}})
    assert_equals(found[2], truth, 2)
    unsure = {step.plane[0]: step.disagreement[2] for step in steps if 2 in step.disagreement}
    assert set(range(3, 9)) <= set(unsure)
    assert all(0 <= value < 0.3 for value in unsure.values())


def test_known_planes_stay_as_they_are_and_start_anew() -> None:
    truth = tubes()
    stack = stack_of_planes(textured(truth))
    drawn = disc(60, 56, 4, (6,))  # the user wants only the middle here
    found, _ = walk(stack, {3: {2: seed_of(truth, 3, 2)}, 6: {2: drawn}})
    np.testing.assert_array_equal(found[2][6], full(drawn))
    np.testing.assert_array_equal(found[2][3], truth[3] == 2)


def test_limits_are_not_passed() -> None:
    truth = tubes()
    stack = stack_of_planes(textured(truth), first=3, last=7)
    found, steps = walk(stack, {5: {2: seed_of(truth, 5, 2)}})
    assert sorted(found[2]) == [3, 4, 5, 6, 7]
    assert steps[-1].done == steps[-1].total == 6


def test_lives_end_a_mother_and_begin_a_daughter() -> None:
    truth = tubes()
    stack = stack_of_planes(textured(truth))
    seeds = {2: {1: seed_of(truth, 2, 2)}, 7: {5: seed_of(truth, 7, 2)}}
    found, steps = walk(stack, seeds, lives={1: (0, 6), 5: (7, 11)})
    assert (sorted(found[1]), sorted(found[5])) == (list(range(7)), list(range(7, 12)))
    assert ends(steps, 1) == {7: Ending.DIVIDED}
    assert ends(steps, 5) == {6: Ending.DIVIDED}


def test_two_objects_that_merge_share_the_pixels() -> None:
    z, y, x = np.mgrid[:6, :96, :96]
    near = 15 - 3 * z  # the two come together
    first = (y - 48) ** 2 + (x - 48 + near) ** 2 < 81
    second = (y - 48) ** 2 + (x - 48 - near) ** 2 < 81
    stack = stack_of_planes(textured(first | second))
    seeds = {
        0: {
            1: Mask((0,), (0, 0, 96, 96), first[0], 0.9, 5.0).tight(),
            2: Mask((0,), (0, 0, 96, 96), second[0], 0.9, 5.0).tight(),
        }
    }
    found, _ = walk(stack, seeds)
    for plane in found[1].keys() & found[2].keys():
        assert not (found[1][plane] & found[2][plane]).any()
    assert {3, 4} <= found[1].keys() | found[2].keys()


@settings(deadline=None, max_examples=25)
@given(
    st.lists(
        st.tuples(st.integers(0, 7), st.integers(0, 7), st.integers(0, 7), st.integers(0, 7)),
        min_size=1,
        max_size=3,
    ),
    st.integers(0, 9),
)
def test_objects_that_come_and_go_are_found_where_they_are_and_once(
    spans: list[tuple[int, int, int, int]], noise: int
) -> None:
    """Between two drawn planes each object is there; it is known on one or two of those."""
    y, x = np.mgrid[:40, :120]
    truth = np.zeros((8, 40, 120), np.uint8)
    seeds: dict[int, dict[int, Mask]] = {}
    for i, (a, b, *known) in enumerate(spans, start=1):
        first, last = min(a, b), max(a, b)
        truth[first : last + 1, (y - 20) ** 2 + (x - 40 * i + 20) ** 2 < 110] = i
        for z in known:
            z = min(max(z, first), last)
            seeds.setdefault(z, {})[i] = seed_of(truth, z, i)
    found, steps = walk(stack_of_planes(textured(truth, noise)), seeds)
    assert sorted(found) == list(range(1, len(spans) + 1))
    for i, planes in found.items():
        assert_equals(planes, truth, i)
        present = sorted(planes)
        ended = {p for p in (present[0] - 1, present[-1] + 1) if 0 <= p < 8}
        assert ends(steps, i) == dict.fromkeys(ended, Ending.NOT_SEEN)
    told = [(step.plane, i) for step in steps for i in step.masks]
    assert len(told) == len(set(told))


@pytest.mark.parametrize("start", [1, 10])
def test_one_object_is_bridged_while_another_is_seen(start: int) -> None:
    truth = np.zeros((12, 60, 120), np.uint8)
    y, x = np.mgrid[:60, :120]
    truth[:, (y - 30) ** 2 + (x - 25) ** 2 < 100] = 1
    truth[:, (y - 30) ** 2 + (x - 90) ** 2 < 100] = 2
    image = textured(truth)
    image[5:8, :, 60:] = 0
    seeds = {start: {i: seed_of(truth, start, i) for i in (1, 2)}}
    found, steps = walk(stack_of_planes(image), seeds)
    assert_equals(found[1], truth, 1)
    assert sorted(found[2]) == list(range(12))
    for z, pixels in found[2].items():
        true = truth[z] == 2
        assert (pixels & true).sum() / (pixels | true).sum() > 0.9
    assert ends(steps, 1) == ends(steps, 2) == {}


def test_an_object_that_leaves_the_image_unseen_has_left() -> None:
    z, y, x = np.mgrid[:9, :60, :80]
    truth = (y - 30) ** 2 + (x - 30 - 8 * z) ** 2 < 144
    image = textured(truth)
    image[6:] = 0
    found, steps = walk(stack_of_planes(image), {0: {1: seed_of(truth, 0, 1)}})
    assert sorted(found[1]) == list(range(6))
    assert ends(steps, 1) == {8: Ending.LEFT}


def test_planes_that_are_all_alike_leave_no_doubt() -> None:
    truth = np.repeat(tubes()[4:5] == 2, 8, axis=0)
    image = np.repeat(textured(truth[:1]), 8, axis=0)
    seeds = {1: {1: seed_of(truth, 1, 1)}, 6: {1: seed_of(truth, 6, 1)}}
    found, steps = walk(stack_of_planes(image), seeds)
    assert_equals(found[1], truth, 1)
    unsure = {step.plane[0]: step.disagreement[1] for step in steps if step.disagreement}
    assert unsure == dict.fromkeys([0, 2, 3, 4, 5, 7], 0.0)


def test_how_much_two_walks_differ_is_told_and_they_meet_halfway() -> None:
    """A bright core in a dim rim: one direction sees both, the other the core."""
    y, x = np.mgrid[:96, :96]
    rim, core = ((y - 48) ** 2 + (x - 48) ** 2 < r**2 for r in (15, 11))
    image = np.repeat((textured(rim) // 2 + 110 * core + 40 * rim)[None], 9, axis=0)
    stack = stack_of_planes(image.astype(np.uint8))
    seeds = {
        z: {1: Mask((z,), (0, 0, 96, 96), pixels, 0.9, 5.0).tight()}
        for z, pixels in ((1, rim), (7, core))
    }
    steps = list(propagate(lambda down: ByThreshold(stack, 180 if down else 100), stack, seeds))
    between = {s.plane[0]: s for s in steps if 1 < s.plane[0] < 7 and s.masks}
    assert sorted(between) == [2, 3, 4, 5, 6]
    difference = 1 - core.sum() / rim.sum()
    areas = []
    for z in sorted(between):
        assert between[z].disagreement[1] == pytest.approx(difference)
        pixels = full(between[z].masks[1])
        assert (core <= pixels).all()
        assert (pixels <= rim).all()
        areas.append(int(pixels.sum()))
    assert areas == sorted(areas, reverse=True)
    assert areas[0] > areas[-1]


def test_an_object_that_another_is_drawn_over_is_taken() -> None:
    truth = np.zeros((7, 96, 96), np.uint8)
    y, x = np.mgrid[:96, :96]
    truth[:4, (y - 48) ** 2 + (x - 48) ** 2 < 25] = 1
    truth[4:, (y - 48) ** 2 + (x - 48) ** 2 < 400] = 2
    image = textured(truth)
    image[4] = image[3]  # the small one is still to be seen where the large one is drawn
    seeds = {1: {1: seed_of(truth, 1, 1)}, 4: {2: seed_of(truth, 4, 2)}}
    found, steps = walk(stack_of_planes(image), seeds)
    assert_equals(found[1], truth, 1)
    assert_equals(found[2], truth, 2)
    assert ends(steps, 1) == {4: Ending.TAKEN}


def test_blank_planes_between_two_known_ones_are_told_once() -> None:
    z, y, x = np.mgrid[:11, :96, :96]
    truth = (y - 48) ** 2 + (x - 40 - z) ** 2 < 100
    image = textured(truth)
    image[4:7] = 0
    seeds = {p: {1: seed_of(truth, p, 1)} for p in (1, 9)}
    _, steps = walk(stack_of_planes(image), seeds)
    told = [step.plane for step in steps if step.masks]
    assert len(told) == len(set(told))


def test_blank_planes_on_which_both_walks_disagree_are_told_once() -> None:
    y, x = np.mgrid[:96, :96]
    rim, core = ((y - 48) ** 2 + (x - 48) ** 2 < r**2 for r in (15, 11))
    image = np.repeat((textured(rim) // 2 + 110 * core + 40 * rim)[None], 9, axis=0)
    image[3:6] = 0
    stack = stack_of_planes(image.astype(np.uint8))
    seeds = {
        z: {1: Mask((z,), (0, 0, 96, 96), pixels, 0.9, 5.0).tight()}
        for z, pixels in ((1, rim), (7, core))
    }
    steps = list(propagate(lambda down: ByThreshold(stack, 180 if down else 100), stack, seeds))
    assert [s.plane[0] for s in steps if s.masks].count(4) == 1


def test_bridging_one_object_loses_no_plane_of_another() -> None:
    truth = np.zeros((9, 60, 120), np.uint8)
    y, x = np.mgrid[:60, :120]
    truth[:, (y - 30) ** 2 + (x - 25) ** 2 < 100] = 1
    truth[:, (y - 30) ** 2 + (x - 90) ** 2 < 100] = 2
    truth[5:8, :, :60] = 0  # 1 is not there on these
    image = textured(truth)
    image[4, :, 60:] = 0  # and 2 is not to be seen on this
    seeds = {z: {i: seed_of(truth, z, i) for i in (1, 2)} for z in (0, 8)}
    both, _ = walk(stack_of_planes(image), seeds)
    alone, _ = walk(stack_of_planes(image), {z: {1: own[1]} for z, own in seeds.items()})
    assert sorted(alone[1]) == [0, 1, 2, 3, 4, 8]
    assert sorted(both[1]) == sorted(alone[1])


def test_a_known_mask_keeps_its_pixels() -> None:
    _, y, x = np.mgrid[:9, :96, :96]
    truth = (y - 48) ** 2 + (x - 48) ** 2 < 100
    known = Mask((4,), (0, 0, 96, 96), truth[4] & (x[4] >= 48), 0.9, 5.0).tight()
    found, _ = walk(stack_of_planes(textured(truth)), {1: {1: seed_of(truth, 1, 1)}, 4: {2: known}})
    np.testing.assert_array_equal(found[2][4], full(known))


def test_objects_of_both_walks_share_the_pixels() -> None:
    z, y, x = np.mgrid[:9, :96, :96]
    truth = (y - 48) ** 2 + (x - 48) ** 2 < 100
    seeds = {
        p: {i: Mask((p,), (0, 0, 96, 96), truth[p] & half[p], 0.9, 5.0).tight()}
        for p, i, half in ((1, 1, x < 48), (7, 2, x >= 48))
    }
    found, _ = walk(stack_of_planes(textured(truth)), seeds)
    for z in found[1].keys() & found[2].keys():
        assert not (found[1][z] & found[2][z]).any()


def test_walks_that_see_different_objects_leave_no_silent_gap() -> None:
    truth = np.zeros((9, 96, 96), np.uint8)
    y, x = np.mgrid[:96, :96]
    truth[:, (y - 48) ** 2 + (x - 25) ** 2 < 100] = 1
    truth[:, (y - 48) ** 2 + (x - 70) ** 2 < 100] = 2
    seeds = {0: {1: seed_of(truth, 0, 1)}, 8: {1: seed_of(truth, 8, 2)}}
    _, steps = walk(stack_of_planes(textured(truth)), seeds)
    assert {s.plane[0] for s in steps if s.disagreement.get(1) == 1} == set(range(1, 8))
