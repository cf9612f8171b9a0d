"""Objects are followed from plane to plane: what is found, where it ends, and what it costs."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import zarr
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter
from skimage.measure import label as connected_components

from napari_sam import Session
from napari_sam.errors import LabelError, PromptError
from napari_sam.image.volume import Volume
from napari_sam.labels.edit_history import EditHistory
from napari_sam.labels.paint import OverlapPolicy, paint
from napari_sam.masks.mask import Mask
from napari_sam.masks.pixels.contested import share_pixels
from napari_sam.model.config import MemoryConfig
from napari_sam.model.sam import Sam
from napari_sam.model.track import PlanePrompt, track
from napari_sam.propagation.between import blend, join
from napari_sam.propagation.ending import Ending, judge, overlap
from napari_sam.propagation.flow import carry
from napari_sam.propagation.history import History
from napari_sam.propagation.line import line_through
from napari_sam.propagation.propagate import PropagationStep, propagate
from napari_sam.propagation.reconcile import reconcile
from napari_sam.propagation.stack import Stack
from tests.tiny import tiny_sam


def disc(y: float, x: float, radius: float, plane: tuple[int, ...] = (0,), size: int = 96) -> Mask:
    rows, cols = np.mgrid[:size, :size]
    pixels = (rows - y) ** 2 + (cols - x) ** 2 < radius**2
    return Mask(plane, (0, 0, size, size), pixels, 0.9, 5.0).tight()


def full(mask: Mask, shape: tuple[int, int] = (96, 96)) -> np.ndarray:
    canvas = np.zeros(shape, bool)
    y0, x0, y1, x1 = mask.bbox
    canvas[y0:y1, x0:x1] = mask.pixels
    return canvas


# --- the parts -------------------------------------------------------------------------------


def moving_texture() -> Volume:
    """The same texture on three planes, moved by (3, -2) from each to the next."""
    texture = np.random.default_rng(0).normal(size=(160, 160))
    smooth = np.stack([np.roll(texture, (i, j), (0, 1)) for i in range(5) for j in range(5)])
    one = smooth.mean(axis=0)
    planes = [one[40 - 3 * z : 136 - 3 * z, 40 + 2 * z : 136 + 2 * z] for z in range(3)]
    return Volume.from_array(np.stack(planes).astype(np.float32), axes="ZYX")


def test_a_mask_is_carried_as_the_image_moves() -> None:
    carried = carry(disc(40, 50, 12), (0, 0), moving_texture(), (1,))
    assert carried.plane == (1,)
    assert overlap(carried, disc(43, 48, 12)) > 0.9


def test_where_nothing_moves_a_mask_stays_exactly() -> None:
    image = moving_texture().data[0]
    volume = Volume.from_array(np.stack([image, image, np.zeros_like(image)]), axes="ZYX")
    mask = disc(40, 50, 12)
    np.testing.assert_array_equal(full(carry(mask, (0, 0), volume, (1,))), full(mask))
    blank = Volume.from_array(np.zeros((2, 96, 96), np.uint8), axes="ZYX")
    np.testing.assert_array_equal(full(carry(mask, (0, 0), blank, (1,))), full(mask))


def test_an_object_leaves_the_image_bit_by_bit() -> None:
    blank = Volume.from_array(np.zeros((2, 96, 96), np.uint8), axes="ZYX")
    half = carry(disc(48, 48, 10), (0, -48), blank, (1,))
    np.testing.assert_array_equal(full(half), full(disc(48, 0, 10)))
    assert carry(disc(48, 48, 10), (0, -70), blank, (1,)).empty


def test_holes_in_the_data_and_tiny_and_large_images_are_carried_over() -> None:
    broken = np.full((2, 96, 96), np.nan, np.float32)
    broken[:, 20:60, 20:60] = moving_texture().data[0, 20:60, 20:60]
    broken[1, 30, 30] = np.inf
    volume = Volume.from_array(broken, axes="ZYX")
    assert overlap(carry(disc(40, 40, 9), (0, 0), volume, (1,)), disc(40, 40, 9)) > 0.7
    tiny = Volume.from_array(np.arange(2 * 64).reshape(2, 8, 8).astype(np.uint8), axes="ZYX")
    assert carry(disc(4, 4, 3, size=8), (0, 0), tiny, (1,)).area > 0
    noise = np.random.default_rng(0).integers(0, 255, (1, 700, 700), dtype=np.uint8)
    large = Volume.from_array(np.concatenate([noise, noise]), axes="ZYX")
    wide = disc(350, 350, 300, size=700)
    assert overlap(carry(wide, (0, 0), large, (1,)), wide) > 0.98


def test_a_shift_is_believed_as_far_as_it_is_steady() -> None:
    steady = History.begin(0, disc(30, 30, 8))
    assert steady.shift(1) == (0, 0)
    for z in (1, 2, 3):
        steady = steady.then(z, disc(30 + 4 * z, 30 - 2 * z, 8))
    assert steady.shift(4) == (4, -2)
    assert steady.shift(5) == (8, -4)
    shaken = History.begin(0, disc(30, 30, 8))
    for z, y in enumerate((36, 30, 37, 29), start=1):
        shaken = shaken.then(z, disc(y, 30, 8))
    assert shaken.shift(5) == (0, 0)


def test_a_leak_is_not_followed_and_a_little_growth_is() -> None:
    carried = disc(48, 48, 12)
    leak = Mask((0,), (0, 0, 96, 96), full(carried) | (np.mgrid[:96, :96][0] > 52), 0.9, 5.0)
    kept = reconcile(carried, leak, 0.4)
    assert overlap(kept, carried) > 0.8
    grown = reconcile(carried, disc(48, 48, 15), 0.4)
    assert carried.area < grown.area < disc(48, 48, 15).area
    for trust, expected in ((0.0, carried), (1.0, leak)):
        np.testing.assert_array_equal(full(reconcile(carried, leak, trust)), full(expected))


def test_halfway_between_two_discs_is_a_disc_of_mean_radius() -> None:
    small, large = disc(48, 48, 6, (0,)), disc(48, 48, 12, (2,))
    middle = blend(small, large, 0.5, (1,))
    assert middle.plane == (1,)
    assert overlap(middle, disc(48, 48, 9)) > 0.95
    np.testing.assert_array_equal(full(blend(small, large, 0.0, (0,))), full(small))
    np.testing.assert_array_equal(full(blend(small, large, 1.0, (2,))), full(large))


@settings(deadline=None, max_examples=50)
@given(
    st.lists(
        st.tuples(st.integers(10, 50), st.integers(10, 50), st.integers(2, 14)),
        min_size=1,
        max_size=5,
    )
)
def test_no_pixel_has_two_owners_and_none_is_lost(discs: list[tuple[int, int, int]]) -> None:
    found = {i: disc(y, x, r, size=64) for i, (y, x, r) in enumerate(discs)}
    expected = {i: disc(y + 2, x - 1, r, size=64) for i, (y, x, r) in enumerate(discs)}
    shared = share_pixels(found, expected)
    canvases = {i: full(mask, (64, 64)) for i, mask in shared.items()}
    before = {i: full(mask, (64, 64)) for i, mask in found.items()}
    assert np.sum(list(canvases.values()), axis=0).max() <= 1
    np.testing.assert_array_equal(
        np.any(list(canvases.values()), axis=0), np.any(list(before.values()), axis=0)
    )
    assert all((canvases[i] <= before[i]).all() for i in found)


@settings(deadline=None, max_examples=50)
@given(
    st.lists(
        st.one_of(
            st.just("undo"),
            st.just("redo"),
            st.lists(
                st.tuples(st.integers(0, 1), st.integers(0, 5), st.integers(1, 4)), max_size=3
            ),
        ),
        max_size=12,
    )
)
def test_history_equals_copies_of_the_labels(
    actions: list[str | list[tuple[int, int, int]]],
) -> None:
    labels, history = np.zeros((2, 8, 8), np.uint32), EditHistory()
    past, future = [labels.copy()], []
    for action in actions:
        if action == "undo":
            history.undo(labels)
            if len(past) > 1:
                future.append(past.pop())
        elif action == "redo":
            history.redo(labels)
            if future:
                past.append(future.pop())
        else:
            step = history.begin()
            future.clear()
            changed = False
            for plane, start, number in action:
                square = np.ones((3, 3), bool)
                mask = Mask((plane,), (start, start, start + 3, start + 3), square, 1, 1)
                edit = paint(mask, labels, number, OverlapPolicy.REPLACE)
                edit.apply(labels)
                step.add(edit)
                changed |= not edit.empty
            if changed:
                past.append(labels.copy())
        np.testing.assert_array_equal(labels, past[-1])


def test_a_large_object_is_carried_as_the_image_moves() -> None:
    """Its region is shrunk before the flow is estimated."""
    texture = gaussian_filter(np.random.default_rng(0).normal(size=(640, 640)), 4)
    planes = np.stack([texture[20:620, 20:620], texture[12:612, 27:627]]).astype(np.float32)
    unmoved, moved = disc(300, 300, 240, size=600), disc(308, 293, 240, size=600)
    carried = carry(unmoved, (0, 0), Volume.from_array(planes, axes="ZYX"), (1,))
    assert overlap(carried, moved) > 0.985
    assert overlap(unmoved, moved) < 0.95


def test_a_shift_brings_a_mask_where_flow_alone_would_not() -> None:
    texture = gaussian_filter(np.random.default_rng(0).normal(size=(160, 160)), 1.5)
    planes = np.stack([texture[40:136, 30:126], texture[15:111, 50:146]]).astype(np.float32)
    volume = Volume.from_array(planes, axes="ZYX")
    true = disc(65, 35, 12)
    assert overlap(carry(disc(40, 55, 12), (25, -20), volume, (1,)), true) > 0.95
    assert overlap(carry(disc(40, 55, 12), (0, 0), volume, (1,)), true) < 0.5


@settings(deadline=None, max_examples=60)
@given(
    st.integers(0, 29),
    st.integers(0, 23),
    st.integers(1, 9),
    st.integers(-40, 40),
    st.integers(-40, 40),
)
def test_what_is_carried_lies_in_the_image(y: int, x: int, radius: int, dy: int, dx: int) -> None:
    noise = np.random.default_rng(0).random((2, 30, 24), np.float32)
    pixels = full(disc(y, x, radius, size=30), (30, 30))[:, :24]
    mask = Mask((0,), (0, 0, 30, 24), pixels, 0.9, 5.0).tight()
    carried = carry(mask, (dy, dx), Volume.from_array(noise, axes="ZYX"), (1,))
    y0, x0, y1, x1 = carried.bbox
    if not carried.empty:
        assert 0 <= y0 < y1 <= 30
        assert 0 <= x0 < x1 <= 24
        assert carried.bbox == carried.tight().bbox
    my0, mx0, my1, mx1 = mask.bbox
    if my1 + dy <= 0 or mx1 + dx <= 0 or my0 + dy >= 30 or mx0 + dx >= 24:
        assert carried.empty


def test_in_an_image_too_small_for_flow_a_mask_stays() -> None:
    tiny = np.random.default_rng(0).random((2, 8, 8), np.float32)
    mask = disc(4, 4, 3, size=8)
    carried = carry(mask, (0, 0), Volume.from_array(tiny, axes="ZYX"), (1,))
    np.testing.assert_array_equal(full(carried, (8, 8)), full(mask, (8, 8)))


def test_a_shift_points_along_the_walk_also_on_the_way_down() -> None:
    history = History.begin(9, disc(30, 30, 8))
    for z, y in ((8, 33), (6, 39)):  # one plane was passed over
        history = history.then(z, disc(y, 30, 8))
    assert history.shift(5) == (3, 0)
    assert history.shift(4) == (6, 0)


def test_usual_is_the_median_of_the_last_five_planes() -> None:
    history = History.begin(0, disc(48, 48, 30))
    assert history.usual_area == disc(48, 48, 30).area
    for z, radius in enumerate((5, 9, 7, 6, 8), start=1):
        seen = disc(48, 48, radius)
        history = history.then(z, Mask(seen.plane, seen.bbox, seen.pixels, radius / 10, 5.0))
    assert history.usual_area == disc(48, 48, 7).area
    assert history.usual_iou == 0.7


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        (disc(48, 50, 11), None),
        (disc(48, 48, 1.2), None),
        (disc(48, 48, 30), Ending.AREA),
        (disc(48, 48, 5), Ending.AREA),
        (disc(48, 66, 10), Ending.MOVED),
        (replace(disc(48, 48, 10), iou=0.5), Ending.UNSURE),
        (replace(disc(48, 48, 10), object_score=-0.1), Ending.NOT_SEEN),
        (disc(48, 48, 0.5), Ending.NOT_SEEN),
    ],
)
def test_each_sign_that_an_object_has_ended_has_its_name(
    found: Mask, reason: Ending | None
) -> None:
    expected = disc(48, 48, 1.2 if found.area == 5 else 10)
    assert judge(History.begin(0, expected), expected, found) is reason


@settings(deadline=None, max_examples=50)
@given(
    st.lists(
        st.tuples(st.integers(10, 50), st.integers(10, 50), st.integers(1, 14)),
        min_size=1,
        max_size=4,
    ),
    st.floats(0, 1),
)
def test_where_the_model_sees_what_is_expected_nothing_changes(
    discs: list[tuple[int, int, int]], trust: float
) -> None:
    pixels = np.any([full(disc(*one, size=64), (64, 64)) for one in discs], axis=0)
    mask = Mask((0,), (0, 0, 64, 64), pixels, 0.9, 5.0).tight()
    np.testing.assert_array_equal(full(reconcile(mask, mask, trust), (64, 64)), pixels)


def test_a_neighbour_that_the_model_takes_along_is_left_out_whole() -> None:
    carried, neighbour = disc(30, 30, 12), disc(66, 66, 14)
    both = Mask((0,), (0, 0, 96, 96), full(carried) | full(neighbour), 0.7, 3.0)
    kept = reconcile(carried, both, 0.4)
    np.testing.assert_array_equal(full(kept), full(carried))
    assert (kept.iou, kept.object_score) == (0.7, 3.0)


def test_of_two_walks_the_nearer_and_the_surer_one_counts_more() -> None:
    up, down = disc(48, 48, 6, (3,)), disc(48, 48, 14, (3,))
    np.testing.assert_array_equal(full(join(up, down, 0.0)), full(up))
    np.testing.assert_array_equal(full(join(up, down, 1.0)), full(down))
    for share, radius in ((0.25, 8), (0.5, 10), (0.75, 12)):
        joined = join(up, down, share)
        assert joined.plane == (3,)
        assert overlap(joined, disc(48, 48, radius)) > 0.95
    sure = join(up, replace(down, iou=0.3), 0.5)  # 0.9 to 0.3
    assert overlap(sure, disc(48, 48, 8)) > 0.95


def test_a_pixel_of_two_goes_to_the_one_it_was_nearer_to() -> None:
    wide = Mask((0,), (10, 5, 30, 55), np.ones((20, 50), bool), 0.9, 5.0)
    expected = {1: disc(20, 15, 6), 2: disc(20, 40, 11)}
    shared = {i: full(m) for i, m in share_pixels({1: wide, 2: wide}, expected).items()}
    np.testing.assert_array_equal(shared[1] | shared[2], full(wide))
    assert not (shared[1] & shared[2]).any()
    # the discs end at 20 and at 30: on the row of their centres halfway is at 25
    assert np.flatnonzero(shared[1][20]).tolist() == list(range(5, 26))
    assert np.flatnonzero(shared[2][20]).tolist() == list(range(26, 55))
    assert all((shared[i] >= (full(mask) & full(wide))).all() for i, mask in expected.items())


# --- walks, with a follower that sees what is bright -----------------------------------------


class ByThreshold:
    """Finds the bright component that has most in common with where an object should be."""

    trust = 1.0

    def __init__(self, stack: Stack, threshold: int = 100) -> None:
        self.stack, self.threshold = stack, threshold

    def show(self, position: int, masks: Mapping[int, Mask]) -> None:
        pass

    def prepare(self, position: int, masks: Mapping[int, Mask]) -> None:
        pass

    def follow(self, position: int, expected: Mapping[int, Mask]) -> dict[int, Mask]:
        plane = self.stack.line.at(position)
        bright = self.stack.volume.read(plane, 0, 0, *self.stack.shape)[..., 0] > self.threshold
        parts = connected_components(bright)
        return {i: self._best(parts, mask, plane) for i, mask in expected.items()}

    def _best(self, parts: np.ndarray, mask: Mask, plane: tuple[int, ...]) -> Mask:
        counts = np.bincount(parts[full(mask, parts.shape)], minlength=2)
        counts[0] = 0
        seen = parts == counts.argmax() if counts.any() else np.zeros(parts.shape, bool)
        return Mask(plane, (0, 0, *parts.shape), seen, 0.9, 5.0).tight()


def textured(truth: np.ndarray, seed: int = 0) -> np.ndarray:
    noise = np.random.default_rng(seed).integers(0, 60, truth.shape)
    return (noise + 150 * (truth > 0)).astype(np.uint8)


def tubes() -> np.ndarray:
    """Labels: 1 on planes 2 to 8 of 12, getting thinner; 2 on all planes."""
    z, y, x = np.mgrid[:12, :96, :96]
    truth = np.zeros(z.shape, np.uint8)
    truth[((y - 30) ** 2 + (x - 30) ** 2 < (12 - abs(z - 5)) ** 2) & (z >= 2) & (z <= 8)] = 1
    truth[(y - 60) ** 2 + (x - 50 - z) ** 2 < 100] = 2
    return truth


def stack_of_planes(image: np.ndarray, step: int = 1, **limits: int) -> Stack:
    volume = Volume.from_array(image, axes="ZYX")
    line = line_through(volume, "z", (0,))
    return Stack(volume, line, limits.get("first", 0), limits.get("last", line.size - 1), step)


def walk(
    stack: Stack, seeds: Mapping[int, Mapping[int, Mask]], **options: object
) -> tuple[dict[int, dict[int, np.ndarray]], list[PropagationStep]]:
    """Masks by object and plane, as whoever takes the last word of each plane sees them."""
    steps = list(propagate(lambda down: ByThreshold(stack), stack, seeds, **options))  # type: ignore[arg-type]
    found: dict[int, dict[int, np.ndarray]] = {}
    for step in steps:
        for i, mask in step.masks.items():
            found.setdefault(i, {})[step.plane[0]] = full(mask, stack.shape)
    return found, steps


def seed_of(truth: np.ndarray, z: int, label: int) -> Mask:
    return Mask((z,), (0, 0, *truth.shape[1:]), truth[z] == label, 0.9, 5.0).tight()


def assert_equals(found: Mapping[int, np.ndarray], truth: np.ndarray, label: int) -> None:
    present = np.flatnonzero((truth == label).any(axis=(1, 2))).tolist()
    assert sorted(found) == present
    for z, pixels in found.items():
        np.testing.assert_array_equal(pixels, truth[z] == label)


def ends(steps: list[PropagationStep], label: int) -> dict[int, Ending]:
    return {step.plane[0]: step.ended[label] for step in steps if label in step.ended}


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


# --- through a session -----------------------------------------------------------------------


def balls() -> np.ndarray:
    """Labels of two balls in 12 slices."""
    z, y, x = np.mgrid[:12, :96, :96]
    truth = np.zeros(z.shape, np.uint8)
    for label, (cz, cy, cx) in enumerate([(6, 32, 32), (5, 62, 66)], start=1):
        distance = ((z - cz) / 4.5) ** 2 + ((y - cy) / 15) ** 2 + ((x - cx) / 15) ** 2
        truth[distance < 1] = label
    return truth


@pytest.fixture
def session() -> Session:
    volume = Volume.from_array(textured(balls()), axes="ZYX", scale=(3, 1, 1))
    return Session.open(volume, model="cells-tiny", cache_dir=False)


def test_a_nucleus_is_painted_plane_by_plane_and_undone_at_once(session: Session) -> None:
    truth = balls()
    seed = session.predict(points=[(6, 32, 32)])
    session.commit(disc(80, 10, 4, (3,)), label=9)
    before = np.array(session.labels)
    painted: list[set[int]] = []
    for step in session.propagate(seed):
        painted.append({int(z) for z in np.nonzero(session.labels == 10)[0]})
        assert step.plane[0] in painted[-1] or not step.masks
    assert [len(planes) for planes in painted] == sorted(len(planes) for planes in painted)
    after = np.array(session.labels)
    mine = after == 10
    assert (mine & (truth == 1)).sum() / (mine | (truth == 1)).sum() > 0.75
    assert len(session.undo()) == len(painted[-1])
    np.testing.assert_array_equal(session.labels, before)
    session.redo()
    np.testing.assert_array_equal(session.labels, after)


def test_what_is_done_when_it_is_stopped_stays_and_is_one_step(session: Session) -> None:
    steps = session.propagate(session.predict(points=[(6, 32, 32)]))
    for _ in range(3):
        next(steps)
    steps.close()  # type: ignore[attr-defined]
    assert np.unique(np.nonzero(session.labels)[0]).tolist() == [6, 7, 8]
    session.undo()
    assert not np.any(session.labels)


def test_several_objects_keep_their_labels_and_never_overlap(session: Session) -> None:
    truth = balls()
    seeds = {7: seed_of(truth, 6, 1), 3: [seed_of(truth, 4, 2), seed_of(truth, 7, 2)]}
    last: dict[int, PropagationStep] = {step.plane[0]: step for step in session.propagate(seeds)}
    assert sorted(last) == list(range(min(last), max(last) + 1))
    assert set(np.unique(session.labels)) == {0, 3, 7}
    for label, number in ((7, 1), (3, 2)):
        mine, true = np.asarray(session.labels) == label, truth == number
        assert (mine & true).sum() / (mine | true).sum() > 0.75
    np.testing.assert_array_equal(np.asarray(session.labels)[4] == 3, truth[4] == 2)


def test_without_commit_labels_stay(session: Session) -> None:
    steps = list(session.propagate(seed_of(balls(), 6, 1), commit=False))
    assert sum(bool(step.masks) for step in steps) >= 7
    assert not np.any(session.labels)
    assert session.undo() == ()


def test_stacks_in_time_are_followed_in_z_or_in_t(tiny_model: Sam) -> None:
    movie = np.stack([textured(balls())[4:8]] * 3)
    session = Session.open(Volume.from_array(movie, axes="TZYX"), model=tiny_model, cache_dir=False)
    seed = Mask((1, 2), (20, 20, 44, 44), np.ones((24, 24), bool), 0.9, 5.0)
    assert {s.plane[0] for s in session.propagate(seed, commit=False)} == {1}
    assert {s.plane[1] for s in session.propagate(seed, "t", commit=False)} == {2}


def test_all_slices_of_a_cell_are_followed_through_time() -> None:
    movie = np.stack([np.roll(textured(balls(), t)[4:7], (2 * t, -t), (1, 2)) for t in range(4)])
    truth = np.stack([np.roll(balls()[4:7], (2 * t, -t), (1, 2)) for t in range(4)])
    volume = Volume.from_array(movie, axes="TZYX")
    session = Session.open(volume, model="cells-tiny", cache_dir=False)
    seeds = [Mask((1, z), (0, 0, 96, 96), truth[1, z] == 1, 0.9, 5.0).tight() for z in range(3)]
    steps = list(session.propagate({5: seeds}, "t"))
    assert [step.done for step in steps] == sorted(step.done for step in steps)
    assert steps[-1].done == steps[-1].total == 15
    mine, true = np.asarray(session.labels) == 5, truth == 1
    assert (mine & true).sum() / (mine | true).sum() > 0.8
    assert mine.any(axis=(2, 3)).all()
    assert len(session.undo()) == 12


def test_many_tiles_and_labels_on_disk(tiny_model: Sam, tmp_path: Path) -> None:
    image = zarr.create_array(
        tmp_path / "stack.zarr", shape=(9, 10_000, 10_000), chunks=(1, 512, 512), dtype="uint8"
    )
    y, x = np.mgrid[:128, :128]
    for z in range(2, 6):
        noise = np.random.default_rng(z).integers(0, 50, y.shape)
        image[z, 6000:6128, 6000:6128] = noise + 150 * ((y - 64) ** 2 + (x - 64) ** 2 < 900)
    session = Session.open(image, model=tiny_model, axes="ZYX", contrast=(0, 200), cache_dir=False)
    assert isinstance(session.labels, zarr.Array)
    pixels = (y - 64) ** 2 + (x - 64) ** 2 < 900
    seed = Mask((3,), (6000, 6000, 6128, 6128), pixels, 0.9, 5.0).tight()
    planes = {step.plane[0] for step in session.propagate(seed) if step.masks}
    assert session.encoder.calls <= 2 * 9
    assert session.encoder.calls < 0.02 * len(session.tiles())
    assert planes
    for z in planes:
        assert session.labels[z, 5900:6300, 5900:6300].any()
    session.undo()
    assert not any(session.labels[z, 5900:6300, 5900:6300].any() for z in range(9))


def bad_seeds() -> Iterator[tuple[str, dict[str, object], str]]:
    seed = seed_of(balls(), 6, 1)
    empty = Mask((6,), (5, 5, 5, 5), np.zeros((0, 0), bool), 0.9, 5.0)
    outside = Mask((6,), (90, 90, 99, 99), np.ones((9, 9), bool), 0.9, 5.0)
    yield "empty", {"masks": empty}, "empty|nothing"
    yield "none", {"masks": {}}, "click on one first"
    yield "outside", {"masks": outside}, "outside"
    yield "plane", {"masks": Mask((12,), seed.bbox, seed.pixels, 0.9, 5.0)}, "plane|outside"
    yield "twice", {"masks": [seed, seed]}, "two masks on plane"
    yield "axis", {"masks": seed, "axis": "t"}, "no axis T.*Z"
    yield "within", {"masks": seed, "within": (0, 3)}, "known on plane 6"


@pytest.mark.parametrize(("arguments", "words"), [case[1:] for case in bad_seeds()])
def test_what_cannot_be_followed_is_refused_at_once(
    tiny_model: Sam, arguments: dict[str, object], words: str
) -> None:
    session = Session.open(textured(balls()), model=tiny_model, axes="ZYX", cache_dir=False)
    with pytest.raises(PromptError, match=f"(?i){words}") as caught:
        session.propagate(**arguments)  # type: ignore[arg-type]
    assert "\n" not in str(caught.value)


def test_there_must_be_somewhere_to_go(tiny_model: Sam) -> None:
    flat = Session.open(np.zeros((40, 40), np.uint8), model=tiny_model, cache_dir=False)
    with pytest.raises(PromptError, match="single plane"):
        flat.propagate(disc(20, 20, 5, (), 40))
    thin = Session.open(
        np.zeros((1, 40, 40), np.uint8), model=tiny_model, axes="ZYX", cache_dir=False
    )
    with pytest.raises(PromptError, match="one plane along Z"):
        thin.propagate(disc(20, 20, 5, (0,), 40))


def painted(steps: list[PropagationStep], shape: tuple[int, ...]) -> np.ndarray:
    """Labels that hold what the steps brought, the first one where two do."""
    labels = np.zeros(shape, np.uint32)
    for step in steps:
        for label, mask in step.masks.items():
            plane = labels[step.plane]
            plane[full(mask, plane.shape) & (plane == 0)] = label
    return labels


def test_labels_are_what_the_steps_brought_at_every_time(session: Session) -> None:
    seeds = {4: seed_of(balls(), 6, 1), 2: seed_of(balls(), 5, 2)}
    seen: list[PropagationStep] = []
    for step in session.propagate(seeds):
        seen.append(step)
        np.testing.assert_array_equal(session.labels, painted(seen, balls().shape))
    assert {i for step in seen for i in step.masks} == {2, 4}
    assert sum(len(step.masks) for step in seen) > 12
    after = np.array(session.labels)
    session.undo()
    assert not np.any(session.labels)
    session.redo()
    np.testing.assert_array_equal(session.labels, after)


def test_several_masks_of_one_object_get_one_free_label(session: Session) -> None:
    truth = balls()
    session.commit(disc(80, 10, 4, (3,)), label=4)
    known = [seed_of(truth, 3, 2), seed_of(truth, 7, 2)]
    steps = list(session.propagate(known, within=(7, 2)))
    assert {i for step in steps for i in step.masks} == {5}
    mine = np.asarray(session.labels) == 5
    assert np.unique(np.nonzero(mine)[0]).tolist() == [2, 3, 4, 5, 6, 7]
    for z in (3, 7):
        np.testing.assert_array_equal(mine[z], truth[z] == 2)
    unsure = {s.plane[0]: s.disagreement[5] for s in steps if 5 in s.disagreement}
    assert {4, 5, 6} <= set(unsure)
    assert all(0 <= value <= 1 for value in unsure.values())


@pytest.mark.parametrize("policy", OverlapPolicy)
def test_pixels_of_others_are_kept_or_taken_as_the_policy_says(
    session: Session, policy: OverlapPolicy
) -> None:
    other = Mask((7,), (20, 32, 50, 60), np.ones((30, 28), bool), 0.9, 5.0)
    session.commit(other, label=3)
    before = np.array(session.labels)
    steps = list(session.propagate({8: seed_of(balls(), 6, 1)}, policy=policy))
    (mask,) = (step.masks[8] for step in steps if step.plane == (7,) and step.masks)
    mine, theirs = full(mask), full(other)
    assert (mine & theirs).any()
    assert (mine & theirs).sum() > 0.25 * mine.sum()  # so that only background lets none in
    nowhere = np.zeros_like(mine)
    kept, painted = {
        OverlapPolicy.KEEP_EXISTING: (theirs, mine & ~theirs),
        OverlapPolicy.REPLACE: (theirs & ~mine, mine),
        OverlapPolicy.ONLY_BACKGROUND: (theirs, nowhere),
    }[policy]
    labels = np.array(session.labels)
    np.testing.assert_array_equal(labels[7] == 3, kept)
    np.testing.assert_array_equal(labels[7] == 8, painted)
    session.undo()
    np.testing.assert_array_equal(session.labels, before)


def test_what_is_committed_meanwhile_is_a_step_of_its_own(session: Session) -> None:
    steps = session.propagate({8: seed_of(balls(), 6, 1)})
    next(steps)
    session.commit(disc(80, 10, 4, (3,)), label=3)
    list(steps)
    alone = np.asarray(session.labels) == 8
    assert len(session.undo()) == 1
    np.testing.assert_array_equal(np.asarray(session.labels) == 8, alone)
    assert np.unique(session.labels).tolist() == [0, 8]
    session.undo()
    assert not np.any(session.labels)


def test_steps_that_nobody_asks_for_cost_nothing(session: Session) -> None:
    session.commit(disc(80, 10, 4, (3,)), label=3)
    session.propagate(seed_of(balls(), 6, 1))
    assert session.encoder.calls == 0
    assert len(session.undo()) == 1
    assert len(session.redo()) == 1


def test_planes_half_as_far_apart_as_pixels_are_encoded_by_twos() -> None:
    z, y, x = np.mgrid[:25, :96, :96]
    truth = ((z - 12) / 9.5) ** 2 + ((y - 48) / 15) ** 2 + ((x - 48) / 15) ** 2 < 1
    volume = Volume.from_array(textured(truth), axes="ZYX", scale=(0.5, 1, 1))
    session = Session.open(volume, model="cells-tiny", cache_dir=False)
    for step in session.propagate(seed_of(truth, 12, 1)):
        assert step.done <= step.total
    mine = np.asarray(session.labels) == 1
    assert (mine & truth).sum() / (mine | truth).sum() > 0.75
    planes = np.unique(np.nonzero(mine)[0])
    assert planes.tolist() == list(range(planes[0], planes[-1] + 1))
    assert session.encoder.calls <= 13


def test_planes_of_unlike_units_are_not_compared() -> None:
    volume = Volume.from_array(
        np.zeros((4, 20, 20), np.uint8), scale=(0.1, 1, 1), units=("second", *("micrometer",) * 2)
    )
    assert line_through(volume, "z", (0,)).spacing == 1


def test_a_movie_is_followed_in_time() -> None:
    movie = Volume.from_array(textured(balls())[3:8], axes="TYX")
    session = Session.open(movie, model="cells-tiny", cache_dir=False)
    seed = replace(seed_of(balls(), 5, 1), plane=(2,))
    steps = list(session.propagate(seed))
    assert [step.plane[0] for step in steps] == [2, 3, 4, 2, 1, 0]
    assert steps[-1].done == steps[-1].total == 6
    mine = np.asarray(session.labels) == 1
    np.testing.assert_array_equal(mine[2], balls()[5] == 1)
    assert mine.any(axis=(1, 2)).all()


def test_labels_of_ones_own_on_disk_are_painted(session: Session, tmp_path: Path) -> None:
    stored = zarr.create_array(
        tmp_path / "labels.zarr", shape=balls().shape, chunks=(2, 40, 40), dtype="uint16"
    )
    stored[6, 5:9, 5:9] = 7
    session.labels = stored
    steps = list(session.propagate(seed_of(balls(), 6, 1)))
    reopened = zarr.open_array(tmp_path / "labels.zarr", mode="r")
    expected = painted(steps, balls().shape)
    expected[6, 5:9, 5:9] = 7
    assert np.unique(expected).tolist() == [0, 7, 8]
    np.testing.assert_array_equal(reopened[:], expected)
    session.undo()
    assert np.unique(reopened[:]).tolist() == [0, 7]
    session.redo()
    np.testing.assert_array_equal(reopened[:], expected)


def test_daughters_are_born_after_their_mother(session: Session) -> None:
    seeds = {1: seed_of(balls(), 5, 1), 5: seed_of(balls(), 5, 2)}
    with pytest.raises(PromptError, match="daughter of 1") as caught:
        session.propagate(seeds, parents={5: 1})
    assert "\n" not in str(caught.value)
    assert session.book.parents == {}
    later = {1: seeds[1], 5: [seed_of(balls(), z, 2) for z in (7, 8)]}
    steps = list(session.propagate(later, parents={5: 1}))
    assert session.book.parents == {5: 1}
    assert max(step.plane[0] for step in steps if 1 in step.masks) == 6
    assert min(step.plane[0] for step in steps if 5 in step.masks) == 7
    assert ends(steps, 1)[7] is ends(steps, 5)[6] is Ending.DIVIDED


# --- with a model that remembers -------------------------------------------------------------


@pytest.fixture
def rememberer() -> Sam:
    """A random model with memory that sees an object everywhere."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        memory = MemoryConfig(dim=8, layers=1)
        model = tiny_sam(memory=memory, proposal_boxes=False).eval()
        for parameter in model.parameters():
            torch.nn.init.normal_(parameter, std=0.2)
    assert model.mask_decoder.object_score_head is not None
    torch.nn.init.constant_(model.mask_decoder.object_score_head.output.bias, 1e4)
    return model


