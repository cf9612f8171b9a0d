"""Matching: predicted objects against true objects, as counts and average precision."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import maximum_bipartite_matching

from .overlap import Overlap, overlap

THRESHOLDS = tuple(round(0.5 + 0.05 * i, 2) for i in range(10))
"""Thresholds of the IoU, 0.5 to 0.95, at which precisions are computed and averaged."""

PART = 0.1
"""Share of a true object's pixels below which a predicted object is no part of a split."""


@dataclass(frozen=True, slots=True)
class Detection:
    """Comparison of predicted with true objects, of a plane or a stack.

    Made by :func:`detect`; averaged over images by :func:`~napari_sam.evaluate.figures.summarise`.

    Parameters
    ----------
    objects, predicted : int
        Numbers of true and of predicted objects.
    precisions : tuple of float
        TP / (TP + FP + FN) at each of :data:`THRESHOLDS`, 0 to 1: the average precision of
        StarDist (arXiv:1806.03535), called segmentation accuracy by micro-sam.
    missed : int
        True objects with less than half of their pixels in predicted objects.
    split : int
        True objects with two or more parts. A part is a predicted object that has more than half
        of its pixels in the true object, and covers at least :data:`PART` of the true object.
    merged : int
        True objects with more than half of their pixels in a predicted object that holds more than
        half of another true object too.
    added : int
        Predicted objects with less than half of their pixels in true objects.
    """

    objects: int
    predicted: int
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
        """Mean of the precisions over all thresholds, 0.5 to 0.95: micro-sam's mSA."""
        return float(np.mean(self.precisions))


def detect(truth: NDArray[np.integer], prediction: NDArray[np.integer]) -> Detection:
    """Compare predicted with true objects.

    Parameters
    ----------
    truth, prediction : ndarray
        Label images: integers of the same shape, ``(y, x)`` or ``(z, y, x)``; 0 is background.

    Returns
    -------
    Detection
    """
    shared = overlap(truth, prediction)
    return Detection(
        objects=len(shared.true_sizes),
        predicted=len(shared.predicted_sizes),
        precisions=tuple(precision(shared, threshold) for threshold in THRESHOLDS),
        missed=_outside(shared.true, shared.true_shares, len(shared.true_sizes)),
        split=_split(shared),
        merged=_merged(shared),
        added=_outside(shared.predicted, shared.predicted_shares, len(shared.predicted_sizes)),
    )


def matches(shared: Overlap, threshold: float) -> int:
    """Count true positives: a largest matching of true with predicted objects, one to one.

    Parameters
    ----------
    shared : Overlap
        Pixels that true and predicted objects share.
    threshold : float
        Smallest IoU of a matched pair, over 0.

    Returns
    -------
    int
        Number of pairs; no choice of pairs has more.
    """
    near = shared.ious >= threshold
    if not near.any():
        return 0
    shape = len(shared.true_sizes), len(shared.predicted_sizes)
    graph = csr_matrix((near[near], (shared.true[near], shared.predicted[near])), shape)
    return int((maximum_bipartite_matching(graph) >= 0).sum())


def precision(shared: Overlap, threshold: float) -> float:
    """Compute TP / (TP + FP + FN) at a smallest IoU; 1 without true and predicted objects."""
    objects = len(shared.true_sizes) + len(shared.predicted_sizes)
    hits = matches(shared, threshold)
    return hits / (objects - hits) if objects else 1.0


def _outside(numbers: NDArray[np.int64], shares: NDArray[np.float64], count: int) -> int:
    """Count objects with less than half of their pixels in objects of the second label image.

    Parameters
    ----------
    numbers : ndarray
        ``(k,)`` int64, the object of each overlapping pair, from 0.
    shares : ndarray
        ``(k,)`` float64, share of the object's pixels that the pair has in common, 0 to 1.
    count : int
        Number of objects, with those that overlap nothing.
    """
    return int((np.bincount(numbers, shares, count) < 0.5).sum())


def _split(shared: Overlap) -> int:
    """Count true objects with two or more parts; see :class:`Detection`."""
    parts = (shared.predicted_shares > 0.5) & (shared.true_shares >= PART)
    return int((np.bincount(shared.true[parts], minlength=1) > 1).sum())


def _merged(shared: Overlap) -> int:
    """Count true objects in a predicted object with others; see :class:`Detection`."""
    inside = shared.true_shares > 0.5
    objects_inside = np.bincount(shared.predicted[inside], minlength=1)
    return int(objects_inside[objects_inside > 1].sum())
