"""Enlarged: tiles whose objects are small are segmented enlarged.

Masks are drawn at a quarter of the model's resolution, where a small object hardly has a middle and
a border. Encoding a whole tile enlarged would cost more than twice as much. So only tiles in which
most objects are small are enlarged, only around their small objects, and of an overlap of tiles
each tile enlarges its half. `zoom.py` chooses how much.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from math import ceil, inf

import numpy as np
from numpy.typing import NDArray

from napari_sam.embeddings.embedding import Embedding
from napari_sam.masks.decode import Answer, tile_matrices
from napari_sam.masks.mask import Mask
from napari_sam.model.config import ModelConfig
from napari_sam.model.preprocess import input_size
from napari_sam.model.sam import MASK_STRIDE
from napari_sam.tiles.bbox import BBox
from napari_sam.tiles.grid import Tile

from .propose import Proposals

SMALL = 22.0
"""Median over a tile of the root of the boxes' areas, data pixels, below which it is enlarged."""

ZOOM = 1.5
"""Times by which the parts of a tile are enlarged at least."""

PART = 624
"""Side of the largest part of a tile, enlarged pixels: the encoder takes least time for a pixel."""

MARGIN = 48
"""Enlarged pixels around the small objects of a part that are encoded with them."""

OVERLAP = 16
"""Data pixels by which a part may reach into its neighbours. An object on the seam of two parts
with a diameter up to twice as large lies whole in one of them."""

Enlarge = Callable[[Tile], Embedding]
"""Encodes a zoomed tile, as :meth:`~napari_sam.embeddings.encode.Encoder.enlarge`."""


def are_small(proposals: Proposals) -> bool:
    """Whether a tile with such proposals is to be enlarged; without boxes, it is not."""
    return median_side(proposals) < SMALL


def median_side(proposals: Proposals) -> float:
    """Median of the root of the boxes' areas, pixels of the tile; infinite without boxes."""
    if proposals.boxes is None or not len(proposals):
        return inf
    return float(np.median(_sides(np.add(proposals.boxes, (0, 0, 1, 1)))))


