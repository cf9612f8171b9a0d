"""Track session: the labels of a session, numbered through time."""

from collections.abc import Callable, Iterator, MutableMapping
from typing import Protocol

import numpy as np

from napari_sam.errors import LabelError
from napari_sam.image.volume import Volume
from napari_sam.labels.edit import LabelEdit, difference
from napari_sam.labels.label_array import LabelArray
from napari_sam.labels.label_book import LabelBook

from .keep_numbers import keep_numbers
from .lineage import Lineage
from .options import TrackingOptions
from .relabelled_movie import RelabelledMovie
from .track import track


class HasLabels(Protocol):
    """Volume and labels of a :class:`~napari_sam.session.Session`."""

    @property
    def volume(self) -> Volume:
        """The image."""

    @property
    def book(self) -> LabelBook:
        """The labels with their scores and parents."""


def track_session(
    session: HasLabels,
    options: TrackingOptions = TrackingOptions(),
    *,
    progress: Callable[[int, int], object] | None = None,
) -> Lineage:
    """Track the labels of a session, and number them through time.

    A track keeps the label of its first object where no earlier track has it. Parents and scores
    follow; the score of a track is the least of its objects. Labels in memory, or in a zarr, change
    as a single step to undo. Labels that cannot be painted into, such as those of
    ``segment_mosaic``, are replaced by labels that are read through them.

    Parameters
    ----------
    session : Session
        Its image has a time axis.
    options : TrackingOptions
        The user's choices.
    progress : callable, optional
        Called with frames done, and frames in all.

    Returns
    -------
    Lineage
        With tracks numbered from 1, as :meth:`~napari_sam.tracking.lineage.Lineage.relabelled` and
        the writers use them.

    Raises
    ------
    LabelError
        If the image is no movie, or LapTrack is missing.
    """
    book, volume = session.book, session.volume
    labels = book.labels
    lineage = track(labels, volume.label_axes, options, scale=volume.scale, progress=progress)
    numbers = keep_numbers(lineage)
    objects = lineage.objects
    movie = RelabelledMovie(labels, objects.starts, objects.labels, numbers[lineage.tracks])
    scores = _scores(lineage, book.scores, numbers[lineage.tracks].tolist())
    try:
        book.edit(_edits(labels, movie))
        book.scores = scores
    except LabelError:  # at the first edit, before anything changed: they cannot be painted into
        book.adopt(movie, scores, int(numbers.max()))
    book.parents = {int(numbers[d]): int(numbers[m]) for d, m in lineage.parents.items()}
    return lineage


def _edits(labels: LabelArray, movie: RelabelledMovie) -> Iterator[LabelEdit]:
    """Edits of all planes, in the dtype of the labels."""
    height, width = labels.shape[-2:]
    for plane in np.ndindex(*labels.shape[:-2]):
        edit = difference(labels, movie, plane, (0, 0, height, width))
        old, new = (values.astype(labels.dtype) for values in (edit.old, edit.new))
        yield LabelEdit(plane, edit.bbox, edit.mask, old, new)


def _scores(
    lineage: Lineage, scores: MutableMapping[int, float], new_labels: list[int]
) -> dict[int, float]:
    """Score by new label: the least score of its objects; objects without a score do not count."""
    least: dict[int, float] = {}
    for old, new in zip(lineage.objects.labels.tolist(), new_labels, strict=True):
        if (score := scores.get(old)) is not None:
            least[new] = min(score, least.get(new, 1.0))
    return least
