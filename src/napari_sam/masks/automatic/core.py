"""Core: objects in the overlap of tiles are drawn by the tile in whose core their middle lies."""

import numpy as np
from numpy.typing import NDArray

from napari_sam.masks.mask import Mask
from napari_sam.tiles.grid import Tile, TileGrid

TOLERANCE = (4.0, 0.1)
"""Distance to the core up to which the middle of an object still belongs to it: data pixels, plus a
share of the object's height or width. The middles that two tiles give an object differ by less."""

MARGIN = 8.0
"""Data pixels around an object that a tile must hold too, as far as the image goes, before another
tile leaves the object to it."""

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


def drawn_elsewhere(grid: TileGrid, tile: Tile, boxes: Floats) -> Flags:
    """Whether objects of a tile are drawn by another tile, which holds them whole.

    Parameters
    ----------
    grid : TileGrid
        Tiles of the image.
    tile : Tile
        The tile.
    boxes : ndarray
        ``(N, 4)`` float64, ``y0, x0, y1, x1``, data pixels of the plane, the ends excluded.

    Returns
    -------
    ndarray
        ``(N,)`` bool. No object is drawn elsewhere by all of the tiles that hold it.
    """
    elsewhere = np.zeros(len(boxes), bool)
    middles = (boxes[:, :2] + boxes[:, 2:]) / 2
    first, end = np.reshape(grid.core(tile), (2, 2))
    slack = TOLERANCE[0] + TOLERANCE[1] * (boxes[:, 2:] - boxes[:, :2])
    beyond = ((middles < first - slack) | (middles >= end + slack)).any(axis=1)
    around = np.add(boxes, (-MARGIN, -MARGIN, MARGIN, MARGIN))
    around = around.clip(0, (grid.height, grid.width) * 2)
    for other in grid.overlapping(tile.plane, tile.bbox) if beyond.any() else ():
        if other != tile:
            first, end = np.reshape(grid.core(other), (2, 2))
            within = ((middles >= first) & (middles < end)).all(axis=1)
            low, high = np.reshape(other.bbox, (2, 2))
            held = ((around[:, :2] >= low) & (around[:, 2:] <= high)).all(axis=1)
            elsewhere |= beyond & within & held
    return elsewhere


def to_decode(grid: TileGrid, tile: Tile, boxes: Floats) -> Flags:
    """Flags of proposals that a tile decodes: objects it draws, and objects in contact with these.

    Parameters
    ----------
    grid, tile, boxes
        As in :func:`drawn_elsewhere`.

    Returns
    -------
    ndarray
        ``(N,)`` bool.
    """
    decoded = ~drawn_elsewhere(grid, tile, boxes)
    inside, outside = boxes[decoded], np.flatnonzero(~decoded)
    for i in outside:
        apart = (inside[:, :2] >= boxes[i, 2:]) | (inside[:, 2:] <= boxes[i, :2])
        decoded[i] = not apart.any(axis=1).all()
    return decoded


def without_elsewhere(grid: TileGrid, tile: Tile, masks: tuple[Mask, ...]) -> tuple[Mask, ...]:
    """Leave out masks of a tile that another tile draws; see :func:`drawn_elsewhere`."""
    boxes = np.array([mask.bbox for mask in masks], np.float64).reshape(-1, 4)
    elsewhere = drawn_elsewhere(grid, tile, boxes)
    return tuple(mask for mask, dropped in zip(masks, elsewhere, strict=True) if not dropped)
