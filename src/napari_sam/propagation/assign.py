"""Assign: each predecessor its successor, with the largest total weight."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import min_weight_full_bipartite_matching

_NOTHING = 1e-6
"""Weight of ending: below that of any link."""


@dataclass(frozen=True, slots=True)
class Link:
    """A possible join of two masks, or of two chains.

    Parameters
    ----------
    first, second : int
        Numbers of the predecessor and its successor.
    weight : float
        Fit of the two, from 0 to 1.
    """

    first: int
    second: int
    weight: float


def assign(count: int, links: Sequence[Link]) -> dict[int, int]:
    """Choose links of the largest total weight, without two from, or two to, the same number.

    Parameters
    ----------
    count : int
        How many masks or chains are numbered, from 0.
    links : sequence of Link
        The possible links.

    Returns
    -------
    dict of int to int
        Number to the number of its successor; without, a number is not in it.
    """
    if not links:
        return {}
    # Each number may also be followed by an end of its own, so that a full matching exists.
    numbers = np.arange(count)
    first = np.concatenate([[link.first for link in links], numbers])
    second = np.concatenate([[link.second for link in links], count + numbers])
    weight = np.concatenate([[link.weight for link in links], np.full(count, _NOTHING)])
    graph = coo_array((weight, (first, second)), shape=(count, 2 * count)).tocsr()
    rows, cols = min_weight_full_bipartite_matching(graph, maximize=True)
    return {int(i): int(j) for i, j in zip(rows, cols, strict=True) if j < count}
