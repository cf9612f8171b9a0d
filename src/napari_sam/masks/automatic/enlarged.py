"""Enlarged: tiles whose objects are small, segmented at twice their size.

At a quarter of the resolution a small object has hardly a middle and a border. Enlarging a tile
costs four times as much as encoding it did, so it is done only where most objects are small.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise
from math import ceil

import numpy as np

from napari_sam.embeddings.embedding import Embedding
from napari_sam.masks.decode import Answer, tile_matrices
from napari_sam.masks.mask import Mask
from napari_sam.model.config import ModelConfig
from napari_sam.tiles.grid import Tile

from .propose import Proposals

SMALL = 28.0
"""Root of the area of a box, pixels, under which an object is small."""

ZOOM = 2
PART = 512
"""Largest side of a part of a tile, pixels: enlarged, the model takes no more at once."""

Look = Callable[[Tile], Embedding]
"""The embedding of a zoomed tile."""


def are_small(proposals: Proposals) -> bool:
    """Whether most objects of a tile are so small that it is worth to enlarge it."""
    if proposals.boxes is None or not len(proposals):
        return False
    sides = proposals.boxes[:, 2:] - proposals.boxes[:, :2] + 1
    return float(np.median(np.sqrt(sides.prod(axis=1)))) < SMALL


def parts(tile: Tile) -> Iterator[Tile]:
    """Parts of a tile, zoomed, without overlap."""
    for y0, y1 in pairwise(_cuts(tile.height)):
        for x0, x1 in pairwise(_cuts(tile.width)):
            y, x = tile.y0 + y0, tile.x0 + x0
            yield replace(tile, y0=y, x0=x, height=y1 - y0, width=x1 - x0, zoom=ZOOM)


def _cuts(length: int) -> list[int]:
    count = ceil(length / PART)
    return [round(length * i / count) for i in range(count + 1)]


def as_if_larger(embedding: Embedding) -> Embedding:
    """Of a zoomed tile, as if the image itself were larger, and the tile were in its corner."""
    tile = embedding.tile
    larger = Tile(tile.plane, 0, 0, 0, 0, ZOOM * tile.height, ZOOM * tile.width)
    return replace(embedding, tile=larger)


def in_data_pixels(config: ModelConfig, answer: Answer, part: Tile) -> Answer:
    """An answer from an embedding that was taken :func:`as_if_larger`, where it belongs.

    Parameters
    ----------
    config : ModelConfig
        Of the model.
    answer : Answer
        Its window begins and ends at multiples of the zoom.
    part : Tile
        The zoomed tile.
    """
    seen = answer.tile
    tile = replace(
        part,
        y0=part.y0 + seen.y0 // ZOOM,
        x0=part.x0 + seen.x0 // ZOOM,
        height=seen.height // ZOOM,
        width=seen.width // ZOOM,
    )
    rows, cols = tile_matrices(config, tile.height, tile.width, ZOOM)
    return replace(answer, tile=tile, rows=rows, cols=cols)


def is_cut_off(mask: Mask, part: Tile, tile: Tile) -> bool:
    """Whether a mask touches a side of its part behind which the tile goes on."""
    y0, x0, y1, x1 = mask.bbox
    return (
        (y0 <= part.y0 > tile.y0)
        or (x0 <= part.x0 > tile.x0)
        or (y1 >= part.y1 < tile.y1)
        or (x1 >= part.x1 < tile.x1)
    )


def crosses(mask: Mask, tile: Tile) -> bool:
    """Whether a mask lies in more than one part of its tile."""
    y0, x0, y1, x1 = mask.bbox
    rows, cols = (cuts[1:-1] for cuts in (_cuts(tile.height), _cuts(tile.width)))
    return any(y0 < tile.y0 + cut < y1 for cut in rows) or any(
        x0 < tile.x0 + cut < x1 for cut in cols
    )
