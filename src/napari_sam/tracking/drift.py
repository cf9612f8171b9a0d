"""Drift: the shift of all objects together between two frames."""

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

_FEWEST = 6
"""Objects in each frame below which their common shift cannot be told from their own motion."""

_MOST = 1000
"""Objects of a frame that vote for the drift, at most: each one with each of the other frame."""

_GAIN = 0.7
"""Share of the distance to the nearest object that must remain after the shift: with more, the
shift is taken for chance."""


def drift_between(
    first: NDArray[np.float64], second: NDArray[np.float64], radius: float
) -> NDArray[np.float64]:
    """Find the shift that most objects of a frame have in common.

    Each pair of an object of the first and of the second frame votes for its displacement. The
    displacement with most votes counts if it brings the objects nearer to each other than no shift,
    and is then refined by the median over nearest neighbours.

    Parameters
    ----------
    first, second : ndarray
        ``(N, D)`` and ``(M, D)`` float64: centres of the objects of two frames, pixels.
    radius : float
        Usual radius of an object, pixels: displacements that differ by less are equal.

    Returns
    -------
    ndarray
        ``(D,)`` float64, pixels, from the first frame to the second; 0 without enough objects.
    """
    still = np.zeros(first.shape[1])
    if min(len(first), len(second)) < _FEWEST:
        return still
    voted = _voted(_some(first), _some(second), radius)
    tree = cKDTree(second)
    if _apart(tree, first + voted) >= _GAIN * _apart(tree, first):
        voted = still
    distances, nearest = tree.query(first + voted, distance_upper_bound=2 * radius)
    near = np.isfinite(distances)
    if np.count_nonzero(near) < _FEWEST:
        return voted
    shift: NDArray[np.float64] = np.median(second[nearest[near]] - first[near], axis=0)
    return shift


def _some(centres: NDArray[np.float64]) -> NDArray[np.float64]:
    """Up to :data:`_MOST` of the centres, evenly from the list."""
    return centres[:: -(-len(centres) // _MOST)]


def _voted(
    first: NDArray[np.float64], second: NDArray[np.float64], radius: float
) -> NDArray[np.float64]:
    """Mean displacement of the pairs in the fullest bin."""
    shifts = (second[None] - first[:, None]).reshape(-1, first.shape[1])
    bins = np.floor(shifts / max(radius, 1.0)).astype(np.int64)
    _, ranks, votes = np.unique(bins, axis=0, return_inverse=True, return_counts=True)
    mean: NDArray[np.float64] = shifts[ranks.ravel() == votes.argmax()].mean(axis=0)
    return mean


def _apart(tree: cKDTree, centres: NDArray[np.float64]) -> float:
    """Median distance from centres to the nearest object of the other frame, pixels."""
    distances, _ = tree.query(centres)
    return float(np.median(distances))
