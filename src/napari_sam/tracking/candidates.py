"""Candidates: possible links between the objects of two frames, with their fit."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

REACH = 1.5
"""Distance between the centres of an object in two frames, at most, in diameters of the usual
object; for a user who gives no distance."""

DISTANCE, OVERLAP, SIZE = 0.5, 0.3, 0.2
"""Share of the distance, of the missing overlap and of the difference in size in the misfit of a
link. Tried by benchmarks/tracking.py."""


@dataclass(frozen=True, slots=True, eq=False)
class Side:
    """Objects of one of two frames.

    Parameters
    ----------
    labels : ndarray
        ``(N,)`` int64, ascending.
    pixels : ndarray
        ``(N,)`` int64: pixels of each.
    positions : ndarray
        ``(N, D)`` float64, pixels of the side of x, without drift.
    """

    labels: NDArray[np.int64]
    pixels: NDArray[np.int64]
    positions: NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """Possible links between two frames.

    Made by :func:`candidates`; chosen from by :func:`~napari_sam.tracking.link_frames.link_frames`.

    Parameters
    ----------
    first, second : ndarray
        ``(M,)`` intp: indices of the objects on the two sides.
    fit : ndarray
        ``(M,)`` float64, above 0, at most 1.
    """

    first: NDArray[np.intp]
    second: NDArray[np.intp]
    fit: NDArray[np.float64]


def candidates(
    before: Side,
    after: Side,
    pairs: NDArray[np.int64],
    counts: NDArray[np.int64],
    reach: float,
) -> Candidates:
    """Objects of two frames that overlap or lie near each other, with the fit of each pair.

    The fit is 1 without the weighted sum of three misfits: the square of the distance as a share
    of the reach, the missing IoU, and the missing ratio of sizes.

    Parameters
    ----------
    before, after : Side
        The objects.
    pairs, counts : ndarray
        Common pixels, from :func:`~napari_sam.tracking.overlaps.overlaps`.
    reach : float
        Largest distance of two centres that do not overlap, pixels of the side of x.
    """
    first, second, common = _pairs(before, after, pairs, counts, reach)
    distance = np.linalg.norm(before.positions[first] - after.positions[second], axis=1)
    a, b = before.pixels[first].astype(float), after.pixels[second].astype(float)
    iou = common / (a + b - common)
    ratio = np.minimum(a, b) / np.maximum(a, b)
    far = np.minimum(1.0, (distance / reach) ** 2)
    fit = 1 - (DISTANCE * far + OVERLAP * (1 - iou) + SIZE * (1 - ratio))
    return Candidates(first, second, np.maximum(fit, 1e-3))


def _pairs(
    before: Side,
    after: Side,
    pairs: NDArray[np.int64],
    counts: NDArray[np.int64],
    reach: float,
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.int64]]:
    """Indices of all pairs, and their common pixels; 0 for neighbours without overlap."""
    if not len(before.labels) or not len(after.labels):
        nothing = np.empty(0, np.intp)
        return nothing, nothing, np.empty(0, np.int64)
    near = cKDTree(before.positions).query_ball_tree(cKDTree(after.positions), reach)
    common = {(i, j): 0 for i, row in enumerate(near) for j in row}
    first = np.searchsorted(before.labels, pairs[:, 0]).tolist()
    second = np.searchsorted(after.labels, pairs[:, 1]).tolist()
    common |= dict(zip(zip(first, second, strict=True), counts.tolist(), strict=True))
    indices = np.array(sorted(common), np.intp).reshape(-1, 2)
    return indices[:, 0], indices[:, 1], np.array([common[i, j] for i, j in indices.tolist()])
