"""Overlap: which true and which found objects have pixels in common, and how many."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Overlap:
    """What two label images of the same shape have in common.

    Make one with :func:`overlap`. Objects are numbered from 0, by ascending label.

    Parameters
    ----------
    true_sizes, found_sizes : ndarray
        ``(n,)`` and ``(m,)`` int64, pixels of each object.
    true, found : ndarray
        ``(k,)`` int64 each: the pairs that have a pixel in common.
    common : ndarray
        ``(k,)`` int64, pixels that each pair has in common.
    """

    true_sizes: Ints
    found_sizes: Ints
    true: Ints
    found: Ints
    common: Ints

    @property
    def ious(self) -> NDArray[np.float64]:
        """Intersection over union of each pair, ``(k,)`` float64, 0 to 1."""
        either = self.true_sizes[self.true] + self.found_sizes[self.found] - self.common
        ious: NDArray[np.float64] = self.common / either
        return ious

    @property
    def true_shares(self) -> NDArray[np.float64]:
        """Share of the true object that lies in the found one, ``(k,)`` float64, 0 to 1."""
        shares: NDArray[np.float64] = self.common / self.true_sizes[self.true]
        return shares

    @property
    def found_shares(self) -> NDArray[np.float64]:
        """Share of the found object that lies in the true one, ``(k,)`` float64, 0 to 1."""
        shares: NDArray[np.float64] = self.common / self.found_sizes[self.found]
        return shares


def overlap(truth: NDArray[np.integer], found: NDArray[np.integer]) -> Overlap:
    """Compare two label images, flat or stacks.

    Parameters
    ----------
    truth, found : ndarray
        Integers of the same shape; 0 is background.

    Returns
    -------
    Overlap

    Raises
    ------
    ValueError
        If the shapes differ.
    """
    if truth.shape != found.shape:
        raise ValueError(f"labels of shape {truth.shape} and {found.shape} cannot be compared")
    true_labels, true_sizes = np.unique(truth[truth > 0], return_counts=True)
    found_labels, found_sizes = np.unique(found[found > 0], return_counts=True)
    both = (truth > 0) & (found > 0)
    rows = np.searchsorted(true_labels, truth[both]).astype(np.int64)
    cols = np.searchsorted(found_labels, found[both]).astype(np.int64)
    width = max(1, len(found_labels))
    pairs, common = np.unique(rows * width + cols, return_counts=True)
    return Overlap(
        true_sizes.astype(np.int64),
        found_sizes.astype(np.int64),
        pairs // width,
        pairs % width,
        common.astype(np.int64),
    )
