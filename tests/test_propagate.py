"""Objects are followed from plane to plane: what is found, where it ends, and what it costs."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import pytest
import zarr
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.measure import label as connected_components

from napari_sam import Session
from napari_sam.errors import PromptError
from napari_sam.image.volume import Volume
from napari_sam.labels.edit_history import EditHistory
from napari_sam.labels.paint import OverlapPolicy, paint
from napari_sam.masks.mask import Mask
from napari_sam.model.sam import Sam
from napari_sam.propagation.between import blend
from napari_sam.propagation.ending import Ending, overlap
from napari_sam.propagation.flow import carry
from napari_sam.propagation.history import History
from napari_sam.propagation.line import line_through
from napari_sam.propagation.propagate import PropagationStep, propagate
from napari_sam.propagation.settle import settle
from napari_sam.propagation.stack import Stack
from napari_sam.propagation.winner import share_pixels


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
    kept = settle(carried, leak, 0.4)
    assert overlap(kept, carried) > 0.8
    grown = settle(carried, disc(48, 48, 15), 0.4)
    assert carried.area < grown.area < disc(48, 48, 15).area
    for trust, expected in ((0.0, carried), (1.0, leak)):
        np.testing.assert_array_equal(full(settle(carried, leak, trust)), full(expected))


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
            for plane, start, number in action:
                square = np.ones((3, 3), bool)
                mask = Mask((plane,), (start, start, start + 3, start + 3), square, 1, 1)
                edit = paint(mask, labels, number, OverlapPolicy.REPLACE)
                edit.apply(labels)
                step.add(edit)
            if (labels != past[-1]).any():
                past.append(labels.copy())
        np.testing.assert_array_equal(labels, past[-1])


# --- walks, with a follower that sees what is bright -----------------------------------------


class ByThreshold:
    """Finds the bright component that has most in common with where an object should be."""

    trust = 1.0

    def __init__(self, stack: Stack) -> None:
        self.stack = stack

    def show(self, position: int, masks: Mapping[int, Mask]) -> None:
        pass

    def prepare(self, position: int, masks: Mapping[int, Mask]) -> None:
        pass

    def follow(self, position: int, expected: Mapping[int, Mask]) -> dict[int, Mask]:
        plane = self.stack.line.at(position)
        bright = self.stack.volume.read(plane, 0, 0, *self.stack.shape)[..., 0] > 100
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
