"""Learn: lessons, comparisons and saved models of the worker; no Qt, no napari."""

from collections.abc import Collection, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_sam.errors import LearningError
from napari_sam.image.volume import Plane
from napari_sam.journal.lesson_record import LessonRecord
from napari_sam.labels.label_array import LabelArray
from napari_sam.masks.mask import Mask
from napari_sam.masks.pixels.clean import Cleaning
from napari_sam.tiles.bbox import BBox

from .events import Event, Learned, Progress, Scored
from .number_objects import number_objects

if TYPE_CHECKING:
    from napari_sam.embeddings.encode import Encoder
    from napari_sam.encoded_image import EncodedImage
    from napari_sam.session import Session

Events = Generator[Event, None, None]

# torch, the session and all that they bring are imported inside the functions: they take seconds,
# and this module is imported by the GUI thread.


@dataclass(frozen=True, slots=True, eq=False)
class LessonRequest:
    """Request of the dock for a lesson.

    Parameters
    ----------
    labels : array-like
        The Labels layer's, without channels.
    unknown : collection of int
        Labels that nobody has looked at: they are neither objects nor background.
    dropped : sequence of Mask
        Objects that were found automatically and refused.
    objects : int
        Accepted objects, for the record.
    quick : bool
        Whether the image encoder stays as it is.
    folder : Path
        Gets the delta.
    """

    labels: LabelArray
    unknown: Collection[int]
    dropped: Sequence[Mask]
    objects: int
    quick: bool
    folder: Path


class Accepted:
    """Labels without the unreviewed ones: the labels a lesson learns from."""

    def __init__(self, labels: LabelArray, unknown: Collection[int]) -> None:
        self._labels = labels
        self._unknown = np.array(sorted(unknown), np.asarray(labels[(0,) * labels.ndim]).dtype)
        self.shape, self.ndim, self.dtype = labels.shape, labels.ndim, labels.dtype

    def __getitem__(self, region: Any) -> Any:
        block = np.asarray(self._labels[region])
        return np.where(np.isin(block, self._unknown), 0, block) if self._unknown.size else block

    def __setitem__(self, region: Any, labels: Any) -> None:
        raise TypeError("a lesson does not change labels")


def learn(unlearned: "EncodedImage", request: LessonRequest) -> Events:
    """Learn from accepted objects, and keep the delta in a file.

    Parameters
    ----------
    unlearned : EncodedImage
        The image with the model as it was shipped.
    request : LessonRequest
        What is known.

    Yields
    ------
    Event
        :class:`Progress` after each training step, before which other jobs may run; at the end
        :class:`Learned`: with a problem if fewer than three objects are there, or a loss is not
        finite.
    """
    try:
        yield from _learn(unlearned, request)
    except LearningError as error:
        yield Learned(None, str(error))


def _learn(unlearned: "EncodedImage", request: LessonRequest) -> Events:
    from napari_sam.learning.gather import gather
    from napari_sam.learning.keep import keep
    from napari_sam.learning.learn import learn as steps_of

    labels, tiles = Accepted(request.labels, request.unknown), []
    yield Progress("Learning")
    for tile in unlearned.tiles():
        if np.any(labels[(*tile.plane, slice(tile.y0, tile.y1), slice(tile.x0, tile.x1))]):
            tiles.append(tile)
            yield Progress("Learning")
    lesson = gather(unlearned.encoder, labels, tiles, dropped=request.dropped)
    for step in steps_of(unlearned.encoder, lesson, request.quick):
        yield Progress("Learning", step.done, step.total)
        delta = step.delta
    if delta is None or delta.is_empty:
        yield Learned(None)
        return
    origin, time = delta.origin, datetime.now(UTC).isoformat(timespec="seconds")
    yield Learned(
        LessonRecord(
            keep(delta, request.folder),
            origin.base,
            origin.model,
            origin.quick,
            request.objects,
            origin.before,
            origin.after,
            time,
        )
    )


def score_both(unlearned: "Encoder", learned: "Encoder", accepted: Sequence[Mask]) -> Events:
    """Ask the model without and with the lesson for an object accepted by the user.

    Only the plane on which the object is largest is asked.

    Yields
    ------
    Event
        A :class:`Scored`.
    """
    from napari_sam.learning.score import score

    mask = max(accepted, key=lambda each: each.area)
    before = score(unlearned, mask)
    yield Progress("Comparing")
    yield Scored(before, score(learned, mask))


def find_again(
    session: "Session", regions: Mapping[Plane, BBox], cleaning: Cleaning
) -> Iterator[Event]:
    """Find all objects of regions, plane by plane.

    Yields
    ------
    Event
        :class:`Progress`, and for each tile with objects its
        :class:`~napari_sam.plugin.worker.events.PlaneObjects`.
    """
    total = sum(len(session.tiles([plane], region)) for plane, region in regions.items())
    done = 0
    for plane, region in regions.items():
        for step in session.segment_everything([plane], commit=False, within=region):
            done += 1
            yield Progress("Finding again", done, total)
            if masks := list(filter(cleaning.is_object, map(cleaning.apply, step.settled))):
                yield number_objects(masks)
