"""Stitch: answers of overlapping tiles to one plane."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from .bbox import BBox, intersection, place
from .cut import inner_sides
from .grid import Tile

SAME_OBJECT = 0.5  # share of the smaller part, inside the common pixels, that both parts have


def merge_logits(
    parts: Sequence[tuple[Tile, NDArray[np.float32]]],
) -> tuple[tuple[int, int], NDArray[np.float32]]:
    """Blend what several tiles say about one object.

    A tile knows least at its border, where it sees only one side of things. So each counts by
    the distance to its inner borders, those that another tile reaches across, and no seam shows
    where one hands over to the next.

    Parameters
    ----------
    parts : sequence of (Tile, ndarray)
        Tiles of one plane, and their ``(height, width)`` float32 logits.

    Returns
    -------
    origin : tuple of int
        ``(y0, x0)``, data pixels.
    logits : ndarray
        ``(h, w)`` float32 of the smallest region that holds all tiles; -inf where no tile is.
    """
    y0, x0 = min(t.y0 for t, _ in parts), min(t.x0 for t, _ in parts)
    y1, x1 = max(t.y1 for t, _ in parts), max(t.x1 for t, _ in parts)
    total = np.zeros((y1 - y0, x1 - x0), np.float32)
    weights = np.zeros_like(total)
    for tile, logits in parts:
        place = np.s_[tile.y0 - y0 : tile.y1 - y0, tile.x0 - x0 : tile.x1 - x0]
        weight = _distance_to_inner_border(tile, (y0, x0, y1, x1))
        total[place] += weight * logits
        weights[place] += weight
    blended = np.full_like(total, -np.inf)
    np.divide(total, weights, out=blended, where=weights > 0)
    return (y0, x0), blended


def _distance_to_inner_border(tile: Tile, region: BBox) -> NDArray[np.float32]:
    """``(height, width)`` float32, pixels, at least 1; borders of the region are not inner."""
    farthest = max(tile.height, tile.width)
    top, left, bottom, right = inner_sides(tile.bbox, region)
    y = _ramp(tile.height, farthest, top, bottom)
    x = _ramp(tile.width, farthest, left, right)
    return np.minimum(y[:, None], x[None])


def _ramp(length: int, farthest: int, from_start: bool, from_end: bool) -> NDArray[np.float32]:
    """Distance of each pixel of a line to those of its ends that count."""
    steps = np.arange(1, length + 1, dtype=np.float32)
    distance = np.full(length, farthest, np.float32)
    if from_start:
        distance = np.minimum(distance, steps)
    if from_end:
        distance = np.minimum(distance, steps[::-1])
    return distance


class Part(Protocol):
    """What of a mask is needed to stitch it."""

    @property
    def bbox(self) -> BBox:
        """``(y0, x0, y1, x1)``, data pixels."""

    @property
    def pixels(self) -> NDArray[np.bool_]:
        """``(y1 - y0, x1 - x0)`` bool."""


def group_parts(parts: Sequence[tuple[Tile, Part]]) -> list[list[int]]:
    """Find the parts that are one object, seen by several tiles.

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
    """The object that each part belongs to.

    Parameters
    ----------
    count : int
        How many parts there are.
    pairs : iterable of ndarray
        ``(N, 2)`` int64 each: parts, counted from 0, that are one object.

    Returns
    -------
    ndarray
        ``(count,)`` int64: numbers of the objects from 0, in the order of their first parts. It
        does not depend on the order of the pairs.
    """
    edges = np.concatenate([np.empty((0, 2), np.int64), *pairs])
    graph = coo_array((np.ones(len(edges), np.int8), (edges[:, 0], edges[:, 1])), (count, count))
    _, found = connected_components(graph, directed=False)
    _, first, inverse = np.unique(found, return_index=True, return_inverse=True)
    rank = np.empty(len(first), np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    return np.asarray(rank[inverse], np.int64)


def _touching_pairs(parts: Sequence[tuple[Tile, Part]]) -> Iterator[tuple[int, int]]:
    """Pairs of parts of different tiles whose bounding boxes overlap."""
    in_seam = [i for i, (tile, part) in enumerate(parts) if part.pixels.size]
    order = sorted(in_seam, key=lambda i: parts[i][1].bbox[0])
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
    seen, touched = intersection(tile.bbox, other_tile.bbox), intersection(part.bbox, other.bbox)
    shared = intersection(seen, touched) if seen and touched else None
    if seen is None or shared is None:
        return False
    both = np.count_nonzero(_crop(part, shared) & _crop(other, shared))
    smaller = min(np.count_nonzero(_crop(part, seen)), np.count_nonzero(_crop(other, seen)))
    return bool(both > SAME_OBJECT * smaller)


def _crop(part: Part, bbox: BBox) -> NDArray[np.bool_]:
    """The part's pixels inside of ``bbox``, as a view."""
    inside = intersection(part.bbox, bbox)
    return part.pixels[place(inside, part.bbox)] if inside else part.pixels[:0]
