"""Replay: steps that a graphics card is told once and repeats.

A step of this small model is some four thousand small operations. To launch them one after the
other takes a processor several times as long as the card needs for them. Recorded as a graph
(https://docs.pytorch.org/docs/stable/notes/cuda.html#cuda-graphs) they are launched as one.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any

import torch
from torch import Tensor

from .batches import Batch

Course = tuple[int, ...]
"""What a step does beside its batch; batches of the same course have the same shapes."""


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """What comes of a batch.

    Parameters
    ----------
    gradients : tuple of Tensor or None
        Of each parameter; None where the step does not reach it. Valid until the next step.
    losses : dict
        By name, scalars.
    """

    gradients: tuple[Tensor | None, ...]
    losses: dict[str, Tensor]


Work = Callable[[Batch, Course], Step]


class Replay:
    """Do each course as it is told the first time, and replay it from then on.

    Parameters
    ----------
    work : callable
        A step, the same operations for the same course.
    device : torch.device
        Where; what is no CUDA device replays nothing.
    """

    def __init__(self, work: Work, device: torch.device) -> None:
        self._work, self._records = work, device.type == "cuda"
        self._pool = torch.cuda.graph_pool_handle() if self._records else None
        self._recordings: dict[Course, _Recording] = {}

    def __call__(self, batch: Batch, course: Course) -> Step:
        """Gradients and losses of a batch."""
        if course in self._recordings:
            return self._recordings[course].replay(batch)
        step = self._work(batch, course)
        if self._records:
            # libraries have set themselves up in the step above, which cannot be recorded
            self._recordings[course] = _Recording(self._work, batch, course, self._pool)
        return step


class _Recording:
    """A step at fixed places in memory: batches are copied to where the first one lay.

    All recordings share one pool of memory, because no two run at once.
    """

    def __init__(self, work: Work, batch: Batch, course: Course, pool: Any) -> None:
        device = batch.rgb.device
        row, col = (torch.as_tensor(first, device=device) for first in batch.offset)
        self.batch = replace(batch, offset=(row, col))
        self.graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self.graph, pool=pool, capture_error_mode="thread_local"):
            self.step = work(self.batch, course)

    def replay(self, batch: Batch) -> Step:
        """The step for another batch."""
        for here, value in zip(_values(self.batch), _values(batch), strict=True):
            here.copy_(value) if isinstance(value, Tensor) else here.fill_(value)
        self.graph.replay()
        losses = {name: value.clone() for name, value in self.step.losses.items()}
        return Step(self.step.gradients, losses)


def _values(value: Any) -> Sequence[Any]:
    """All tensors and numbers of a batch, in order."""
    if is_dataclass(value):
        value = [getattr(value, field.name) for field in fields(value)]
    if isinstance(value, list | tuple):
        return [one for part in value for one in _values(part)]
    return [value]
