"""Link: objects that were found plane by plane, to objects that go through planes."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import min_weight_full_bipartite_matching

from napari_sam.masks.mask import Mask

from .between import blend
from .ending import overlap

Chain = dict[int, Mask]
"""One object: position on the line to its mask there."""

_LEAST_IOU = 0.2  # two objects of neighbouring planes with less in common are not one
_BRIDGE = 0.5  # what a link over a gap counts beside one without
_NOTHING = 1e-6  # what it counts to begin or to end


@dataclass(frozen=True, slots=True)
class Link:
    """Two objects that may be one.

    Parameters
    ----------
    first, second : int
        Their numbers.
    weight : float
        How well they fit, from 0 to 1.
    """

    first: int
    second: int
    weight: float


def link(found: Mapping[int, Sequence[Mask]]) -> list[Chain]:
    """Join the objects of all planes so that the sum of the IoUs of what is joined is largest.

    Each object has one successor at most and is the successor of one at most. One plane on which
    an object was missed is bridged, and filled with a mask between its neighbours.

    Parameters
    ----------
    found : mapping of int to sequence of Mask
        Position on a line of planes to the objects there.

    Returns
    -------
    list of dict
        The objects in the order of their first planes; each from position to mask, without gaps.

    Notes
    -----
    Joining is a path cover of largest weight in a graph whose edges go up; it is solved exactly as
    an assignment of successors. Source: Jaqaman et al., "Robust single-particle tracking in
    live-cell time-lapse sequences", Nature Methods 5, 2008, for assignment with the alternatives
    of beginning and ending.
    """
    nodes = [(position, mask) for position in sorted(found) for mask in found[position]]
    successors = assign(len(nodes), list(_links(nodes)))
    starts = sorted(set(range(len(nodes))) - set(successors.values()))
    return [_filled(nodes, successors, start) for start in starts]


def _links(nodes: Sequence[tuple[int, Mask]]) -> Iterator[Link]:
    positions = np.array([position for position, _ in nodes], int)
    boxes = np.array([mask.bbox for _, mask in nodes], int).reshape(-1, 4)
    for gap, worth in ((1, 1.0), (2, _BRIDGE)):
        for position in np.unique(positions):
            here, there = (np.flatnonzero(positions == p) for p in (position, position + gap))
            for i, j in zip(*_touching(boxes[here], boxes[there]), strict=True):
                first, second = int(here[i]), int(there[j])
                common = overlap(nodes[first][1], nodes[second][1])
                if common >= _LEAST_IOU:
                    yield Link(first, second, worth * common)


def _touching(
    first: NDArray[np.intp], second: NDArray[np.intp]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Pairs of boxes that have pixels in common."""
    a, b = first[:, None], second[None]
    common = (np.maximum(a[..., :2], b[..., :2]) < np.minimum(a[..., 2:], b[..., 2:])).all(axis=-1)
    rows, cols = np.nonzero(common)
    return rows, cols


def assign(count: int, links: Sequence[Link]) -> dict[int, int]:
    """Choose links so that their weights add up to the most, one from each object and to each.

    Parameters
    ----------
    count : int
        How many objects there are.
    links : sequence of Link
        That are possible.

    Returns
    -------
    dict of int to int
        The successor of each object that gets one.
    """
    if not links:
        return {}
    # Each object may also be followed by an end of its own, so that a full matching exists.
    own = np.arange(count)
    first = np.concatenate([[link.first for link in links], own])
    second = np.concatenate([[link.second for link in links], count + own])
    weight = np.concatenate([[link.weight for link in links], np.full(count, _NOTHING)])
    graph = coo_array((weight, (first, second)), shape=(count, 2 * count)).tocsr()
    rows, cols = min_weight_full_bipartite_matching(graph, maximize=True)
    return {int(i): int(j) for i, j in zip(rows, cols, strict=True) if j < count}


def _filled(nodes: Sequence[tuple[int, Mask]], successors: Mapping[int, int], start: int) -> Chain:
    position, mask = nodes[start]
    chain = {position: mask}
    number = start
    while (following := successors.get(number)) is not None:
        last, number = (position, mask), following
        position, mask = nodes[number]
        if position - last[0] == 2:
            plane = mask.plane
            between = tuple((a + b) // 2 for a, b in zip(last[1].plane, plane, strict=True))
            middle = blend(last[1], mask, 0.5, between)
            if not middle.empty:
                chain[position - 1] = middle
        chain[position] = mask
    return chain
