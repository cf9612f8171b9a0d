"""Estimate: number of wrong objects among all, from a sample that a person has looked at."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import betaln, gammaln

from .looks import RANDOM_EVERY

FEWEST_LOOKS = 20
"""Number of looks below which no estimate is shown: its interval would be most of the objects."""

_LOOKS_IN_STRATUM = 16
"""Random looks for each stratum of scores; with fewer than twice as many there is one stratum."""

_MOST_STRATA = 4
"""Largest number of strata: more gain nothing, because a score says little about an object."""

_PRIOR = 0.5
"""Parameter of Jeffreys' prior Beta(1/2, 1/2). The strata share it: each gets the part that it has
of the objects nobody has looked at, so that several strata claim no more than one."""

_TAIL = 0.025
"""Probability beyond each end of the interval of 95 %."""

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Estimate:
    """Number of wrong objects with a 95 % interval; made by :func:`estimate_wrong`.

    Parameters
    ----------
    wrong : int
        Wrong objects among all: those known, and the median for the objects nobody looked at.
    low, high : int
        Ends of the 95 % interval, both included.
    total : int
        All objects.
    looks : int
        Objects that somebody has looked at.
    looks_to_halve : int
        More looks after which the interval is expected to be half as wide, if one in
        :data:`~napari_sam.evaluate.looks.RANDOM_EVERY` is random and the others are those of the
        lowest scores; 0 for an interval without width.
    """

    wrong: int
    low: int
    high: int
    total: int
    looks: int
    looks_to_halve: int

    def __str__(self) -> str:
        """Sentence for people: ``about 31 of 340 are wrong (24 to 38)``."""
        if self.low == self.high:
            return f"{self.wrong} of {self.total} are wrong"
        return f"about {self.wrong} of {self.total} are wrong ({self.low} to {self.high})"


@dataclass(frozen=True, slots=True, eq=False)
class _Stratum:
    """Objects with scores in an interval.

    Parameters
    ----------
    unseen : int
        Objects nobody has looked at.
    wrong, random : ndarray
        ``(looks,)`` bool, in the order of the looks: whether the object is wrong, and whether it
        was drawn at random.
    prior : float
        Parameter of the beta distribution before the first look.
    """

    unseen: int
    wrong: Bools
    random: Bools
    prior: float

    def posterior(self) -> Floats:
        """Probability of each number of wrong objects among the unseen, ``(unseen + 1,)``.

        A random look finds a wrong object with the share of wrong objects among those that nobody
        had looked at by then: the unseen, and those of this and of later looks. Looks that were no
        random draws say nothing about the unseen, however they were chosen.
        """
        wrong = np.arange(self.unseen + 1)
        right = wrong[::-1]
        log = betaln(wrong + self.prior, right + self.prior)
        log -= gammaln(wrong + 1) + gammaln(right + 1)
        later_wrong = np.cumsum(self.wrong[::-1])[::-1]
        later_right = np.cumsum(~self.wrong[::-1])[::-1]
        for look in np.flatnonzero(self.random):
            # over the objects that waited, whose number is the same for each number of wrong ones
            if self.wrong[look]:
                log += np.log(wrong + later_wrong[look])
            else:
                log += np.log(right + later_right[look])
        weights = np.exp(log - log.max())
        probabilities: Floats = weights / weights.sum()
        return probabilities


def estimate_wrong(
    scores: ArrayLike,
    turns: ArrayLike,
    wrong: ArrayLike,
    random: ArrayLike,
    groups: ArrayLike | None = None,
) -> Estimate:
    """Estimate the wrong objects among all, from the objects that somebody has looked at.

    Objects that were looked at are known. Those nobody looked at are estimated from random looks
    alone: a review that begins with the least sure objects sees more errors than there are in the
    rest. The objects are stratified by score at quantiles, with more strata as there are more
    random looks. In each stratum the number of wrong objects has a beta-binomial prior, Jeffreys'
    (Brown, Cai and DasGupta, Statistical Science 16, 2001, also for the ends of the interval where
    no random look or each was wrong), and the likelihood of draws one after another from a
    shrinking finite population, the hypergeometric distribution if all looks are random (Cochran,
    Sampling Techniques, 3rd edition, 1977, chapters 2, 3 and 5). Posteriors of the strata are
    convolved, and the interval has 2.5 % beyond either end. It has no width after the last look.

    Parameters
    ----------
    scores : array-like
        ``(n,)`` confidence of the model in each object, in any unit; only their order counts.
    turns : array-like
        ``(n,)`` whole numbers: 0 for an object that nobody has looked at, else its place in the
        order of the looks. Equal places are allowed, as of a mask; random looks count as later
        than others of the same place, which makes the interval wider where it is not known.
    wrong : array-like
        ``(n,)`` bool: the look has found the object wrong; of other objects without effect.
    random : array-like
        ``(n,)`` bool: the object was drawn at random, each with the same chance, from those that
        nobody had looked at; of other objects without effect.
    groups : array-like, optional
        ``(n,)`` whole numbers: objects that came at different times, such as those of another
        region, have different ones. A random look says nothing about objects of other groups,
        which could not be drawn. By default all objects are one group.

    Returns
    -------
    Estimate

    Raises
    ------
    ValueError
        If the lengths differ, or a score is no number.
    """
    score, turn = np.asarray(scores, float), np.asarray(turns).astype(np.int64)
    looked = turn > 0
    is_wrong, is_random = (np.asarray(each, bool) & looked for each in (wrong, random))
    group = np.zeros(score.shape, np.int64) if groups is None else np.asarray(groups)
    _check(score, turn, is_wrong, is_random, group)
    strata = _strata_of_groups(score, turn, is_wrong, is_random, group)
    known = int(is_wrong.sum())
    low, middle, high = (known + number for number in _interval(strata, is_wrong[is_random]))
    more = _looks_to_halve(strata) if low < high else 0
    return Estimate(middle, low, high, score.size, int(looked.sum()), more)


def _check(score: Floats, *columns: NDArray[Any]) -> None:
    if {column.shape for column in (score, *columns)} != {(score.size,)}:
        raise ValueError("scores, turns, wrong, random and groups have one value for each object")
    if np.isnan(score).any():
        raise ValueError("a score is no number")


def _strata_of_groups(
    score: Floats, turn: Ints, wrong: Bools, random: Bools, group: NDArray[Any]
) -> "list[_Stratum]":
    unseen = max(int((turn == 0).sum()), 1)
    strata = []
    for number in np.unique(group):
        inside = group == number
        strata += _strata(score[inside], turn[inside], wrong[inside], random[inside], unseen)
    return strata


def _strata(
    score: Floats, turn: Ints, wrong: Bools, random: Bools, unseen_in_all: int
) -> "list[_Stratum]":
    """Strata of a group from the lowest scores to the highest; those of one score stay together."""
    count = int(np.clip(random.sum() // _LOOKS_IN_STRATUM, 1, _MOST_STRATA))
    limits = np.quantile(score, np.arange(1, count) / count)
    stratum = np.searchsorted(limits, score, side="right")
    order = np.lexsort((random, turn))
    strata = []
    for number in range(count):
        members = order[stratum[order] == number]
        looked = members[turn[members] > 0]
        unseen = len(members) - len(looked)
        prior = _PRIOR * max(unseen, 1) / unseen_in_all
        strata.append(_Stratum(unseen, wrong[looked], random[looked], prior))
    return strata


def _interval(strata: "list[_Stratum]", outcomes: Bools) -> tuple[int, int, int]:
    """Low end, median and high end of the number of wrong objects among the unseen.

    `outcomes` are those of the random looks: without a wrong one the low end is 0, without a right
    one the high end is all.
    """
    from scipy.signal import fftconvolve  # with scipy.stats, most of a second

    distribution = np.ones(1)
    for stratum in strata:
        distribution = np.maximum(fftconvolve(distribution, stratum.posterior()), 0)
    most = len(distribution) - 1
    below = np.cumsum(distribution) / distribution.sum()
    low, middle, high = (int(np.searchsorted(below, p)) for p in (_TAIL, 0.5, 1 - _TAIL))
    return (
        low if outcomes.any() else 0,
        min(middle, most),
        most if outcomes.all() else min(high, most),
    )


def _looks_to_halve(strata: "list[_Stratum]") -> int:
    """Count the looks to half the standard deviation, if the rates of the strata stay as they are.

    Random looks fall on the strata by their unseen objects, the other looks take the lowest scores.
    """
    unseen = np.array([stratum.unseen for stratum in strata])
    random = np.array([int(stratum.random.sum()) for stratum in strata])
    prior = np.array([stratum.prior for stratum in strata])
    rate = np.array(
        [s.posterior() @ np.arange(s.unseen + 1) / max(s.unseen, 1) for s in strata], float
    )
    looks = np.arange(unseen.sum() + 1)[:, None]
    drawn = looks // RANDOM_EVERY * unseen / unseen.sum()
    left = unseen - drawn
    below = np.cumsum(left, axis=1) - left
    left = left - np.clip(looks - looks // RANDOM_EVERY - below, 0, left)
    certainty = random + drawn + 2 * prior
    # variance of a beta-binomial distribution
    variance = rate * (1 - rate) * left * (certainty + left) / (certainty + 1)
    narrow = variance.sum(axis=1) <= variance[0].sum() / 4
    return int(np.argmax(narrow))
