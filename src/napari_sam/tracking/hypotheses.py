"""Hypotheses: gaps and divisions that may explain the beginning of a chain of links."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .movie_objects import Links, MovieObjects
from .options import TrackingOptions

NEAR_MISS = 1.3
"""Cost below which a division is a hypothesis; from 1 on it is only proposed to the user."""

_MEMORY = 3
"""Frames before a gap or division from which the motion and the size of an object are taken."""

_FAR, _SIZE = 0.7, 0.6
"""Weights of the distance and of the difference in size in the cost of a gap."""

_MIDDLE, _TOTAL, _UNLIKE, _GROWN, _BRIEF = 1.5, 1.2, 0.6, 2.0, 0.3
"""Weights in the cost of a division: distance of the middle of the daughters from the mother, size
of both against the mother's, difference of the daughters, sudden growth of the mother as of two
objects that are segmented as one, and a daughter that is there on one frame alone. Tried by
benchmarks/tracking.py."""

_APART = 3.0
"""Distance between the daughters' centres, in radii of the mother, above which they are none."""


@dataclass(frozen=True, slots=True)
class Gap:
    """Possible continuation of an object after frames without the object.

    Parameters
    ----------
    before, after : int
        Rows of the last object before the gap, and of the first behind it.
    cost : float
        From 0, below 1.
    """

    before: int
    after: int
    cost: float


@dataclass(frozen=True, slots=True)
class Division:
    """Possible division of an object.

    Parameters
    ----------
    mother : int
        Row of the mother in her last frame.
    sibling, daughter : int
        Rows of the daughters: the object that is linked to the mother, and the one that begins.
    cost : float
        From 0; from 1 on, the daughter rather begins by itself.
    """

    mother: int
    sibling: int
    daughter: int
    cost: float


def gaps(objects: MovieObjects, links: Links, reach: float, longest: int) -> Iterator[Gap]:
    """Pairs of an end and a later beginning that lie near each other.

    Parameters
    ----------
    objects, links : MovieObjects, Links
        The movie.
    reach : float
        Largest distance between two frames; over more frames it grows with the root of their
        number, as that of a random walk.
    longest : int
        Frames without the object, at most.
    """
    before, after = links.neighbours(len(objects.frames))
    for frame in range(2, objects.frame_count):
        starts = [row for row in objects.rows_of(frame) if before[row] < 0]
        for steps in range(2, min(longest + 1, frame) + 1):
            ends = [row for row in objects.rows_of(frame - steps) if after[row] < 0]
            if starts and ends:
                yield from _near(objects, before, ends, starts, steps, reach)


def _near(
    objects: MovieObjects,
    before: NDArray[np.intp],
    ends: list[int],
    starts: list[int],
    steps: int,
    reach: float,
) -> Iterator[Gap]:
    """Gaps between the ends of a frame and the starts of a later one."""
    places, targets = objects.positions[ends], objects.positions[starts]
    moved = np.array([_motion(objects, before, row) for row in ends]) * steps
    distance = np.minimum(*(_distances(origin, targets) for origin in (places, places + moved)))
    sizes = objects.sizes[ends][:, None], objects.sizes[starts][None]
    ratio = np.minimum(*sizes) / np.maximum(*sizes)
    cost = _FAR * (distance / (reach * np.sqrt(steps))) ** 2 + _SIZE * (1 - ratio)
    for i, j in zip(*np.nonzero(cost < 1), strict=True):
        yield Gap(ends[i], starts[j], float(cost[i, j]))


def _distances(first: NDArray[np.float64], second: NDArray[np.float64]) -> NDArray[np.float64]:
    distances: NDArray[np.float64] = np.linalg.norm(first[:, None] - second[None], axis=2)
    return distances


def _motion(objects: MovieObjects, before: NDArray[np.intp], row: int) -> NDArray[np.float64]:
    """Mean motion of an object over its last links, pixels in a frame."""
    past = list(_past(before, row))
    if not past:
        return np.zeros(objects.positions.shape[1])
    motion: NDArray[np.float64] = objects.positions[row] - objects.positions[past[-1]]
    return motion / len(past)


def _past(before: NDArray[np.intp], row: int) -> Iterator[int]:
    """Rows of an object on up to :data:`_MEMORY` frames before, the latest first."""
    for _ in range(_MEMORY):
        row = int(before[row])
        if row < 0:
            return
        yield row


def divisions(objects: MovieObjects, links: Links, options: TrackingOptions) -> Iterator[Division]:
    """Beginnings beside an object of the frame before that goes on, as daughters.

    Parameters
    ----------
    objects, links : MovieObjects, Links
        The movie.
    options : TrackingOptions
        Whether there are divisions.
    """
    if not options.divisions:
        return
    before, after = links.neighbours(len(objects.frames))
    radii, step = objects.radii, _usual_step(objects, links)
    for frame in range(1, objects.frame_count):
        starts = [row for row in objects.rows_of(frame) if before[row] < 0]
        mothers = [row for row in objects.rows_of(frame - 1) if after[row] >= 0]
        if not starts or not mothers:
            continue
        apart = _distances(objects.positions[mothers], objects.positions[starts])
        near = apart < _APART * radii[mothers][:, None]
        for i, j in zip(*np.nonzero(near), strict=True):
            mother, daughter = mothers[i], starts[j]
            sibling = int(after[mother])
            cost = _cost(objects, before, after, (mother, sibling, daughter), step)
            if cost < NEAR_MISS:
                yield Division(mother, sibling, daughter, cost)


def _usual_step(objects: MovieObjects, links: Links) -> float:
    """Median distance that an object moves between two frames, pixels; 0 without links."""
    moved = objects.positions[links.second] - objects.positions[links.first]
    return float(np.median(np.linalg.norm(moved, axis=1))) if len(moved) else 0.0


def _cost(
    objects: MovieObjects,
    before: NDArray[np.intp],
    after: NDArray[np.intp],
    rows: tuple[int, int, int],
    step: float,
) -> float:
    """Cost of a division; infinite if the daughters lie too far from each other.

    The distance of the middle of the daughters from the mother counts as a share of her radius and
    of the step that objects move in a frame.
    """
    mother, sibling, daughter = rows
    places, sizes = objects.positions, objects.sizes
    radius = float(objects.radii[mother])
    if np.linalg.norm(places[sibling] - places[daughter]) > _APART * radius:
        return float("inf")
    middle = np.linalg.norm((places[sibling] + places[daughter]) / 2 - places[mother])
    total = abs(np.log2((sizes[sibling] + sizes[daughter]) / sizes[mother]))
    unlike = 1 - min(sizes[sibling], sizes[daughter]) / max(sizes[sibling], sizes[daughter])
    past = list(_past(before, mother))
    grown = max(0.0, np.log2(sizes[mother] / sizes[past].min())) if past else 0.0
    is_last = objects.frames[daughter] == objects.frame_count - 1
    brief = 0.0 if is_last or after[daughter] >= 0 else 1.0
    weighted = _MIDDLE * (middle / (radius + step)) ** 2 + _TOTAL * total**2 + _UNLIKE * unlike**2
    return float(weighted + _GROWN * grown**2 + _BRIEF * brief)
