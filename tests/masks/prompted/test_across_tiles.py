"""Further tiles are asked for an object, not for the background beside it."""

import numpy as np
import pytest

from napari_sam.masks.decode import Answer
from napari_sam.masks.prompted.across_tiles import ObjectAcrossTiles
from napari_sam.masks.prompted.size import Size
from napari_sam.prompts.prompt import BoxPrompt, PointPrompt, Prompt
from napari_sam.tiles.grid import TileGrid

GRID = TileGrid(64, 160, 64, 16)
"""Three tiles side by side, which overlap by 16 pixels."""


@pytest.mark.parametrize(
    ("prompts", "score", "asks"),
    [
        ((PointPrompt((30, 30)),), 1.0, True),
        ((PointPrompt((30, 30)),), -1.0, False),
        ((PointPrompt((30, 30)), PointPrompt((9, 9), 0)), -1.0, False),
        ((BoxPrompt((2, 2), (60, 90)),), -1.0, True),
    ],
)
def test_a_mask_that_reaches_a_side(prompts: tuple[Prompt, ...], score: float, asks: bool) -> None:
    """The tile behind the side is asked, unless clicks alone are taken for the background."""
    tile = GRID.tile((), 0, 0)
    across = ObjectAcrossTiles(prompts, (tile,), True, Size.BEST)
    across.prompts_in(tile)
    drawing = np.repeat(np.eye(16, dtype=np.float32), 4, axis=0)
    everywhere = np.ones((16, 16), np.float32)
    across.receive(Answer(tile, everywhere, 0.9, score, drawing, drawing))
    assert across.reached_tiles(GRID) == ((GRID.tile((), 0, 1),) if asks else ())
