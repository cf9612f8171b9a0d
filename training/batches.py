"""Endless, seeded stream of training batches."""

import numpy as np
import torch

from napari_sam.learning.batch import Batch
from napari_sam.learning.prompts import draw_objects
from napari_sam.learning.targets import draw_targets

from .atlas import Atlas
from .windows import draw_windows

GRID = 64  # side of the positional grid in tokens
# window side: share of the steps; prompted objects, relative to a window of 256 pixels
WINDOWS = {128: (0.15, 0.5), 256: (0.50, 1.0), 512: (0.35, 1.5)}
LARGE_WINDOWS = {128: (0.15, 0.5), 256: (0.30, 1.0), 512: (0.30, 1.5), 1024: (0.25, 1.75)}


class BatchStream:
    """Batches by step: the same seed and step give the same batch.

    Parameters
    ----------
    atlas : Atlas
        Canvases from which windows are cut.
    seed : int
        Seed of all random choices.
    windows : int
        Windows of 256 pixels in a batch; batches of other sizes have the same area.
    objects : int
        Prompted objects in each window of 256 pixels; more in larger windows.
    """

    def __init__(self, atlas: Atlas, seed: int, windows: int, objects: int = 8) -> None:
        self.atlas, self.seed, self.windows, self.objects = atlas, seed, windows, objects

    @torch.no_grad()
    def draw(self, step: int, large: bool = False) -> Batch:
        """Draw the batch of a step; ``large`` includes windows of 1024 px, as at inference."""
        rng = np.random.default_rng([self.seed, step])
        torch.manual_seed(int(rng.integers(2**62)))
        table = LARGE_WINDOWS if large else WINDOWS
        sizes = list(table)
        size = sizes[rng.choice(len(sizes), p=[share for share, _ in table.values()])]
        count = max(1, round(self.windows * (256 / size) ** 2))
        windows = draw_windows(self.atlas, self.atlas.draw(count, rng), size, rng)
        free = GRID - size // 16
        offset = (int(rng.integers(free + 1)), int(rng.integers(free + 1)))
        objects = draw_objects(windows, round(self.objects * table[size][1]))
        return Batch(windows.rgb, offset, objects, draw_targets(windows))
