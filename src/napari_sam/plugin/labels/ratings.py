"""Ratings: how sure the model is of objects that it found by itself, and who looked; no Qt."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING, Any

from napari_sam.errors import JournalError
from napari_sam.image.volume import Plane
from napari_sam.plugin.layers.label_features import with_column
from napari_sam.plugin.worker.events import Found
from napari_sam.tiles.bbox import BBox

from .label_changes import LabelChange

if TYPE_CHECKING:
    from napari_sam.plugin.workspace import Workspace

RATINGS_KEY = "napari-sam-ratings"
"""Where a Labels layer's metadata keeps the ratings of its labels."""

SCORE = "score"
"""The column of a Labels layer's features."""


class Look(Enum):
    """What became of an object that was found automatically."""

    WAITING = "nobody has looked at it"
    KEPT = "somebody has looked at it"
    DROPPED = "it was taken away"


@dataclass(frozen=True, slots=True)
class Rating:
    """What is known of an object that was found automatically.

    Parameters
    ----------
    score : float
        From 0 to 1, how sure the model is; on several planes, the least.
    plane : tuple of int
        Where that is.
    boxes : mapping of tuple to BBox
        Where the object lies on each of its planes.
    look : Look
        Whether somebody has looked at it.
    """

    score: float
    plane: Plane
    boxes: Mapping[Plane, BBox]
    look: Look = Look.WAITING

    def joined(self, other: "Rating | None") -> "Rating":
        """The same object with what is known of it on other planes."""
        if other is None or other.look is Look.DROPPED:  # its number is another one's now
            return self
        least = min(other, self, key=lambda one: one.score)
        return replace(least, boxes={**other.boxes, **self.boxes}, look=other.look)

    def to_json(self) -> dict[str, Any]:
        """Plain values, as they stand in a journal."""
        boxes = [[*plane, *bbox] for plane, bbox in self.boxes.items()]
        return {"score": self.score, "plane": self.plane, "boxes": boxes, "look": self.look.name}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "Rating":
        """Inverse of :meth:`to_json`.

        Raises
        ------
        JournalError
            If it is no rating.
        """
        try:
            boxes = {tuple(own): (y0, x0, y1, x1) for *own, y0, x0, y1, x1 in values["boxes"]}
            return cls(values["score"], tuple(values["plane"]), boxes, Look[values["look"]])
        except (KeyError, TypeError, ValueError) as error:
            raise JournalError(f"the journal has a damaged rating: {error}") from error


def rating(found: Found, plane: Plane) -> Rating:
    """What is known of an object that was found on one plane."""
    return Rating(found.score, plane, {plane: found.bbox})


class Ratings:
    """The ratings of the labels of one image; they are kept in the Labels layer.

    Parameters
    ----------
    work : Workspace
        Whose labels.
    """

    def __init__(self, work: "Workspace") -> None:
        self._work, self._unshown = work, False

    @property
    def of_label(self) -> dict[int, Rating]:
        """By label."""
        layer = self._work.labels
        if layer is None:
            return {}
        known: dict[int, Rating] = layer.metadata.setdefault(RATINGS_KEY, {})
        return known

    @property
    def waiting(self) -> Iterable[int]:
        """Labels that nobody has looked at."""
        return (label for label, one in self.of_label.items() if one.look is Look.WAITING)

    def add(self, new: Mapping[int, Rating], linked: bool = False) -> None:
        """Rate labels that were found, as a part of the step that is under way.

        Parameters
        ----------
        new : mapping of int to Rating
            By label.
        linked : bool
            Whether they may be on other planes already; otherwise they are new, and whatever had
            their numbers before is gone.
        """
        known = self.of_label if linked else {}
        self.change({label: one.joined(known.get(label)) for label, one in new.items()})

    def drop(self, label: int) -> None:
        """Note that a label is taken away, as a part of the step that is under way."""
        self.change({label: replace(self.of_label[label], look=Look.DROPPED)})

    def look_at(self, labels: Iterable[int]) -> None:
        """Note that somebody has looked at some labels; that is no step to be taken back."""
        known = self.of_label
        seen = [k for k in labels if k in known and known[k].look is Look.WAITING]
        known |= {label: replace(known[label], look=Look.KEPT) for label in seen}
        if seen:
            self._note(seen)
            self._work.ratings_changed()

    def restore(self, values: Mapping[int, Any]) -> None:
        """Know again what an earlier napari knew, from its journal."""
        self.of_label.update({k: Rating.from_json(one) for k, one in values.items()})
        self._unshown = True
        self.show()
        self._work.ratings_changed()

    def show(self) -> None:
        """Let the layer's features have the scores; in the end, for they are written anew."""
        layer = self._work.labels
        if self._unshown and layer is not None:
            scores = scores_of_layer(layer.metadata)
            layer.features = with_column(layer.features, SCORE, scores, math.nan)
        self._unshown = False

    def change(self, new: Mapping[int, Rating]) -> None:
        """Change some, as a part of the step that is under way."""
        if new:
            change = Rated(self._work, self._work.labels, new)
            change.redo()
            self._work.history.add_labels(change)

    def exchange(self, wanted: Mapping[int, Rating | None]) -> Mapping[int, Rating | None]:
        """Let some labels have other ratings, or none; gives those that they had."""
        known = self.of_label
        before = {label: known.get(label) for label in wanted}
        for label, one in wanted.items():
            if one is None:
                known.pop(label, None)
            else:
                known[label] = one
        self._note(wanted)
        self._unshown = True
        self._work.ratings_changed()
        return before

    def _note(self, labels: Iterable[int]) -> None:
        """Write down what is known of some labels now: it has to outlive napari, as they do."""
        known = self.of_label
        now = {label: known[label].to_json() if label in known else None for label in labels}
        self._work.keeping.note_ratings(self._work.labels, now)


def scores_of_layer(metadata: Mapping[str, Any]) -> dict[int, float]:
    """The scores of the labels of a layer, from its metadata."""
    known: Mapping[int, Rating] = metadata.get(RATINGS_KEY, {})
    return {k: round(one.score, 4) for k, one in known.items() if one.look is not Look.DROPPED}


@dataclass(slots=True, eq=False)
class Rated(LabelChange):
    """A change of ratings.

    Parameters
    ----------
    work, layer
        See :class:`LabelChange`.
    other : mapping of int to Rating or None
        What they are to be next, by label; None for no rating.
    """

    other: Mapping[int, Rating | None]

    def take_back(self) -> None:
        """Let them be as they were; what they are now is kept, to do it again."""
        self.other = self.work.ratings.exchange(self.other)
        self.work.stale = True

    def do_again(self) -> None:
        """Let them be what they became."""
        self.take_back()
