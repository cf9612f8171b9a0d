"""Atlas of all canvases on the training device, which samples windows from them.

A CPU cannot cut, rotate and recolour windows as fast as a GPU learns from them.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.random import Generator
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from .canvas import SIDE, Canvas, Piece
from .samples import SET_WEIGHTS


def send(values: NDArray[Any], device: torch.device) -> Tensor:
    """Copy an array to the device, float64 as float32, without waiting for its running work."""
    if values.dtype == np.float64:
        values = values.astype(np.float32)
    return torch.from_numpy(values).to(device, non_blocking=True)


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """A piece and the index of its canvas in the atlas."""

    canvas: int
    piece: Piece


class Atlas:
    """Canvases of all sets as tensors of one device.

    Parameters
    ----------
    sets : mapping of str to iterable of Canvas
        Canvases by set.
    device : torch.device
        Device of all tensors.
    """

    def __init__(self, sets: Mapping[str, Iterable[Canvas]], device: torch.device) -> None:
        canvases = [(name, canvas) for name, members in sets.items() for canvas in members]
        count = len(canvases)
        self.fine = torch.empty(count, 3, SIDE, SIDE, dtype=torch.uint8, device=device)
        self.coarse = torch.empty(count, 3, SIDE // 2, SIDE // 2, dtype=torch.uint8, device=device)
        self.labels = torch.empty(count, SIDE, SIDE, dtype=torch.int16, device=device)
        self.inner = torch.empty(count, SIDE, SIDE, dtype=torch.bool, device=device)
        self.depth = torch.empty(count, SIDE, SIDE, dtype=torch.float16, device=device)
        self.places: dict[str, dict[int, tuple[Place, ...]]] = {name: {} for name in sets}
        self.most_labels = 0
        for index, (name, canvas) in enumerate(canvases):
            self.put(name, index, canvas)

    @property
    def device(self) -> torch.device:
        """Device of all tensors."""
        return self.fine.device

    def put(self, name: str, index: int, canvas: Canvas) -> None:
        """Set canvas ``index`` of the set ``name``, replacing the old canvas."""
        fine = torch.from_numpy(canvas.image).to(self.device)
        self.fine[index] = fine
        self.coarse[index] = functional.avg_pool2d(fine.float(), 2).round().to(torch.uint8)
        self.labels[index] = torch.from_numpy(canvas.labels).to(self.device)
        self.inner[index] = torch.from_numpy(canvas.inner).to(self.device)
        self.depth[index] = torch.from_numpy(canvas.depth).to(self.device)
        self.places[name][index] = tuple(Place(index, piece) for piece in canvas.pieces)
        self.most_labels = max(self.most_labels, int(canvas.labels.max()))

    def draw(self, count: int, rng: Generator) -> list[Place]:
        """Choose pieces: a set by its weight, then a canvas and a piece, each uniformly."""
        names = [name for name, canvases in self.places.items() if canvases]
        weights = np.array([SET_WEIGHTS[name] for name in names])
        chosen = []
        for index in rng.choice(len(names), count, p=weights / weights.sum()):
            canvases = list(self.places[names[index]].values())
            pieces = canvases[rng.integers(len(canvases))]
            chosen.append(pieces[rng.integers(len(pieces))])
        return chosen

    def sample(self, canvas: Tensor, y: Tensor, x: Tensor, coarse: NDArray[np.bool_]) -> Tensor:
        """Sample colours at positions between pixels, bilinearly.

        Parameters
        ----------
        canvas : Tensor
            ``(B,)`` int64, indices of canvases.
        y, x : Tensor
            ``(B, h, w)`` float, canvas pixels, integers at pixel centres; clamped to the canvas.
        coarse : ndarray
            ``(B,)`` bool: sample from the canvas at half the resolution, which avoids aliasing in
            windows that are scaled down.

        Returns
        -------
        Tensor
            ``(B, 3, h, w)`` float32 in 0..255.
        """
        out = torch.empty(len(canvas), 3, *y.shape[1:], device=self.device)
        for level, source in ((False, self.fine), (True, self.coarse)):
            rows = send(np.flatnonzero(coarse == level), self.device)
            if len(rows):
                scale = 0.5 if level else 1.0
                v, u = (scale * (a[rows] + 0.5) - 0.5 for a in (y, x))
                out[rows] = _bilinear(source, canvas[rows], v, u)
        return out

    def nearest(self, canvas: Tensor, y: Tensor, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Labels int64, inner objects bool, depth float32 of the nearest pixels: ``(B, h, w)``."""
        v, u = (a.round().long().clamp(0, SIDE - 1) for a in (y, x))
        at = canvas[:, None, None], v, u
        return self.labels[at].long(), self.inner[at], self.depth[at].float()


def _bilinear(source: Tensor, canvas: Tensor, y: Tensor, x: Tensor) -> Tensor:
    """Bilinear samples ``(B, 3, h, w)`` of canvases at ``(B, h, w)``, clamped to their sides."""
    h, w = source.shape[-2:]
    y, x = y.clamp(0, h - 1), x.clamp(0, w - 1)
    y0, x0 = y.floor().long(), x.floor().long()
    y1, x1 = (y0 + 1).clamp(max=h - 1), (x0 + 1).clamp(max=w - 1)
    fy, fx = (y - y0)[:, None], (x - x0)[:, None]
    b, c = canvas[:, None, None, None], torch.arange(3, device=source.device)[:, None, None]

    def at(v: Tensor, u: Tensor) -> Tensor:
        return source[b, c, v[:, None], u[:, None]].float()

    top = at(y0, x0) * (1 - fx) + at(y0, x1) * fx
    return top * (1 - fy) + (at(y1, x0) * (1 - fx) + at(y1, x1) * fx) * fy
