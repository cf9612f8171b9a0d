"""Link: objects segmented plane by plane, joined to objects through the stack."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from napari_sam.masks.mask import Mask

from .assign import Link, assign
from .between import blend
from .ending import overlap

Chain = dict[int, Mask]
"""An object: position on the line to its mask there."""

_LEAST_IOU = 0.2
"""IoU of masks on neighbouring planes below which they are not linked."""

_BRIDGE = 0.5
"""Weight factor of a link over a missing plane."""


def link(masks_by_position: Mapping[int, Sequence[Mask]]) -> list[Chain]:
    """Link masks of neighbouring planes, with the largest possible sum of IoUs.

    Each mask has at most one successor and at most one predecessor. A single plane on which an
    object was missed is bridged, and filled with an interpolated mask.

    Parameters
    ----------
    masks_by_position : mapping of int to sequence of Mask
        Position on a line of planes to the objects there.

    Returns
    -------
    list of dict
        The objects in the order of their first planes; each from position to mask, without gaps
        but those of an empty interpolation.

    Notes
    -----
    Joining is a path cover of largest weight in a graph whose edges go up; it is solved exactly as
    an assignment of successors. Source: Jaqaman et al., "Robust single-particle tracking in
    live-cell time-lapse sequences", Nature Methods 5, 2008, for assignment with the alternatives
    of beginning and ending.
    """
    nodes = [(p, mask) for p in sorted(masks_by_position) for mask in masks_by_position[p]]
    successors = assign(len(nodes), list(_links(nodes)))
    starts = sorted(set(range(len(nodes))) - set(successors.values()))
    return [_filled(nodes, successors, start) for start in starts]


def _links(nodes: Sequence[tuple[int, Mask]]) -> Iterator[Link]:
    """Links of nodes on neighbouring planes and the planes after next, weighted by IoU."""
    positions = np.array([position for position, _ in nodes], int)
    boxes = np.array([mask.bbox for _, mask in nodes], int).reshape(-1, 4)
    for gap, factor in ((1, 1.0), (2, _BRIDGE)):
        for position in np.unique(positions):
            lower, upper = (np.flatnonzero(positions == p) for p in (position, position + gap))
            for i, j in zip(*_touching(boxes[lower], boxes[upper]), strict=True):
                first, second = int(lower[i]), int(upper[j])
                iou = overlap(nodes[first][1], nodes[second][1])
                if iou >= _LEAST_IOU:
                    yield Link(first, second, factor * iou)


def _touching(
    first: NDArray[np.intp], second: NDArray[np.intp]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Rows and columns of the pairs of boxes with common pixels."""
    a, b = first[:, None], second[None]
    common = (np.maximum(a[..., :2], b[..., :2]) < np.minimum(a[..., 2:], b[..., 2:])).all(axis=-1)
    rows, cols = np.nonzero(common)
    return rows, cols


def _filled(nodes: Sequence[tuple[int, Mask]], successors: Mapping[int, int], start: int) -> Chain:
    """The chain of a node and all successors, with missing planes interpolated."""
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
