"""Error line: number of wrong objects among those that were found, for the dock; no Qt."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from napari_sam.evaluate.estimate import FEWEST_LOOKS, Estimate, estimate_wrong
from napari_sam.plugin.labels.rating import WRONG, Look, Rating


def error_line(ratings: Mapping[int, Rating]) -> str:
    """Sentence on the wrong objects; before enough looks, on the number of looks that it takes.

    Parameters
    ----------
    ratings : mapping of int to Rating
        All objects that were found automatically or loaded, by label.

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
    estimate = _estimate(list(rated))
    text = str(estimate)
    line = f"{text[0].upper()}{text[1:]}"
    if not (more := estimate.looks_to_halve):
        return line
    return f"{line}; {more} more look{'s halve' if more > 1 else ' halves'} this range"


def _estimate(rated: Sequence[Rating]) -> Estimate:
    """Estimate the wrong objects among all.

    A lesson is used only while it is better than the model before, so the looks before it still
    limit the number of wrong objects among those that it redrew: from above, and not from below.
    """
    scores = [rating.score for rating in rated]
    # of older journals, the looks have no turn: they came before the others
    turns = [0 if rating.look is Look.WAITING else rating.turn + 1 for rating in rated]
    wrong, random = [r.look in WRONG for r in rated], [r.random for r in rated]
    since = [rating.since for rating in rated]
    estimate = estimate_wrong(scores, turns, wrong, random, since)
    if not any(rating.redrawn for rating in rated):
        return estimate
    newest = [max(rating.since, rating.redrawn) for rating in rated]
    least = estimate_wrong(scores, turns, wrong, random, newest)
    return replace(estimate, low=min(estimate.low, least.low))
