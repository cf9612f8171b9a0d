"""A lesson works on one thread, and gives the others back between its parts."""

from collections.abc import Iterator

import numpy as np
import pytest
import torch

from napari_sam import Session
from napari_sam.learning import learn as learning
from napari_sam.learning.teach import Course
from tests.learning.rings import rings
from tests.tiny import tiny_sam


@pytest.fixture
def _two_threads() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(threads)


@pytest.mark.usefixtures("_two_threads")
def test_steps_and_judging_run_on_one_thread_and_a_click_between_them_on_all(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(learning, "QUICK", Course(2, 1e-3, quick=True))
    image, truth = rings()
    session = Session.open(image, model=tiny_sam(), cache_dir=False)
    session.labels = np.where(truth <= 4, truth, 0).astype(np.uint32)
    steps = session.learn(quick=True)
    next(steps)
    within: list[int] = []
    hook = torch.nn.modules.module.register_module_forward_hook(
        lambda *_: within.append(torch.get_num_threads())
    )
    between = [torch.get_num_threads() for _ in steps]
    hook.remove()
    assert set(within) == {1}
    assert set(between) == {2}
    assert len(between) > 5
