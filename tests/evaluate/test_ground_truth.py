"""Ground truth: samples of images and stacks, and places in the background."""

from pathlib import Path
from typing import Any

import numpy as np

from napari_sam import Session
from napari_sam.evaluate.clicks import Protocol
from napari_sam.evaluate.figures import summarise
from napari_sam.evaluate.ground_truth import Pair, Sample, files_with_both
from napari_sam.evaluate.prompted import answer_background, background_places
from napari_sam.evaluate.run import Part, Task, evaluate
from napari_sam.image.volume import Volume
from napari_sam.model.sam import Sam


def sample(labels: Any, axes: str | None = None) -> Sample:
    return Sample(Volume.from_array(np.zeros(labels.shape, np.uint8), axes=axes), labels)


def test_of_a_stack_every_fourth_plane_is_used() -> None:
    labels = np.ones((10, 8, 8), int)
    assert list(sample(labels).planes()) == [(0,), (4,), (8,)]
    labels[0] = 0
    assert list(sample(labels).planes()) == [(1,), (5,), (9,)]
    labels[[4, 5, 6]] = 0
    assert list(sample(labels).planes()) == [(1,), (7,)]
    assert list(sample(np.zeros((10, 8, 8), int)).planes()) == []
    assert list(sample(np.zeros((8, 8), int)).planes()) == [()]


def test_on_a_plane_of_a_stack_each_part_is_an_object() -> None:
    labels = np.zeros((2, 4, 9), int)
    labels[:, :, :3] = labels[:, :, 6:] = 5
    stack = sample(labels)
    assert np.unique(stack.plane((0,))).tolist() == [0, 1, 2]
    assert np.unique(sample(labels[0]).plane(())).tolist() == [0, 5]


def test_stacks_go_through_z() -> None:
    flat, single = np.zeros((8, 8), int), np.zeros((1, 8, 8), int)
    assert list(sample(flat).stacks()) == list(sample(single).stacks()) == []
    assert list(sample(np.zeros((3, 8, 8), int), "TYX").stacks()) == []
    movie = np.arange(2 * 3 * 4).reshape(2, 3, 2, 2)
    stacks = [movie[index] for index in sample(movie).stacks()]
    assert [stack.tolist() for stack in stacks] == movie.tolist()


def test_background_is_clicked_away_from_objects_and_the_same_each_time() -> None:
    labels = np.zeros((60, 60), int)
    labels[20:30, 20:30] = 1
    places = background_places(labels, 50)
    assert len(set(places)) == 50
    assert places == background_places(labels, 50)
    distances = [np.hypot(max(20 - y, 0, y - 29), max(20 - x, 0, x - 29)) for y, x in places]
    assert min(distances) > 5


def test_no_background_is_no_click(tiny_model: Sam) -> None:
    session = Session.open(np.zeros((32, 32), np.uint8), model=tiny_model, cache_dir=False)
    assert answer_background(session, np.ones((32, 32), int), ()) == ()
    assert answer_background(session, np.zeros((32, 32), int), ()) == ()


def test_files_that_hold_both(tmp_path: Path) -> None:
    for name in ("b/1.npz", "a/2.npz", "a/1.npz"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        np.savez(tmp_path / name, image=np.zeros((8, 8), np.uint8), labels=np.eye(8, dtype=int))
    assert {k: [p.name for p in v] for k, v in files_with_both(tmp_path).items()} == {
        "a": ["1.npz", "2.npz"],
        "b": ["1.npz"],
    }
    assert files_with_both(tmp_path / "a" / "1.npz") == {"1": [tmp_path / "a" / "1.npz"]}
    assert Pair(tmp_path / "a" / "1.npz").read().plane(()).sum() == 8


def test_everything_of_an_image_and_of_a_stack(tmp_path: Path, tiny_model: Sam) -> None:
    random = np.random.default_rng(0)
    labels = np.zeros((5, 48, 48), np.uint16)
    labels[:, 8:20, 8:20], labels[:, 28:40, 26:40] = 1, 2
    image = (labels * 60 + random.integers(0, 30, labels.shape)).astype(np.uint8)
    np.savez(tmp_path / "flat.npz", image=image[0], labels=labels[0])
    np.savez(tmp_path / "stack.npz", image=image, labels=labels)
    pairs = [Pair(path) for path in sorted(tmp_path.glob("*.npz"))]

    def opened(volume: Volume) -> Session:
        return Session.open(volume, model=tiny_model, cache_dir=False)

    task = Task(protocol=Protocol(most=2))
    steps = list(evaluate(pairs, opened, task))
    assert [(step.done, step.total) for step in steps] == [(i, 4) for i in range(1, 5)]
    found = summarise((step.outcome for step in steps), task.protocol)
    assert found["objects"] == 6
    assert found["plane_objects"] == 6
    assert found["stack_objects"] == 2
    assert found["background_clicks"] == 60
    assert all(np.isfinite(value) for value in found.values())
    clicks = [step.outcome for step in evaluate(pairs, opened, Task([Part.CLICKS], task.protocol))]
    assert [one.clicks for one in clicks] == [step.outcome.clicks for step in steps[:3]]
    assert not any(one.boxes or one.plane or one.stack for one in clicks)
