"""Objects are followed through a session: what is painted, told, refused and undone."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import zarr

from napari_sam import Session
from napari_sam.errors import LabelError, PromptError
from napari_sam.image.volume import Volume
from napari_sam.labels.paint import OverlapPolicy
from napari_sam.masks.mask import Mask
from napari_sam.model.sam import Sam
from napari_sam.propagation.ending import Ending
from napari_sam.propagation.propagate import PropagationStep
from tests.masks.drawing import disc, full
from tests.propagation.drawing import balls, ends, seed_of, textured


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


@pytest.mark.long
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


def test_what_is_painted_after_an_undo_can_be_undone(session: Session) -> None:
    steps = session.propagate(seed_of(balls(), 6, 1))
    next(steps)
    session.undo()
    list(steps)
    session.undo()
    assert not np.any(session.labels)


def test_a_label_that_cannot_be_painted_is_refused_at_once(session: Session) -> None:
    for label in (0, -1):
        with pytest.raises(LabelError, match=f"label {label}"):
            session.propagate({label: seed_of(balls(), 6, 1)})
    first = session.propagate(seed_of(balls(), 6, 1))
    second = session.propagate(seed_of(balls(), 5, 2))
    for steps in (first, second):
        next(steps)
    assert np.unique(session.labels).tolist() == [0, 1, 2]
