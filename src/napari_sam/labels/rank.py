"""Rank: labels replaced by their places in the order of all labels, without gaps."""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def rank_labels(labels: NDArray[Any]) -> tuple[NDArray[Any], NDArray[np.intp]]:
    """Replace labels, which may be large and have gaps, by ranks.

    Parameters
    ----------
    labels : ndarray
        Integers of any shape; 0 is background, and no label is negative.

    Returns
    -------
    values : ndarray
        ``(n + 1,)`` in the type of `labels`: the labels in ascending order, after a 0 at the start.
    ranks : ndarray
        The shape of `labels`: index of each pixel's label in `values`; 0 in the background.
    """
    values, ranks = np.unique(np.append(labels, labels.dtype.type(0)), return_inverse=True)
    return values, ranks[:-1].reshape(labels.shape)
