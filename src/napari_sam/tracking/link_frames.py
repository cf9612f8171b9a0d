"""Link frames: successors of objects in the next frame, with the doubt of each link."""

from collections import defaultdict

import numpy as np

from napari_sam.propagation.assign import Link, assign

from .candidates import Candidates
from .movie_objects import Links

_WORTH = 0.1
"""Fit above which a link is better than an end and a beginning."""


def link_frames(possible: Candidates, count: int, start: int) -> Links:
    """Choose links of the largest total fit between two frames.

    Parameters
    ----------
    possible : Candidates
        The possible links.
    count : int
        Objects of the first frame.
    start : int
        Row of the first object of the first frame; those of the second follow.

    Returns
    -------
    Links
        At most one from and to each object, with rows of
        :class:`~napari_sam.tracking.movie_objects.MovieObjects`.
    """
    rows = zip(
        possible.first.tolist(), possible.second.tolist(), possible.fit.tolist(), strict=True
    )
    fits = {(i, j): fit - _WORTH for i, j, fit in rows if fit > _WORTH}
    size = 1 + max((max(i, j + count) for i, j in fits), default=-1)
    chosen = assign(size, [Link(i, j + count, fit) for (i, j), fit in fits.items()])
    links = [(i, j - count) for i, j in sorted(chosen.items())]
    doubts = _doubts(links, fits)
    first = np.array([i for i, _ in links], np.intp) + start
    second = np.array([j for _, j in links], np.intp) + start + count
    return Links(first, second, np.array(doubts, float))


def _doubts(links: list[tuple[int, int]], fits: dict[tuple[int, int], float]) -> list[float]:
    """Doubt of each link: 1 minus the loss of fit by the best exchange of ends."""
    successor, predecessor = dict(links), {j: i for i, j in links}
    other_ends = defaultdict(list)
    for i, j in fits:
        if successor.get(i) != j:
            other_ends[i].append(j)
            other_ends[~j].append(i)  # beginnings have negative keys
    doubts = []
    for i, j in links:
        lost = [fits[i, j]]
        for end in other_ends[i]:
            rival = predecessor.get(end, -1)
            without = fits[i, j] + fits.get((rival, end), 0.0)
            lost.append(without - fits[i, end] - fits.get((rival, j), 0.0))
        for begin in other_ends[~j]:
            if begin not in successor:
                lost.append(fits[i, j] - fits[begin, j])
        doubts.append(float(np.clip(1 - min(lost), 0.0, 1.0)))
    return doubts
