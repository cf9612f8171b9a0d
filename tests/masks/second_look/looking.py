"""What the tests of looking closer and of looking farther have in common."""

from typing import Any

import numpy as np

from napari_sam import PointPrompt, Session
from napari_sam.masks.decode import Answer, tile_matrices
from napari_sam.model.sam import Sam
from napari_sam.tiles.grid import TileGrid
from tests.tiny import tiny_config


def opened(model: Sam, image: Any, closer: bool = True) -> Session:
    return Session.open(image, model=model, contrast=(0, 255), cache_dir=False, closer=closer)


def answer_of(grid: TileGrid, bbox: tuple[int, int, int, int]) -> Answer:
    """As if an object had been found in a box."""
    tile = grid.best_for((), bbox)
    config = tiny_config()
    rows, cols = tile_matrices(config, tile.height, tile.width)
    logits = np.full((rows.shape[1], cols.shape[1]), -1.0, np.float32)
    y0, x0, y1, x1 = (bbox[k] - (tile.y0, tile.x0)[k % 2] for k in range(4))
    logits[y0 // 4 : -(-y1 // 4), x0 // 4 : -(-x1 // 4)] = 1.0
    return Answer(tile, logits, 0.5, 1.0, rows, cols)


def check_hover_is_click(session: Session, click: PointPrompt) -> None:
    """What hovering shows, once it shows something, is what a click gives."""
    objects = {1: [click]}
    assert session.interactive.glimpse(objects) is None
    clicked = session.predict_objects(objects)[1]
    hovered = session.interactive.glimpse(objects)
    assert hovered is not None
    assert hovered[1].bbox == clicked.bbox
    np.testing.assert_array_equal(hovered[1].pixels, clicked.pixels)
