"""An endless, seeded stream of training batches."""

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import torch
from numpy.random import Generator
from torch import Tensor
from torch.nn import functional
from torch.utils.data import IterableDataset, get_worker_info

from .prompts import Objects, draw_objects, mask_logits
from .samples import SET_WEIGHTS, Sample
from .windows import Window, draw_window

# window side: share of the steps, windows a batch, objects a window
WINDOWS = {256: (0.74, 4, 7), 384: (0.18, 2, 9), 512: (0.08, 1, 14)}
LARGE_WINDOWS = {256: (0.50, 4, 7), 512: (0.35, 1, 14), 1024: (0.15, 1, 10)}


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """``B`` windows of ``C`` objects, as tensors.

    Parameters
    ----------
    rgb : Tensor
        ``(B, size, size, 3)`` float32 in 0..255.
    offset : tuple of int
        Place of the windows on the positional grid, in tokens.
    target, candidate : Tensor
        ``(B, C, 1, size/2, size/2)`` float32 in 0..1.
    point, box : Tensor
        ``(B, C, 2)`` and ``(B, C, 2, 2)`` float32, xy.
    mask_logits : Tensor
        ``(B, C, size/4, size/4)`` float32.
    centre, foreground : Tensor
        ``(B, size/4, size/4)`` float32.
    """

    rgb: Tensor
    offset: tuple[int, int]
    target: Tensor
    candidate: Tensor
    point: Tensor
    box: Tensor
    mask_logits: Tensor
    centre: Tensor
    foreground: Tensor

    def to(self, device: torch.device) -> "Batch":
        """The same batch on another device."""
        tensors: dict[str, Any] = {
            field.name: value.to(device, non_blocking=True)
            for field in fields(self)
            if isinstance(value := getattr(self, field.name), Tensor)
        }
        return replace(self, **tensors)


class BatchStream(IterableDataset[Batch]):
    """Batches from ``step`` on, without end.

    Parameters
    ----------
    sets : dict
        Samples by set.
    seed, step : int
        Together they determine the next batch, so that a resumed run goes on with new ones.
    large : bool
        Also windows up to the full 1024 px that inference uses.
    """

    def __init__(
        self, sets: dict[str, list[Sample]], seed: int, step: int = 0, large: bool = False
    ) -> None:
        self.sets, self.seed, self.step, self.large = sets, seed, step, large

    def __iter__(self) -> Iterator[Batch]:
        """Yield batches; each loader worker has its own stream."""
        worker = get_worker_info()
        rng = np.random.default_rng([self.seed, self.step, worker.id if worker else 0])
        while True:
            yield self.draw(rng)

    def draw(self, rng: Generator) -> Batch:
        """One random batch."""
        table = LARGE_WINDOWS if self.large else WINDOWS
        sizes = list(table)
        size = sizes[rng.choice(len(sizes), p=[table[s][0] for s in sizes])]
        _, windows, objects = table[size]
        drawn = []
        for _ in range(windows):
            window = draw_window(self._draw_sample(size, rng), size, rng)
            drawn.append((window, draw_objects(window, objects, rng)))
        free = 64 - size // 16
        offset = (int(rng.integers(free + 1)), int(rng.integers(free + 1)))
        return collate(drawn, offset)

    def _draw_sample(self, size: int, rng: Generator) -> Sample:
        names = list(self.sets)
        weights = np.array([SET_WEIGHTS[name] for name in names])
        samples = self.sets[names[rng.choice(len(names), p=weights / weights.sum())]]
        return samples[rng.integers(len(samples))]


def collate(drawn: list[tuple[Window, Objects]], offset: tuple[int, int]) -> Batch:
    """Stack windows and their objects; masks at half the resolution, with soft borders."""

    def stack(name: str) -> Tensor:
        return torch.from_numpy(np.stack([getattr(objects, name) for _, objects in drawn]))

    def halve(name: str) -> Tensor:
        return functional.avg_pool2d(stack(name).float().flatten(0, 1), 2).unflatten(
            0, (len(drawn), -1)
        )[:, :, None]

    labels = torch.from_numpy(np.stack([window.labels for window, _ in drawn]))
    return Batch(
        rgb=torch.from_numpy(np.stack([window.rgb for window, _ in drawn])),
        offset=offset,
        target=halve("target"),
        candidate=halve("candidate"),
        point=stack("point"),
        box=stack("box"),
        mask_logits=torch.from_numpy(np.stack([mask_logits(o.mask) for _, o in drawn])),
        # the peak must survive the stride, else small objects have none
        centre=functional.max_pool2d(stack("centre"), 4),
        foreground=functional.avg_pool2d((labels > 0).float(), 4),
    )
