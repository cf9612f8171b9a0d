"""Matching: found objects against true ones, as counts and as average precision."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import maximum_bipartite_matching

from .overlap import Overlap, overlap

THRESHOLDS = tuple(round(0.5 + 0.05 * i, 2) for i in range(10))
"""Of the IoU, over which the mean is taken."""

PART = 0.1
"""Share of a true object from which a piece of it counts as a part, and not as a crumb."""


@dataclass(frozen=True, slots=True)
class Detection:
    """How well the objects of an image were found.

    Parameters
    ----------
    objects, found : int
        True objects, and found ones.
    precisions : tuple of float
        TP / (TP + FP + FN) at each of :data:`THRESHOLDS`, 0 to 1: what micro-sam and StarDist
        (arXiv:1806.03535) call segmentation accuracy or average precision.
    missed : int
        True objects of which less than half is in any found object.
    split : int
        True objects that have two or more parts: found objects with more than half of their pixels
        in it, and at least :data:`PART` of its own.
    merged : int
        True objects that lie, with more than half of their pixels, in a found object in which
        another true one does so too.
    added : int
        Found objects that lie, with more than half of their pixels, on no true object.
    """

    objects: int
    found: int
    precisions: tuple[float, ...]
    missed: int
    split: int
    merged: int
    added: int

    @property
    def ap50(self) -> float:
        """Average precision at an IoU of 0.5."""
        return self.precisions[0]

    @property
    def msa(self) -> float:
        """Mean over all thresholds, 0.5 to 0.95."""
        return float(np.mean(self.precisions))


def detect(truth: NDArray[np.integer], found: NDArray[np.integer]) -> Detection:
    """Compare found objects with true ones.

    Parameters
    ----------
    truth, found : ndarray
        Integers of the same shape, ``(y, x)`` or ``(z, y, x)``; 0 is background.

    Returns
    -------
    Detection
    """
    both = overlap(truth, found)
    return Detection(
        objects=len(both.true_sizes),
        found=len(both.found_sizes),
        precisions=tuple(precision(both, threshold) for threshold in THRESHOLDS),
        missed=_outside(both.true, both.true_shares, len(both.true_sizes)),
        split=_split(both),
        merged=_merged(both),
        added=_outside(both.found, both.found_shares, len(both.found_sizes)),
    )


def matches(both: Overlap, threshold: float) -> int:
    """Most pairs of a true and a found object that reach an IoU, each object in one pair.

    Parameters
    ----------
    both : Overlap
        Of the two label images.
    threshold : float
        The least IoU of a pair, over 0.

    Returns
    -------
    int
        True positives.
    """
    near = both.ious >= threshold
    if not near.any():
        return 0
    shape = len(both.true_sizes), len(both.found_sizes)
    graph = csr_matrix((near[near], (both.true[near], both.found[near])), shape)
    return int((maximum_bipartite_matching(graph) >= 0).sum())


def precision(both: Overlap, threshold: float) -> float:
    """TP / (TP + FP + FN) at an IoU; 1 where nothing is to be found and nothing was."""
    together = len(both.true_sizes) + len(both.found_sizes)
    hits = matches(both, threshold)
    return hits / (together - hits) if together else 1.0


def _outside(numbers: NDArray[np.int64], shares: NDArray[np.float64], count: int) -> int:
    """How many objects share less than half of their pixels with all others together."""
    return int((np.bincount(numbers, shares, count) < 0.5).sum())


def _split(both: Overlap) -> int:
    parts = (both.found_shares > 0.5) & (both.true_shares >= PART)
    return int((np.bincount(both.true[parts], minlength=1) > 1).sum())


def _merged(both: Overlap) -> int:
    inside = both.true_shares > 0.5
    held = np.bincount(both.found[inside], minlength=1)
    return int(held[held > 1].sum())
