"""Ratings: scores of objects that the user did not make, and whether somebody has looked; no Qt."""

import math
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from psygnal import Signal

from napari_sam.errors import JournalError
from napari_sam.image.volume import Plane
from napari_sam.journal.entry import RATED, Entry
from napari_sam.labels.label_boxes import largest_box
from napari_sam.plugin.layers.label_features import with_column
from napari_sam.plugin.layers.labels_layer import LabelsLayer
from napari_sam.plugin.undo.history import History
from napari_sam.tiles.bbox import BBox

from .label_changes import LabelChange
from .rating import Look, Rating, Source
from .safekeeping import Safekeeping

RATINGS_KEY = "napari-sam-ratings"
"""Key of the ratings by label in the metadata of a Labels layer."""

SCORE = "score"
"""Name of the column of a Labels layer's features with the scores."""


class Ratings:
    """Ratings by label, kept in the Labels layer and noted in the journal.

    Parameters
    ----------
    labels : LabelsLayer
        The layer.
    keeping : Safekeeping
        Its journal.
    history : History
        Gets a change for each change of ratings.

    Signals
    -------
    changed
        Other ratings are to be shown.
    """

    changed = Signal()

    def __init__(self, labels: LabelsLayer, keeping: Safekeeping, history: History) -> None:
        self._labels, self._keeping, self._history = labels, keeping, history
        self._unshown = False

    @property
    def of_label(self) -> dict[int, Rating]:
        """Rating by label."""
        layer = self._labels.layer
        if layer is None:
            return {}
        ratings: Mapping[int, Rating] = layer.metadata.get(RATINGS_KEY, {})
        return dict(ratings)

    @property
    def waiting(self) -> Iterable[int]:
        """Labels nobody has looked at."""
        return (label for label, rated in self.of_label.items() if rated.look is Look.WAITING)

    def add(self, new: Mapping[int, Rating], linked: bool = False) -> None:
        """Add ratings of automatically found labels, as a part of the open step.

        Parameters
        ----------
        new : mapping of int to Rating
            By label.
        linked : bool
            Whether the same labels may have ratings on other planes already; otherwise a rating
            with the same label was of an object that is gone.
        """
        before, now = self.of_label if linked else {}, self._last_turn
        come = {label: replace(rated, since=now) for label, rated in new.items()}
        self.change({label: rated.joined(before.get(label)) for label, rated in come.items()})

    def redraw(self, new: Mapping[int, Rating | None]) -> None:
        """Change ratings of labels that a lesson has redrawn or found, in the open step.

        Parameters
        ----------
        new : mapping of int to Rating or None
            By label; None for a label without pixels.
        """
        before, now = self.of_label, self._last_turn
        rated = {label: rating for label, rating in new.items() if rating is not None}
        come = {k: replace(r, since=now) for k, r in rated.items() if k not in before}
        redrawn = {
            k: replace(r, since=before[k].since, random=before[k].random, redrawn=now)
            for k, r in rated.items()
            if k in before
        }
        self.change({**new, **come, **redrawn})

    def correct(self, labels: Iterable[int]) -> None:
        """Rate labels as changed by the user, as a part of the open step."""
        ratings, unchanged = self.of_label, (Look.WAITING, Look.KEPT)
        changed = [k for k in labels if k in ratings and ratings[k].look in unchanged]
        self.change({k: self._looked_at(k, Look.CORRECTED) for k in changed})

    def reshape(self, labels: Iterable[int], removed: Iterable[int]) -> None:
        """Rate labels as split or merged, and others as removed, as a part of the open step."""
        looks = dict.fromkeys(labels, Look.RESHAPED) | dict.fromkeys(removed, Look.DROPPED)
        rated = looks.keys() & self.of_label.keys()
        self.change({k: self._looked_at(k, looks[k]) for k in rated})

    def look_at(self, labels: Iterable[int], look: Look = Look.KEPT) -> None:
        """Rate labels that wait as looked at; no step to undo."""
        ratings = self.of_label
        waiting = [k for k in labels if k in ratings and ratings[k].look is Look.WAITING]
        self._set_quietly({k: self._looked_at(k, look) for k in waiting})

    def note_drawn(self, label: int) -> None:
        """Note that the review shows a label because it was drawn at random; no step to undo."""
        self._set_quietly({label: replace(self.of_label[label], random=True)})

    def _looked_at(self, label: int, look: Look) -> Rating:
        """Rating of a label with a look, the last of all unless somebody has looked before."""
        rated = self.of_label[label]
        return replace(rated, look=look, turn=rated.turn or self._last_turn + 1)

    @property
    def _last_turn(self) -> int:
        """Place of the last look in the order of all looks; 0 before the first."""
        return max((rated.turn for rated in self.of_label.values()), default=0)

    def _set_quietly(self, new: Mapping[int, Rating]) -> None:
        """Set ratings and write them into the journal, without a step to undo."""
        if new:
            self._set({**self.of_label, **new})
            self._note(new)
            self._unshown = True
            self.changed.emit()

    def add_loaded(self, boxes: Mapping[int, Mapping[Plane, BBox]]) -> None:
        """Rate labels as loaded from a file, unless they have a rating; no step to undo."""
        ratings, now = self.of_label, self._last_turn
        self._set_quietly(
            {
                label: Rating(
                    1.0, largest_box(of_label)[0], of_label, source=Source.LOADED, since=now
                )
                for label, of_label in boxes.items()
                if label not in ratings
            }
        )

    def compare(self, agreements: Mapping[int, float]) -> None:
        """Set the agreement of loaded labels with the model; no step to undo."""
        ratings = self.of_label
        self._set_quietly(
            {
                label: replace(ratings[label], score=agreement, source=Source.COMPARED)
                for label, agreement in agreements.items()
                if label in ratings and ratings[label].source is not Source.FOUND
            }
        )

    def note_all(self) -> None:
        """Write all ratings into the journal, of a layer that had ratings before its journal."""
        self._note(self.of_label)

    def restore(self, values: Mapping[int, Any]) -> None:
        """Take over ratings of an earlier napari, JSON values by label, in the open step."""
        restored = {}
        for label, value in values.items():
            with suppress(JournalError):  # without its score, an object is still an object
                restored[label] = Rating.from_json(value)
        self.change(restored)
        self.show()

    def show(self) -> None:
        """Write the scores into the layer's features, a slow step for the end of many changes."""
        layer = self._labels.layer
        if self._unshown and layer is not None:
            scores = scores_of_layer(layer.metadata)
            layer.features = with_column(layer.features, SCORE, scores, math.nan)
        self._unshown = False

    def change(self, new: Mapping[int, Rating | None]) -> None:
        """Change ratings, None for no rating, as a part of the open step."""
        layer = self._labels.layer
        if new and layer is not None:
            change = Rated(self._labels, layer, self, new)
            change.redo()
            self._history.add_labels(change)

    def exchange(self, new: Mapping[int, Rating | None]) -> Mapping[int, Rating | None]:
        """Set ratings by label, None for no rating; returns the former ratings."""
        ratings = self.of_label
        before = {label: ratings.get(label) for label in new}
        for label, rated in new.items():
            if rated is None:
                ratings.pop(label, None)
            else:
                ratings[label] = rated
        self._set(ratings)
        self._note(new)
        self._unshown = True
        self.changed.emit()
        return before

    def _set(self, ratings: Mapping[int, Rating]) -> None:
        """Keep ratings in the layer, in an object of their own: copies of the layer share them."""
        if self._labels.layer is not None:
            self._labels.layer.metadata[RATINGS_KEY] = ratings

    def _note(self, labels: Iterable[int]) -> None:
        """Write the ratings of labels into the journal, to outlive napari."""
        ratings = self.of_label
        now = {k: ratings[k].to_json() if k in ratings else None for k in labels}
        if self._labels.layer is not None:
            self._keeping.append(Entry(RATED, ratings=now))


def scores_of_layer(metadata: Mapping[str, Any]) -> dict[int, float]:
    """Score by label, from the metadata of a Labels layer; without removed and reshaped labels.

    Loaded labels have no score before their comparison with the model.
    """
    ratings: Mapping[int, Rating] = metadata.get(RATINGS_KEY, {})
    return {
        label: round(rated.score, 4)
        for label, rated in ratings.items()
        if rated.look not in (Look.DROPPED, Look.RESHAPED) and rated.source is not Source.LOADED
    }


@dataclass(slots=True, eq=False)
class Rated(LabelChange):
    """A change of ratings.

    Parameters
    ----------
    labels, layer
        See :class:`LabelChange`.
    ratings : Ratings
        Of the layer.
    other : mapping of int to Rating or None
        The ratings to exchange with those of now, by label; None for no rating.
    """

    ratings: Ratings
    other: Mapping[int, Rating | None]

    def take_back(self) -> None:
        """Set the ratings of before; the ratings of now are kept, to do the change again."""
        self.other = self.ratings.exchange(self.other)
        self.labels.stale = True

    def do_again(self) -> None:
        """Set the ratings of after."""
        self.take_back()
