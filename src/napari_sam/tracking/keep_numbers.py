"""Keep numbers: labels for the tracks of a movie that change as few objects as possible."""

import numpy as np
from numpy.typing import NDArray

from .lineage import Lineage


def keep_numbers(lineage: Lineage) -> NDArray[np.int64]:
    """Choose a label for each track: the label of its first object, unless an earlier track has it.

    Further tracks get the labels after the largest.

    Parameters
    ----------
    lineage : Lineage
        The tracks.

    Returns
    -------
    ndarray
        ``(tracks + 1,)`` int64: label by number of the track; 0 for 0.
    """
    labels = lineage.objects.labels
    _, first = np.unique(lineage.tracks, return_index=True)
    numbers = np.concatenate([[0], labels[first]])
    _, owners = np.unique(numbers, return_index=True)
    unlabelled = np.setdiff1d(np.arange(len(numbers)), owners)
    numbers[unlabelled] = int(labels.max(initial=0)) + 1 + np.arange(len(unlabelled))
    return numbers
