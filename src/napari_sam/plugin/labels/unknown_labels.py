"""Unknown labels: labels that do not count as accepted when the model learns; no Qt."""

import math
from collections.abc import Mapping

from .rating import Look, Rating, Source

DOUBTFUL = 1 / 3
"""Share of loaded objects, those that agree least with the model first, from which nothing is
learned before somebody has looked. A share and no limit of the agreement: where the model knows an
image badly, and lessons help most, right objects agree little too (benchmarks/doubt.py)."""


def unknown_labels(ratings: Mapping[int, Rating]) -> set[int]:
    """Labels that do not count as accepted in a lesson: their pixels are unknown.

    An object that the user made, kept or edited always counts. An object found automatically does
    not count before somebody has looked. Loaded objects that wait for a look count from the first
    look at any of them on, but for the :data:`DOUBTFUL` ones: the user has begun to check the file
    by then.

    Parameters
    ----------
    ratings : mapping of int to Rating
        Ratings by label, see :attr:`~napari_sam.plugin.labels.ratings.Ratings.of_label`; a label
        without a rating is an object that the user made.

    Returns
    -------
    set of int
        Labels from `ratings`, removed ones among them.
    """
    is_checked = any(
        rating.source is not Source.FOUND and rating.look is not Look.WAITING
        for rating in ratings.values()
    )
    agreeing = _agreeing(ratings) if is_checked else set()
    return {
        label
        for label, rating in ratings.items()
        if rating.look is Look.DROPPED or (rating.look is Look.WAITING and label not in agreeing)
    }


def _agreeing(ratings: Mapping[int, Rating]) -> set[int]:
    """Loaded labels without the doubtful ones."""
    compared = {k: r.score for k, r in ratings.items() if r.source is Source.COMPARED}
    order = sorted(compared, key=lambda label: (compared[label], label))
    return set(order[math.ceil(len(order) * DOUBTFUL) :])
