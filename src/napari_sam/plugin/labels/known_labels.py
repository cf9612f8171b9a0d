"""Known labels: labels that count as accepted when the model learns; no Qt."""

from collections.abc import Iterable, Mapping

from .ratings import Look, Rating, Source

DOUBTFUL = 0.5
"""Agreement of a loaded object with the model, 0 to 1, below which nothing is learned from the
object before somebody has looked."""


def known_labels(labels: Iterable[int], ratings: Mapping[int, Rating]) -> set[int]:
    """Labels that count as accepted in a lesson.

    Parameters
    ----------
    labels : iterable of int
        Labels of the layer, in any order.
    ratings : mapping of int to Rating
        Ratings by label, see :attr:`~napari_sam.plugin.labels.ratings.Ratings.of_label`.

    Returns
    -------
    set of int
        `labels` without those of :func:`unknown_labels`.
    """
    return set(labels) - unknown_labels(ratings)


def unknown_labels(ratings: Mapping[int, Rating]) -> set[int]:
    """Labels that do not count as accepted in a lesson: their pixels are unknown.

    An object that the user made, kept or edited always counts. An object found automatically does
    not count before somebody has looked. Loaded objects that wait for a look count from the first
    look at any of them on, if they agree with the model by :data:`DOUBTFUL` or more: the user has
    begun to check the file by then.

    Parameters
    ----------
    ratings : mapping of int to Rating
        Ratings by label; a label without a rating is an object that the user made.

    Returns
    -------
    set of int
        Labels from `ratings`, removed ones among them.
    """
    is_checked = any(
        r.source is not Source.FOUND and r.look is not Look.WAITING for r in ratings.values()
    )
    return {
        label
        for label, rating in ratings.items()
        if rating.look is Look.DROPPED
        or (rating.look is Look.WAITING and not (is_checked and _is_agreed(rating)))
    }


def _is_agreed(rating: Rating) -> bool:
    return rating.source is Source.COMPARED and rating.score >= DOUBTFUL
