"""Accepted objects make the model better on their kind, or leave it as it is."""

from pathlib import Path

import numpy as np
import pytest
import torch

from napari_sam import Session
from napari_sam.errors import LearningError
from napari_sam.learning import learn as learning
from napari_sam.learning.delta import Delta
from napari_sam.learning.gather import gather
from napari_sam.learning.teach import Course, teach
from napari_sam.weights.load import weights_hash
from tests.learning.rings import rings
from tests.tiny import tiny_sam


def opened(model: object = "cells-tiny", seed: int = 0, count: int = 5) -> Session:
    image, truth = rings(seed)
    session = Session.open(image, model=model, cache_dir=False)
    session.labels = np.where(truth <= count, truth, 0).astype(np.uint32)
    return session


def learned(session: Session, quick: bool) -> Delta:
    *_, last = session.learn(quick=quick)
    assert last.delta is not None
    assert (last.done, last.total) == (last.total, last.total)
    return last.delta


def iou_of_boxes(session: Session, truth: np.ndarray) -> float:
    scores = []
    for number in range(1, int(truth.max()) + 1):
        rows, cols = np.nonzero(truth == number)
        box = ((rows.min(), cols.min()), (rows.max(), cols.max()))
        mask = session.predict(boxes=[box])
        y0, x0, y1, x1 = mask.bbox
        drawn = np.zeros(truth.shape, bool)
        drawn[y0:y1, x0:x1] = mask.pixels
        true = truth == number
        scores.append((drawn & true).sum() / (drawn | true).sum())
    return float(np.mean(scores))


@pytest.fixture(scope="module")
def full() -> Delta:
    """What cells-tiny learns from five rings in a full lesson."""
    return learned(opened(), quick=False)


@pytest.mark.long
@pytest.mark.parametrize("quick", [True, False])
def test_a_lesson_makes_another_image_of_the_kind_better(
    quick: bool, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    delta = learned(opened(), quick=True) if quick else request.getfixturevalue("full")
    assert not delta.is_empty
    assert delta.origin.after > delta.origin.before
    assert delta.origin.quick is quick
    delta.save(tmp_path / "rings.safetensors")
    image, truth = rings(seed=7)
    before = Session.open(image, cache_dir=False)
    after = Session.open(image, cache_dir=False, learned=tmp_path / "rings.safetensors")
    assert iou_of_boxes(after, truth) > iou_of_boxes(before, truth) + 0.01
    after.use(None)
    assert iou_of_boxes(after, truth) == iou_of_boxes(before, truth)


@pytest.mark.parametrize("quick", [True, False])
def test_the_same_lesson_gives_the_same_weights(quick: bool) -> None:
    torch.manual_seed(0)
    session = opened(tiny_sam())
    lesson = gather(session.encoder, session.labels, session.tiles())
    course = Course(3, 1e-3, quick)
    hashes = set()
    for seed in (1, 2):
        torch.manual_seed(seed)  # other draws in the program change nothing
        *_, model = teach(session.model, lesson, course, lambda p: session.encoder.get(p.tile))
        hashes.add(weights_hash(model))
        assert torch.initial_seed() == seed
    assert len(hashes) == 1
    assert hashes != {weights_hash(session.model)}


def test_a_quick_lesson_keeps_all_embeddings() -> None:
    torch.manual_seed(0)
    session = opened(tiny_sam())
    list(session.encode())
    calls = session.encoder.calls
    *_, model = teach(
        session.model,
        gather(session.encoder, session.labels, session.tiles()),
        Course(2, 1e-2, quick=True),
        lambda page: session.encoder.get(page.tile),
    )
    old = session.model.image_encoder.state_dict()
    assert all(torch.equal(v, old[n]) for n, v in model.image_encoder.state_dict().items())
    assert session.encoder.calls == calls


def test_nothing_is_learned_where_nothing_gets_better(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(learning, "FULL", Course(1, 0.0, quick=False))
    torch.manual_seed(0)
    session = opened(tiny_sam())
    delta = learned(session, quick=False)
    assert delta.is_empty
    assert delta.origin.weight == 0
    session.use(delta)
    assert weights_hash(session.model) == delta.origin.base


def test_a_model_without_proposals_cannot_learn() -> None:
    session = opened(tiny_sam(proposals=False, proposal_boxes=False))
    with pytest.raises(LearningError, match="choose cells-tiny"):
        learned(session, quick=True)


def test_a_lesson_that_is_left_changes_nothing() -> None:
    torch.manual_seed(0)
    session = opened(tiny_sam())
    before = weights_hash(session.model)
    steps = session.learn()
    next(steps)
    steps.close()
    assert weights_hash(session.model) == before
    assert not any(parameter.grad is not None for parameter in session.model.parameters())


def test_time_over_ends_the_steps_and_the_result_is_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(learning, "FULL", Course(1000, 1e-4, quick=False))
    torch.manual_seed(0)
    steps = list(opened(tiny_sam()).learn(seconds=0.0))
    assert len({step.done for step in steps}) < 10
    assert steps[-1].delta is not None


@pytest.mark.long
def test_under_a_full_lesson_tiles_are_encoded_again_beside_the_old(
    tmp_path: Path, full: Delta
) -> None:
    image, _ = rings()
    session = Session.open(image, cache_dir=tmp_path)
    list(session.encode())
    session.use(full)
    list(session.encode())
    assert session.encoder.calls == 2
    session.use(None)
    list(session.encode())
    assert session.encoder.calls == 2  # from the cache on disk
    assert len(list(tmp_path.glob("*.zarr"))) == 2
