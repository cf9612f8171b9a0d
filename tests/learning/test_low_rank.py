"""A quick lesson changes matrices of the decoder by few numbers, and its file has only these."""

import numpy as np
import pytest
import torch

from napari_sam.errors import LearningError
from napari_sam.learning import learn as learning
from napari_sam.learning.delta import LEFT, RIGHT, Delta
from napari_sam.learning.gather import gather
from napari_sam.learning.low_rank import RANK, factorise
from napari_sam.learning.teach import Course, teach
from tests.learning.scripted_judge import scripted_judge
from tests.learning.test_learn import opened
from tests.tiny import tiny_sam


def test_matrices_of_the_decoder_change_by_a_low_rank_and_nothing_else_does() -> None:
    torch.manual_seed(0)
    session = opened(tiny_sam())
    lesson = gather(session.encoder, session.labels, session.tiles())
    course = Course(4, 1e-2, quick=True)
    *_, learner = teach(session.model, lesson, course, lambda p: session.encoder.get(p.tile))
    new, changed = learner.state_dict(), set()
    for name, old in session.model.state_dict().items():
        difference = (new[name] - old).double()
        if bool(difference.any()):
            changed.add(name)
            assert torch.linalg.matrix_rank(difference.flatten(1), rtol=1e-5) <= RANK
    assert changed
    assert all(name.startswith(("prompt_", "mask_decoder.")) for name in changed)


@pytest.mark.parametrize("shape", [(32, 48), (16, 4, 3, 3)])
def test_factors_multiply_to_the_difference(shape: tuple[int, ...]) -> None:
    torch.manual_seed(0)
    cols = int(np.prod(shape[1:]))
    difference = (torch.randn(shape[0], RANK) @ torch.randn(RANK, cols)).reshape(shape)
    factors = factorise(difference)
    assert factors is not None
    left, right = factors
    assert (left.shape, right.shape) == ((shape[0], RANK), (RANK, cols))
    torch.testing.assert_close((left @ right).reshape(shape), difference, rtol=1e-4, atol=1e-4)


def test_a_small_matrix_has_no_factors() -> None:
    assert factorise(torch.ones(8, 8)) is None


def quick_delta(monkeypatch: pytest.MonkeyPatch) -> tuple[Delta, object]:
    monkeypatch.setattr(learning, "QUICK", Course(3, 1e-2, quick=True))
    monkeypatch.setattr(learning, "judge", scripted_judge(0.5, 0.75, 0.7, 0.6))
    torch.manual_seed(0)
    session = opened(tiny_sam())
    *_, last = session.learn(quick=True)
    assert last.delta is not None
    return last.delta, session


def test_a_model_with_the_delta_is_the_learner_but_for_rounding(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    delta, session = quick_delta(monkeypatch)
    taught, _ = gather(session.encoder, session.labels, session.tiles()).split()
    *_, learner = teach(
        session.model, taught, learning.QUICK, lambda p: session.encoder.get(p.tile)
    )
    old, new = session.model.state_dict(), learner.state_dict()
    for name, weight in delta.applied_to(session.model).state_dict().items():
        mixed = old[name] + delta.origin.weight * (new[name] - old[name])
        torch.testing.assert_close(weight, mixed, rtol=1e-3, atol=1e-4)
    assert any(name.endswith(LEFT) for name in delta.tensors)


def test_a_file_without_one_of_two_factors_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    delta, session = quick_delta(monkeypatch)
    name = next(name for name in delta.tensors if name.endswith(RIGHT))
    tensors = {key: value for key, value in delta.tensors.items() if key != name}
    with pytest.raises(LearningError, match=f"{name.removesuffix(RIGHT)} differs"):
        Delta(delta.origin, tensors).applied_to(session.model)
