"""Overlap: pixels shared by true and predicted objects, pair by pair."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Overlap:
    """Pairs of a true and a predicted object with common pixels, in label images of one shape.

    Make one with :func:`overlap`. Objects are numbered from 0, by ascending label.

    Parameters
    ----------
    true_sizes, predicted_sizes : ndarray
        ``(n,)`` and ``(m,)`` int64, pixels of each object.
    true, predicted : ndarray
        ``(k,)`` int64 each: numbers of the objects of each pair.
    common : ndarray
        ``(k,)`` int64, pixels of each pair that lie in both objects; at least 1.
    """

    true_sizes: Ints
    predicted_sizes: Ints
    true: Ints
    predicted: Ints
    common: Ints

    @property
    def ious(self) -> NDArray[np.float64]:
        """Intersection over union of each pair, ``(k,)`` float64, 0 to 1."""
        either = self.true_sizes[self.true] + self.predicted_sizes[self.predicted] - self.common
        ious: NDArray[np.float64] = self.common / either
        return ious

    @property
    def true_shares(self) -> NDArray[np.float64]:
        """Share of the true object in the predicted object, ``(k,)`` float64, 0 to 1."""
        shares: NDArray[np.float64] = self.common / self.true_sizes[self.true]
        return shares

    @property
    def predicted_shares(self) -> NDArray[np.float64]:
        """Share of the predicted object in the true object, ``(k,)`` float64, 0 to 1."""
        shares: NDArray[np.float64] = self.common / self.predicted_sizes[self.predicted]
        return shares


def overlap(truth: NDArray[np.integer], prediction: NDArray[np.integer]) -> Overlap:
    """Count the common pixels of the objects of two label images, flat or stacks.

    Parameters
    ----------
    truth, prediction : ndarray
        Label images: integers of the same shape; 0 is background.

    Returns
    -------
    Overlap

    Raises
    ------
    ValueError
        If the shapes differ.
    """
    if truth.shape != prediction.shape:
        raise ValueError(f"labels of shape {truth.shape} and {prediction.shape} cannot be compared")
    true_labels, true_sizes = np.unique(truth[truth > 0], return_counts=True)
    predicted_labels, predicted_sizes = np.unique(prediction[prediction > 0], return_counts=True)
    labelled = (truth > 0) & (prediction > 0)
    rows = np.searchsorted(true_labels, truth[labelled]).astype(np.int64)
    cols = np.searchsorted(predicted_labels, prediction[labelled]).astype(np.int64)
    width = max(1, len(predicted_labels))
    pairs, common = np.unique(rows * width + cols, return_counts=True)
    return Overlap(
        true_sizes.astype(np.int64),
        predicted_sizes.astype(np.int64),
        pairs // width,
        pairs % width,
        common.astype(np.int64),
    )