def test_labels_are_what_the_memory_of_a_model_finds_in_both_directions(rememberer: Sam) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (5, 64, 64), dtype=np.uint8)
    session = Session.open(noise, model=rememberer, axes="ZYX", cache_dir=False)
    seed = Mask((2,), (10, 10, 50, 50), np.ones((40, 40), bool), 0.9, 5.0)
    steps = list(session.propagate(seed))
    assert [step.plane[0] for step in steps] == [2, 3, 4, 2, 1, 0]
    assert not any(step.ended for step in steps)
    features = [session.encoder.get(session.grid.tile((z,), 0, 0)).features for z in range(5)]
    shown = torch.from_numpy(full(seed, (64, 64))).float()[None, None]
    for down in (False, True):
        prompts = {2: PlanePrompt(masks=shown)}
        with torch.inference_mode():
            _, *seen = track(rememberer, features, prompts, start=2, reverse=down)
        assert len(seen) == 2
        for plane in seen:
            logits = torch.nn.functional.interpolate(
                plane.low_res_logits, (64, 64), mode="bilinear", align_corners=False
            )
            expected = (logits[0, 0] > rememberer.policy.mask_threshold).numpy()
            assert 0 < expected.sum() < expected.size
            np.testing.assert_array_equal(np.asarray(session.labels)[plane.plane] == 1, expected)


