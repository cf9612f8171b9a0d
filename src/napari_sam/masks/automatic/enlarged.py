"""Enlarged: tiles whose objects are small are segmented at twice their size.

Masks are drawn at a quarter of the model's resolution, where a small object hardly has a middle and
a border. Enlarging a tile costs four times as much as encoding it did, so it is done only where
most objects are small.
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
"""Median over a tile of the root of the boxes' areas, data pixels, below which it is enlarged."""

ZOOM = 2
"""Times by which a tile is enlarged."""

PART = 512
"""Side of the largest part of a tile, data pixels: enlarged, the largest input of the model."""

Enlarge = Callable[[Tile], Embedding]
"""Encodes a zoomed tile, as :meth:`~napari_sam.embeddings.encode.Encoder.enlarge`."""


def are_small(proposals: Proposals) -> bool:
    """Whether a tile with such proposals is to be enlarged; without boxes, it is not."""
    if proposals.boxes is None or not len(proposals):
        return False
    sides = proposals.boxes[:, 2:] - proposals.boxes[:, :2] + 1
    return float(np.median(np.sqrt(sides.prod(axis=1)))) < SMALL


def parts(tile: Tile) -> Iterator[Tile]:
    """Zoomed parts that cover a tile without overlap, each at most :data:`PART` a side."""
    for y0, y1 in pairwise(_cuts(tile.height)):
        for x0, x1 in pairwise(_cuts(tile.width)):
            y, x = tile.y0 + y0, tile.x0 + x0
            yield replace(tile, y0=y, x0=x, height=y1 - y0, width=x1 - x0, zoom=ZOOM)


def _cuts(length: int) -> list[int]:
    """Where the parts of a side begin and end, data pixels from its start."""
    count = ceil(length / PART)
    return [round(length * i / count) for i in range(count + 1)]


def as_if_larger(embedding: Embedding) -> Embedding:
    """The embedding of a zoomed tile, described as the only tile of an enlarged image.

    Its coordinates are enlarged pixels from the corner of the tile; :func:`in_data_pixels` turns
    answers back.
    """
    tile = embedding.tile
    larger = Tile(tile.plane, 0, 0, 0, 0, ZOOM * tile.height, ZOOM * tile.width)
    return replace(embedding, tile=larger)


def in_data_pixels(config: ModelConfig, answer: Answer, part: Tile) -> Answer:
    """An answer in enlarged pixels, see :func:`as_if_larger`, moved to data pixels.

    Parameters
    ----------
    config : ModelConfig
        Of the model.
    answer : Answer
        Its window begins and ends at multiples of the zoom.
    part : Tile
        The zoomed tile.

    Returns
    -------
    Answer
        With the same logits; its tile is the window in data pixels.
    """
    window = answer.tile
    tile = replace(
        part,
        y0=part.y0 + window.y0 // ZOOM,
        x0=part.x0 + window.x0 // ZOOM,
        height=window.height // ZOOM,
        width=window.width // ZOOM,
    )
    rows, cols = tile_matrices(config, tile.height, tile.width, ZOOM)
    return replace(answer, tile=tile, rows=rows, cols=cols)


def crosses(mask: Mask, tile: Tile) -> bool:
    """Whether a mask crosses a seam between the :func:`parts` of its tile."""
    y0, x0, y1, x1 = mask.bbox
    rows, cols = (cuts[1:-1] for cuts in (_cuts(tile.height), _cuts(tile.width)))
    return any(y0 < tile.y0 + cut < y1 for cut in rows) or any(
        x0 < tile.x0 + cut < x1 for cut in cols
    )
