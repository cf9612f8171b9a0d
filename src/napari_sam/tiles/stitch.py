"""Stitch: combine masks and logits of overlapping tiles."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from .bbox import BBox, intersection, place, union
from .cut import inner_sides
from .grid import Tile

SAME_OBJECT = 0.5
"""Share of the smaller part, within the overlap of two tiles, above which the parts are one object.
"""


def merge_logits(
    parts: Sequence[tuple[Tile, NDArray[np.float32]]], within: BBox | None = None
) -> tuple[tuple[int, int], NDArray[np.float32]]:
    """Blend the logits of an object from several tiles.

    Logits are least reliable at the border of a tile, where the model sees only part of the
    surroundings. So each pixel is weighted by its distance to the inner borders of its tile, that
    is, to borders that another tile reaches across: the weight grows from 1 at the border, so that
    no seam shows.

    Parameters
    ----------
    parts : sequence of (Tile, ndarray)
        Tiles of one plane, and their ``(height, width)`` float32 logits.
    within : tuple of int, optional
        ``(y0, x0, y1, x1)``, data pixels: only this region is blended, and the logits are those of
        the part of each tile in it; all tiles by default.

    Returns
    -------
    origin : tuple of int
        ``(y0, x0)``, data pixels.
    logits : ndarray
        ``(h, w)`` float32 of `within`, or of the smallest region that holds all tiles; -inf where
        no tile is.
    """
    together = union(tile.bbox for tile, _ in parts)
    y0, x0, y1, x1 = region = together if within is None else within
    total = np.zeros((y1 - y0, x1 - x0), np.float32)
    weights = np.zeros_like(total)
    for tile, logits in parts:
        if (common := intersection(tile.bbox, region)) is None:
            continue
        inside = place(common, region)
        weight = _distance_to_inner_border(tile, together, common)
        total[inside] += weight * logits
        weights[inside] += weight
    blended = np.full_like(total, -np.inf)
    np.divide(total, weights, out=blended, where=weights > 0)
    return (y0, x0), blended


def _distance_to_inner_border(tile: Tile, region: BBox, part: BBox) -> NDArray[np.float32]:
    """Pixels to the borders of a tile, at least 1, of a part of the tile; ``(h, w)`` float32.

    Borders of the region of all tiles do not count.
    """
    farthest = max(tile.height, tile.width)
    top, left, bottom, right = inner_sides(tile.bbox, region)
    y = _ramp(tile.height, farthest, top, bottom)
    x = _ramp(tile.width, farthest, left, right)
    rows, cols = place(part, tile.bbox)
    return np.minimum(y[rows, None], x[None, cols])


def _ramp(length: int, farthest: int, from_start: bool, from_end: bool) -> NDArray[np.float32]:
    """Distance of each pixel of a line to the nearer of the ends that count, at least 1 pixel."""
    steps = np.arange(1, length + 1, dtype=np.float32)
    distance = np.full(length, farthest, np.float32)
    if from_start:
        distance = np.minimum(distance, steps)
    if from_end:
        distance = np.minimum(distance, steps[::-1])
    return distance


class Part(Protocol):
    """A mask within a tile, such as :class:`~napari_sam.masks.mask.Mask`."""

    @property
    def bbox(self) -> BBox:
        """``(y0, x0, y1, x1)``, data pixels."""

    @property
    def pixels(self) -> NDArray[np.bool_]:
        """``(y1 - y0, x1 - x0)`` bool."""


def group_parts(parts: Sequence[tuple[Tile, Part]]) -> list[list[int]]:
    """Find the parts of each object among the masks of several tiles.

    Two parts of different tiles are one object if, among the pixels that both tiles see, they share
    more than half of the smaller one.

    Parameters
    ----------
    parts : sequence of (Tile, Part)
        Objects of all tiles of one plane.

    Returns
    -------
    list of list of int
        Indices of the parts of each object, in order of first appearance.
    """
    same = [(i, j) for i, j in _touching_pairs(parts) if _same_object(*parts[i], *parts[j])]
    objects: dict[int, list[int]] = {}
    for index, number in enumerate(unite(len(parts), [np.array(same, np.int64).reshape(-1, 2)])):
        objects.setdefault(int(number), []).append(index)
    return list(objects.values())


def unite(count: int, pairs: Iterable[NDArray[np.int64]]) -> NDArray[np.int64]:
    """Number the objects of which parts are joined by pairs.

    Parameters
    ----------
    count : int
        Number of parts.
    pairs : iterable of ndarray
        ``(N, 2)`` int64 each: pairs of parts, counted from 0, of the same object.

    Returns
    -------
    ndarray
        ``(count,)`` int64: the object of each part, numbered from 0 in the order of the objects'
        first parts. It does not depend on the order of the pairs.
    """
    edges = np.concatenate([np.empty((0, 2), np.int64), *pairs])
    graph = coo_array((np.ones(len(edges), np.int8), (edges[:, 0], edges[:, 1])), (count, count))
    _, components = connected_components(graph, directed=False)
    _, first, inverse = np.unique(components, return_index=True, return_inverse=True)
    rank = np.empty(len(first), np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    return np.asarray(rank[inverse], np.int64)


def _touching_pairs(parts: Sequence[tuple[Tile, Part]]) -> Iterator[tuple[int, int]]:
    """Pairs of parts of different tiles whose bounding boxes overlap."""
    not_empty = [i for i, (_, part) in enumerate(parts) if part.pixels.size]
    order = sorted(not_empty, key=lambda i: parts[i][1].bbox[0])
    active: list[int] = []
    for i in order:
        tile, part = parts[i]
        active = [j for j in active if parts[j][1].bbox[2] > part.bbox[0]]
        for j in active:
            other = parts[j][1].bbox
            if parts[j][0] != tile and other[1] < part.bbox[3] and part.bbox[1] < other[3]:
                yield i, j
        active.append(i)


def _same_object(tile: Tile, part: Part, other_tile: Tile, other: Part) -> bool:
    overlap = intersection(tile.bbox, other_tile.bbox)
    common_bbox = intersection(part.bbox, other.bbox)
    shared = intersection(overlap, common_bbox) if overlap and common_bbox else None
    if overlap is None or shared is None:
        return False
    common = np.count_nonzero(_crop(part, shared) & _crop(other, shared))
    smaller = min(np.count_nonzero(_crop(part, overlap)), np.count_nonzero(_crop(other, overlap)))
    return bool(common > SAME_OBJECT * smaller)


def _crop(part: Part, bbox: BBox) -> NDArray[np.bool_]:
    """Pixels of the part inside a box, as a view."""
    inside = intersection(part.bbox, bbox)
    return part.pixels[place(inside, part.bbox)] if inside else part.pixels[:0]
