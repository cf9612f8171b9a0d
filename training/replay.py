"""Replay of training steps on a GPU by CUDA graphs.

A step of this small model consists of about four thousand small operations. Launching them one by
one takes the CPU several times as long as the GPU needs to compute them. Recorded as a graph
(https://docs.pytorch.org/docs/stable/notes/cuda.html#cuda-graphs), they are launched at once.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any

import torch
from torch import Tensor

from napari_sam.learning.batch import Batch

Course = tuple[int, ...]
"""Key of a recording: size of the windows and number of the sequence of prompts. Steps of the same
course run the same operations on the same shapes."""


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """Result of a step: gradients and losses of a batch.

    Parameters
    ----------
    gradients : tuple of Tensor or None
        Gradient of each parameter; None if the loss does not depend on it. Valid until the next
        step.
    losses : dict
        Scalars by name.
    """

    gradients: tuple[Tensor | None, ...]
    losses: dict[str, Tensor]


Work = Callable[[Batch, Course], Step]


class Replay:
    """Steps that run eagerly the first time of each course and from a recording afterwards.

    Parameters
    ----------
    work : callable
        Step that runs the same operations for the same course.
    device : torch.device
        Training device; only a CUDA device records and replays.
    """

    def __init__(self, work: Work, device: torch.device) -> None:
        self._work, self._records = work, device.type == "cuda"
        self._pool = torch.cuda.graph_pool_handle() if self._records else None
        self._recordings: dict[Course, _Recording] = {}

    def __call__(self, batch: Batch, course: Course) -> Step:
        """Compute gradients and losses of a batch."""
        if course in self._recordings:
            return self._recordings[course].replay(batch)
        step = self._work(batch, course)
        if self._records:
            # libraries initialise in the eager step above, which a recording does not allow
            self._recordings[course] = _Recording(self._work, batch, course, self._pool)
        return step


class _Recording:
    """CUDA graph of a step with static memory, into which every batch is copied.

    All recordings share one memory pool, since they never run at the same time.
    """

    def __init__(self, work: Work, batch: Batch, course: Course, pool: Any) -> None:
        device = batch.rgb.device
        row, col = (torch.as_tensor(first, device=device) for first in batch.offset)
        self.batch = replace(batch, offset=(row, col))
        self.graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self.graph, pool=pool, capture_error_mode="thread_local"):
            self.step = work(self.batch, course)

    def replay(self, batch: Batch) -> Step:
        """Run the recorded step on another batch."""
        for static, value in zip(_values(self.batch), _values(batch), strict=True):
            static.copy_(value) if isinstance(value, Tensor) else static.fill_(value)
        self.graph.replay()
        losses = {name: value.clone() for name, value in self.step.losses.items()}
        return Step(self.step.gradients, losses)


def _values(value: Any) -> Sequence[Any]:
    """Flat list of the tensors and numbers in nested dataclasses, lists and tuples."""
    if is_dataclass(value):
        value = [getattr(value, field.name) for field in fields(value)]
    if isinstance(value, list | tuple):
        return [leaf for part in value for leaf in _values(part)]
    return [value]
