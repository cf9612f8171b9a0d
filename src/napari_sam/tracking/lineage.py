"""Lineage: tracks of a movie's objects, their mothers, and doubtful decisions for review."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from napari_sam.labels.label_array import LabelArray
from napari_sam.labels.tracks import Tracks

from .movie_objects import MovieObjects
from .relabelled_movie import RelabelledMovie


class Kind(Enum):
    """Kind of a proposal; the value is the word for users."""

    DIVISION = "division"
    POSSIBLE_DIVISION = "possible division"
    LINK = "unsure link"


@dataclass(frozen=True, slots=True)
class Proposal:
    """Doubtful decision of the tracking, for review by a person.

    Made by :func:`~napari_sam.tracking.lineage_of.lineage_of`; shown by the dock.

    Parameters
    ----------
    kind : Kind
        A division that was made, one that was not, or a link that was made.
    rows : tuple of int
        Rows of :attr:`Lineage.objects`: the object before; then the one that goes on; of a division
        also the one that begins.
    doubt : float
        From 0 to 1.
    """

    kind: Kind
    rows: tuple[int, ...]
    doubt: float


@dataclass(frozen=True, slots=True)
class TrackSpan:
    """The frames of a track, and its mother.

    Parameters
    ----------
    track, first, last : int
        Number of the track, and its first and last frame.
    parent : int
        Number of the mother's track; 0 without one.
    """

    track: int
    first: int
    last: int
    parent: int


@dataclass(frozen=True, slots=True, eq=False)
class Lineage:
    """Tracks of the objects of a movie.

    Made by :func:`~napari_sam.tracking.track.iter_track`.

    Parameters
    ----------
    objects : MovieObjects
        The objects, by frame.
    tracks : ndarray
        ``(N,)`` int64: the track of each object, from 1, in the order of their first frames.
    parents : mapping of int to int
        Track of a daughter to the track of its mother.
    proposals : tuple of Proposal
        Doubtful decisions, the most doubtful first.
    """

    objects: MovieObjects
    tracks: NDArray[np.int64]
    parents: Mapping[int, int]
    proposals: tuple[Proposal, ...] = ()

    @property
    def count(self) -> int:
        """Number of tracks."""
        return int(self.tracks.max(initial=0))

    def spans(self) -> list[TrackSpan]:
        """First and last frame of every track, by number."""
        tracks, first = np.unique(self.tracks, return_index=True)
        _, from_end = np.unique(self.tracks[::-1], return_index=True)
        last = len(self.tracks) - 1 - from_end
        frames = self.objects.frames
        columns = (tracks.tolist(), frames[first].tolist(), frames[last].tolist())
        return [
            TrackSpan(track, begin, end, self.parents.get(track, 0))
            for track, begin, end in zip(*columns, strict=True)
        ]

    def relabelled(self, labels: LabelArray) -> RelabelledMovie:
        """The movie with the number of its track in every object; nothing is read before use.

        Parameters
        ----------
        labels : array-like
            The labels that were tracked.
        """
        starts = self.objects.starts
        return RelabelledMovie(labels, starts, self.objects.labels, self.tracks)

    def as_tracks(self, axes: str) -> Tracks:
        """The tracks in the form of napari's Tracks layer.

        Parameters
        ----------
        axes : str
            Letters of the movie's axes, such as ``TYX``.
        """
        order = np.lexsort((self.objects.frames, self.tracks))
        columns = (self.tracks, self.objects.frames, *self.objects.centres.T)
        data = np.stack(columns, axis=1)[order].astype(np.float64)
        return Tracks(axes, data, {child: (mother,) for child, mother in self.parents.items()})
