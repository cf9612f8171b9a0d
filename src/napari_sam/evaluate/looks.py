"""Looks: the object to look at next, in a review that knows how many objects are wrong."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

RANDOM_EVERY = 3
"""One look in so many is a random draw, for the estimate; the others are the least sure objects."""


def is_random_turn(looks: int) -> bool:
    """Whether the look after `looks` others is a random draw."""
    return looks % RANDOM_EVERY == 1


def draw(waiting: Sequence[int], looks: int, seed: int = 0) -> int:
    """Draw one of the objects that nobody has looked at, each with the same chance.

    Parameters
    ----------
    waiting : sequence of int
        Labels of the objects, at least one.
    looks : int
        Looks so far. With the same looks and labels the draw is the same: no second draw for a
        user who does not like the first.
    seed : int
        Another one for another review of the same objects.

    Returns
    -------
    int
        One of the labels.
    """
    ordered = sorted(waiting)
    return ordered[np.random.default_rng((seed, looks, len(ordered))).integers(len(ordered))]


def spread_draw(
    scores: NDArray[np.float64], count: int, rng: np.random.Generator
) -> NDArray[np.int64]:
    """Draw objects at random, evenly over the scores: one of each of `count` equal parts.

    Parameters
    ----------
    scores : ndarray
        ``(n,)`` float64.
    count : int
        Objects to draw; all, if there are no more.
    rng : Generator
        Source of the draws.

    Returns
    -------
    ndarray
        ``(count,)`` int64, indices of the objects in a random order.
    """
    by_score = np.argsort(scores, kind="stable")
    parts = np.array_split(by_score, min(count, len(scores))) if count and len(scores) else []
    drawn = np.array([rng.choice(part) for part in parts], np.int64)
    return rng.permutation(drawn)