def _sides(boxes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Root of the area of each box ``(N, 4)``, data pixels, the ends excluded."""
    sides: NDArray[np.float64] = np.sqrt((boxes[:, 2:] - boxes[:, :2]).prod(axis=1))
    return sides


def parts(tile: Tile, zoom: float = ZOOM) -> Iterator[Tile]:
    """Zoomed parts that cover a tile without overlap, each at most :data:`PART` a side."""
    for y0, y1 in pairwise(_cuts(tile.height, zoom)):
        for x0, x1 in pairwise(_cuts(tile.width, zoom)):
            y, x = tile.y0 + y0, tile.x0 + x0
            yield replace(tile, y0=y, x0=x, height=y1 - y0, width=x1 - x0, zoom=zoom)


def small_parts(
    tile: Tile, boxes: NDArray[np.float64], region: BBox, zoom: float = ZOOM
) -> Iterator[Tile]:
    """Zoomed parts of a tile around its small objects.

    Parameters
    ----------
    tile : Tile
        The tile.
    boxes : ndarray
        ``(N, 4)`` float64, ``y0, x0, y1, x1``, data pixels of the plane, the ends excluded: the
        objects to enlarge.
    region : tuple of int
        ``(y0, x0, y1, x1)``, data pixels of the plane: only this part of the tile is enlarged.
    zoom : float
        Times by which the parts are enlarged.

    Yields
    ------
    Tile
        Those :func:`parts` of the region that hold the middle of an object, cut to their objects
        and :data:`MARGIN` around them, but at most :data:`OVERLAP` into the neighbours.
    """
    middles = (boxes[:, :2] + boxes[:, 2:]) / 2
    lowest, highest = np.reshape(tile.bbox, (2, 2))
    margin = round(MARGIN / zoom)
    y0, x0, y1, x1 = region
    for part in parts(replace(tile, y0=y0, x0=x0, height=y1 - y0, width=x1 - x0), zoom):
        first, end = np.reshape(part.bbox, (2, 2))
        inside = boxes[((middles >= first) & (middles < end)).all(axis=1)]
        if len(inside):
            first, end = np.maximum(first - OVERLAP, lowest), np.minimum(end + OVERLAP, highest)
            low = np.maximum(np.floor(inside[:, :2].min(axis=0)) - margin, first).astype(int)
            high = np.minimum(np.ceil(inside[:, 2:].max(axis=0)) + margin, end).astype(int)
            (y, x), (height, width) = low.tolist(), (high - low).tolist()
            yield replace(part, y0=y, x0=x, height=height, width=width)


def small(boxes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Boxes ``(N, 4)`` of small objects, data pixels, the ends excluded."""
    return boxes[_sides(boxes) < SMALL]


def held_by(zoomed: Sequence[Tile], boxes: NDArray[np.float64], tile: Tile) -> NDArray[np.bool_]:
    """Whether a part of a tile holds objects whole, with a pixel around them inside the tile.

    Parameters
    ----------
    zoomed : sequence of Tile
        The parts.
    boxes : ndarray
        ``(N, 4)`` float64 as in :func:`small_parts`.
    tile : Tile
        The tile.

    Returns
    -------
    ndarray
        ``(N,)`` bool.
    """
    grown = np.add(np.rint(boxes), (-1, -1, 1, 1))
    low, high = np.maximum(grown[:, :2], tile.bbox[:2]), np.minimum(grown[:, 2:], tile.bbox[2:])
    inside = [((low >= p.bbox[:2]) & (high <= p.bbox[2:])).all(axis=1) for p in zoomed]
    held: NDArray[np.bool_] = np.any([np.zeros(len(boxes), bool), *inside], axis=0)
    return held


def _cuts(length: int, zoom: float = ZOOM) -> list[int]:
    """Where the parts of a side begin and end, data pixels from its start."""
    count = ceil(length * zoom / PART)
    return [round(length * i / count) for i in range(count + 1)]


def as_if_larger(config: ModelConfig, embedding: Embedding) -> Embedding:
    """The embedding of a zoomed tile, described as the only tile of an enlarged image.

    Its coordinates are enlarged pixels from the corner of the tile; :func:`in_data_pixels` turns
    answers back.
    """
    tile = embedding.tile
    larger = Tile(tile.plane, 0, 0, 0, 0, *input_size(config, tile.height, tile.width, tile.zoom))
    return replace(embedding, tile=larger)


def in_data_pixels(config: ModelConfig, answer: Answer, part: Tile) -> Answer:
    """An answer in enlarged pixels, see :func:`as_if_larger`, moved to data pixels.

    Parameters
    ----------
    config : ModelConfig
        Of the model.
    answer : Answer
        Its window begins at a whole mask cell.
    part : Tile
        The zoomed tile.

    Returns
    -------
    Answer
        With the same logits; its tile has the data pixels whose centres lie in the window.
    """
    window = answer.tile
    larger = input_size(config, part.height, part.width, part.zoom)
    matrices = tile_matrices(config, part.height, part.width, part.zoom)
    (y0, y1), (x0, x1) = (
        (_first_from(start, n, size), _first_from(end, n, size))
        for start, end, n, size in zip(
            window.bbox[:2], window.bbox[2:], (part.height, part.width), larger, strict=True
        )
    )
    h, w = answer.low_res_logits.shape
    row, col = window.y0 // MASK_STRIDE, window.x0 // MASK_STRIDE
    return replace(
        answer,
        tile=replace(part, y0=part.y0 + y0, x0=part.x0 + x0, height=y1 - y0, width=x1 - x0),
        rows=matrices[0][y0:y1, row : row + h],
        cols=matrices[1][x0:x1, col : col + w],
    )


def _first_from(place: int, length: int, enlarged: int) -> int:
    """First data pixel with its centre at or behind the border before an enlarged pixel.

    `length` data pixels are `enlarged` pixels wide.
    """
    return ceil(place * length / enlarged - 0.5)


def crosses(mask: Mask, tile: Tile) -> bool:
    """Whether a mask crosses a seam between the :func:`parts` of its tile."""
    y0, x0, y1, x1 = mask.bbox
    rows, cols = (cuts[1:-1] for cuts in (_cuts(tile.height), _cuts(tile.width)))
    return any(y0 < tile.y0 + cut < y1 for cut in rows) or any(
        x0 < tile.x0 + cut < x1 for cut in cols
    )
