"""Endless, seeded stream of training batches."""

import numpy as np
import torch

from napari_sam.learning.batch import Batch
from napari_sam.learning.prompts import BACKGROUND_SHARE, draw_objects
from napari_sam.learning.targets import draw_targets

from .atlas import Atlas, send
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
    largest : int
        Side in pixels of the largest windows; the shares of larger ones go to the others.
    """

    def __init__(
        self, atlas: Atlas, seed: int, windows: int, objects: int = 8, largest: int = 1024
    ) -> None:
        self.atlas, self.seed, self.windows, self.objects = atlas, seed, windows, objects
        self.largest = largest

    @torch.no_grad()
    def draw(self, step: int, large: bool = False) -> Batch:
        """Draw the batch of a step; ``large`` includes windows of 1024 px, as at inference."""
        rng = np.random.default_rng([self.seed, step])
        torch.manual_seed(int(rng.integers(2**62)))
        table = LARGE_WINDOWS if large else WINDOWS
        shares = {size: share for size, (share, _) in table.items() if size <= self.largest}
        total = sum(shares.values())
        size = int(rng.choice(list(shares), p=[share / total for share in shares.values()]))
        count = max(1, round(self.windows * (256 / size) ** 2))
        places = self.atlas.draw(count, rng)
        windows = draw_windows(self.atlas, places, size, rng)
        labelled = np.array([float(place.piece.complete) for place in places])
        complete = send(labelled, self.atlas.device)
        free = GRID - size // 16
        offset = (int(rng.integers(free + 1)), int(rng.integers(free + 1)))
        prompted = max(1, round(self.objects * table[size][1]))
        objects = draw_objects(windows, prompted, BACKGROUND_SHARE * complete[:, None])
        return Batch(windows.rgb, offset, objects, draw_targets(windows), complete)
