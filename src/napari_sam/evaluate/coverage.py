"""Coverage: share of estimates of wrong objects whose interval holds the true number."""

from dataclasses import dataclass

import numpy as np

from .estimate import Estimate, estimate_wrong
from .looks import spread_draw
from .rightness import JudgedObjects

RUNS = 1000
"""Repetitions for a coverage: its standard error is below 0.01 from 0.9 on."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """Estimates from random looks, compared with the true number; see :func:`measure_coverage`.

    Parameters
    ----------
    wrong : int
        Wrong objects in truth.
    first : Estimate
        Estimate from the first draw of looks.
    held : float
        Share of the draws whose 95 % interval holds the true number, 0 to 1.
    width : float
        Mean width of the intervals, in objects.
    """

    wrong: int
    first: Estimate
    held: float
    width: float


def measure_coverage(judged: JudgedObjects, looks: int, runs: int = RUNS) -> Coverage:
    """Estimate the wrong objects from many draws of looks, answered by the true objects.

    Parameters
    ----------
    judged : JudgedObjects
        All found objects, at least one.
    looks : int
        Objects to look at, drawn evenly over the scores.
    runs : int
        Draws, with seeds from 0.
    """
    wrong = int(judged.wrong.sum())
    estimates = [_estimate(judged, looks, seed) for seed in range(runs)]
    return Coverage(
        wrong=wrong,
        first=estimates[0],
        held=float(np.mean([each.low <= wrong <= each.high for each in estimates])),
        width=float(np.mean([each.high - each.low for each in estimates])),
    )


def _estimate(judged: JudgedObjects, looks: int, seed: int) -> Estimate:
    turns = np.zeros(len(judged), np.int64)
    drawn = spread_draw(judged.scores, looks, np.random.default_rng(seed))
    turns[drawn] = np.arange(1, len(drawn) + 1)
    return estimate_wrong(judged.scores, turns, judged.wrong, turns > 0)
