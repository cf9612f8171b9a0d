"""Error line: number of wrong objects among those that were found, for the dock; no Qt."""

from collections.abc import Mapping

from napari_sam.evaluate.estimate import FEWEST_LOOKS, estimate_wrong
from napari_sam.plugin.labels.ratings import Look, Rating

WRONG = (Look.DROPPED, Look.CORRECTED)
"""Looks at objects that were wrong."""


def error_line(ratings: Mapping[int, Rating]) -> str:
    """Sentence on the wrong objects; before enough looks, on the number of looks that it takes.

    Parameters
    ----------
    ratings : mapping of int to Rating
        All automatically found objects, by label.

    Returns
    -------
    str
        Empty for so few objects that all are looked at before there is an estimate.
    """
    rated = ratings.values()
    looks = sum(rating.look is not Look.WAITING for rating in rated)
    if len(rated) <= FEWEST_LOOKS:
        return ""
    if missing := max(FEWEST_LOOKS - looks, 0):
        return f"{missing} more look{'s' * (missing > 1)} for an estimate of errors"
    estimate = estimate_wrong(
        [rating.score for rating in rated],
        # of older journals, the looks have no turn: they came before the others
        [0 if rating.look is Look.WAITING else rating.turn + 1 for rating in rated],
        [rating.look in WRONG for rating in rated],
        [rating.random for rating in rated],
    )
    text = str(estimate)
    line = f"{text[0].upper()}{text[1:]}"
    more = estimate.looks_to_halve
    return f"{line}; {more} more look{'s' * (more > 1)} halve this range" if more else line