# --- what must not come back -----------------------------------------------------------------


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


def test_what_is_painted_after_an_undo_can_be_undone(session: Session) -> None:
    steps = session.propagate(seed_of(balls(), 6, 1))
    next(steps)
    session.undo()
    list(steps)
    session.undo()
    assert not np.any(session.labels)


def test_walks_that_see_different_objects_leave_no_silent_gap() -> None:
    truth = np.zeros((9, 96, 96), np.uint8)
    y, x = np.mgrid[:96, :96]
    truth[:, (y - 48) ** 2 + (x - 25) ** 2 < 100] = 1
    truth[:, (y - 48) ** 2 + (x - 70) ** 2 < 100] = 2
    seeds = {0: {1: seed_of(truth, 0, 1)}, 8: {1: seed_of(truth, 8, 2)}}
    _, steps = walk(stack_of_planes(textured(truth)), seeds)
    assert {s.plane[0] for s in steps if s.disagreement.get(1) == 1} == set(range(1, 8))


def test_large_values_are_carried_over() -> None:
    image = textured(tubes()).astype(np.float64)
    image[:, :20, :20] = 1e300
    carry(seed_of(tubes(), 5, 2), (0, 0), Volume.from_array(image, axes="ZYX"), (6,))


def test_a_label_that_cannot_be_painted_is_refused_at_once(session: Session) -> None:
    for label in (0, -1):
        with pytest.raises(LabelError, match=f"label {label}"):
            session.propagate({label: seed_of(balls(), 6, 1)})
    first = session.propagate(seed_of(balls(), 6, 1))
    second = session.propagate(seed_of(balls(), 5, 2))
    for steps in (first, second):
        next(steps)
    assert np.unique(session.labels).tolist() == [0, 1, 2]
