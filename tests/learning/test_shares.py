"""Objects held back choose the share of what was learned, and many objects get a longer lesson."""

import numpy as np
import pytest
import torch

from napari_sam import Session
from napari_sam.learning import learn as learning
from napari_sam.learning.gather import gather
from napari_sam.learning.judge import judge
from napari_sam.learning.learn import MANY, MANY_STEPS, SHARES, LearnStep
from napari_sam.learning.teach import Course
from tests.learning.rings import rings
from tests.tiny import tiny_sam

STEPS = 2


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(learning, "FULL", Course(STEPS, 3e-3, quick=False))
    monkeypatch.setattr(learning, "QUICK", Course(STEPS, 1e-2, quick=True))


def session_of(count: int) -> Session:
    torch.manual_seed(0)
    image, truth = rings()
    session = Session.open(image, model=tiny_sam(), cache_dir=False)
    session.labels = np.where(truth <= count, truth, 0).astype(np.uint32)
    return session


def judged(session: Session, last: LearnStep) -> float:
    assert last.delta is not None
    _, held_back = gather(session.encoder, session.labels, session.tiles()).split()
    steps = judge(last.delta.applied_to(session.model), held_back, None)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return float(end.value)


def test_the_best_share_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    session = session_of(MANY)
    *_, best = session.learn(quick=True)
    assert best.delta is not None
    score = judged(session, best)
    assert score == best.delta.origin.after >= best.delta.origin.before
    for share in SHARES:
        monkeypatch.setattr(learning, "SHARES", (share,))
        *_, other = session.learn(quick=True)
        assert other.delta is not None
        assert score >= other.delta.origin.after


@pytest.mark.parametrize(("count", "steps"), [(3, STEPS), (11, STEPS), (12, MANY_STEPS)])
def test_a_full_lesson_of_many_objects_has_more_steps(count: int, steps: int) -> None:
    session = session_of(count)
    assert next(session.learn()).total == steps + 1 + len(SHARES)
    assert next(session.learn(quick=True)).total == STEPS + 1 + len(SHARES)
