"""Rating: score and place of an object that the user did not make, and the look at it; no Qt."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

from napari_sam.document import parse_document
from napari_sam.errors import JournalError
from napari_sam.image.volume import Plane
from napari_sam.plugin.worker.events import Found
from napari_sam.tiles.bbox import BBox


class Look(Enum):
    """Whether somebody has looked at an object that was found automatically or loaded."""

    WAITING = "nobody has looked at it"
    KEPT = "somebody has looked at it, and left it as it was"
    CORRECTED = "some of its pixels were changed"
    RESHAPED = "it was split, or merged with others: its score says nothing about it any more"
    DROPPED = "it was taken away"


WRONG = (Look.CORRECTED, Look.RESHAPED, Look.DROPPED)
"""Looks of an object that was wrong."""


class Source(Enum):
    """Where an object with a rating comes from; without a rating, the user made the object."""

    FOUND = "found automatically"
    LOADED = "loaded from a file, and not compared with the model yet"
    COMPARED = "loaded from a file, and compared with the model"


@dataclass(frozen=True, slots=True)
class Rating:
    """Score and place of an object that was found automatically or loaded from a file.

    Parameters
    ----------
    score : float
        From 0 to 1. Of an object found automatically: confidence of the model; on several planes,
        the smallest. Of a loaded object: agreement with the model, see
        :func:`~napari_sam.learning.doubt.doubt`; 1 before the comparison.
    plane : tuple of int
        The plane with that score; of a loaded object, the plane of its largest box.
    boxes : mapping of tuple to BBox
        Bounding box of the object on each of its planes.
    look : Look
        Whether somebody has looked at the object.
    source : Source
        Where the object comes from.
    turn : int
        Place of the look in the order of all looks, from 1; 0 for none, or an unknown one.
    random : bool
        Whether the review has drawn the object at random, for the estimate of wrong objects.
    since, redrawn : int
        Looks before the object came, and before a lesson redrew it last; 0 for none.
    """

    score: float
    plane: Plane
    boxes: Mapping[Plane, BBox]
    look: Look = Look.WAITING
    source: Source = Source.FOUND
    turn: int = 0
    random: bool = False
    since: int = 0
    redrawn: int = 0

    def joined(self, other: "Rating | None") -> "Rating":
        """Rating of the object on the planes of both ratings."""
        if other is None or other.look is Look.DROPPED:  # the label was given to another object
            return self
        least = min(other, self, key=lambda rated: rated.score)
        boxes, looked = {**other.boxes, **self.boxes}, {k: getattr(other, k) for k in _OF_LOOKS}
        return replace(least, boxes=boxes, look=other.look, **looked)

    def to_json(self) -> dict[str, Any]:
        """Plain values for the journal."""
        boxes = [[*plane, *bbox] for plane, bbox in self.boxes.items()]
        values = {"score": self.score, "plane": self.plane, "boxes": boxes, "look": self.look.name}
        # Of each field that has its default, journals of earlier versions have no value.
        source = {} if self.source is Source.FOUND else {"source": self.source.name}
        looks = {name: value for name in _OF_LOOKS if (value := getattr(self, name))}
        return values | source | looks

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "Rating":
        """Inverse of :meth:`to_json`.

        Raises
        ------
        JournalError
            If a value is missing or of the wrong type.
        """
        damaged = "the journal has a damaged rating"
        if not isinstance(values, Mapping):
            raise JournalError(f"{damaged}: it is no JSON object")
        record = parse_document(_Record, values, damaged, JournalError)
        length = len(record.plane) + 4
        if record.look not in Look.__members__ or {len(b) for b in record.boxes} - {length}:
            raise JournalError(f"{damaged}: its look or its boxes")
        if record.source not in Source.__members__:
            raise JournalError(f"{damaged}: its source")
        boxes = {tuple(plane): (y0, x0, y1, x1) for *plane, y0, x0, y1, x1 in record.boxes}
        look, source = Look[record.look], Source[record.source]
        looks = {name: getattr(record, name) for name in _OF_LOOKS}
        return cls(record.score, record.plane, boxes, look, source, **looks)


@dataclass(frozen=True, slots=True)
class _Record:
    """Types of the fields of a rating in JSON."""

    score: float
    plane: tuple[int, ...]
    boxes: tuple[tuple[int, ...], ...]
    look: str
    source: str = "FOUND"
    turn: int = 0
    random: bool = False
    since: int = 0
    redrawn: int = 0


_OF_LOOKS = ("turn", "random", "since", "redrawn")
"""Fields of a rating for the estimate of wrong objects; each is false by default."""


def rating(detected: Found, plane: Plane) -> Rating:
    """Rating of an automatically found object on a single plane."""
    return Rating(detected.score, plane, {plane: detected.bbox})
