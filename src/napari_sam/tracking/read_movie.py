"""Read movie: objects of all frames, and their links from frame to frame."""

from collections.abc import Generator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_sam.errors import LabelError
from napari_sam.labels.frame_objects import FrameObjects, frame_objects
from napari_sam.labels.label_array import LARGEST_LABEL, LabelArray

from .candidates import REACH, Side, candidates
from .drift import drift_between
from .link_frames import link_frames
from .movie_objects import Links, MovieObjects, radii_of
from .options import TrackingOptions
from .overlaps import overlaps
from .relabelled_movie import CHANGED


@dataclass(frozen=True, slots=True, eq=False)
class LinkedMovie:
    """Objects of a movie with their links.

    Parameters
    ----------
    objects : MovieObjects
        The objects.
    links : Links
        Links between neighbouring frames.
    reach : float
        Largest distance that was allowed between two frames, pixels of the side of x: the median
        over the movie.
    """

    objects: MovieObjects
    links: Links
    reach: float


def read_movie(
    labels: LabelArray, spacing: Sequence[float], options: TrackingOptions
) -> Generator[tuple[int, int], None, LinkedMovie]:
    """Measure the objects frame by frame, and link neighbouring frames.

    Parameters
    ----------
    labels : array-like
        ``(T, *space)`` integers; two frames are read at a time, block by block.
    spacing : sequence of float
        Side of a pixel along each axis of space, as a multiple of that along x.
    options : TrackingOptions
        The user's choices.

    Yields
    ------
    tuple of int
        Frames done, and frames in all.

    Returns
    -------
    LinkedMovie

    Raises
    ------
    LabelError
        If a label is negative or beyond 32 bits, or the labels change meanwhile.
    """
    count, side = labels.shape[0], np.asarray(spacing, float)
    objects: list[FrameObjects] = []
    positions: list[NDArray[np.float64]] = []
    links: list[Links] = []
    reaches: list[float] = []
    moved, start = np.zeros(len(side)), 0
    for frame in range(count):
        objects_now = _checked(frame_objects(labels, 0, frame))
        places = objects_now.centres * side
        if frame:
            before = objects[-1]
            radius = _usual_radius(before, objects_now, side)
            reach = options.max_distance or 2 * REACH * radius
            drift = drift_between(before.centres * side, places, radius)
            moved = moved + drift
            shift = np.round(drift / side).astype(int).tolist()
            pairs, common = overlaps(labels, frame - 1, frame, shift)
            _check_unchanged(pairs, before, objects_now)
            sides = (
                Side(before.labels, before.sizes, positions[-1]),
                Side(objects_now.labels, objects_now.sizes, places - moved),
            )
            possible = candidates(*sides, pairs, common, reach)
            links.append(link_frames(possible, len(before.labels), start))
            start += len(before.labels)
            reaches.append(reach)
        objects.append(objects_now)
        positions.append(places - moved)
        yield frame + 1, count
    table = _table(objects, positions, float(side.prod()))
    return LinkedMovie(table, Links.joined(links), float(np.median(reaches)) if reaches else 1.0)


def _check_unchanged(
    pairs: NDArray[np.int64], before: FrameObjects, objects_now: FrameObjects
) -> None:
    """Raise LabelError if the overlaps, a second read, show labels without an object."""
    for labels, objects in zip(pairs.T, (before, objects_now), strict=True):
        if not np.isin(labels, objects.labels).all():
            raise LabelError(CHANGED)


def _checked(objects: FrameObjects) -> FrameObjects:
    low, high = objects.labels.min(initial=0), objects.labels.max(initial=0)
    if low < 0 or high > LARGEST_LABEL:
        raise LabelError(
            f"label {low if low < 0 else high} cannot be tracked: labels are 0 to {LARGEST_LABEL}"
        )
    return objects


def _usual_radius(first: FrameObjects, second: FrameObjects, side: NDArray[np.float64]) -> float:
    """Median radius of the objects of two frames, at least 1 pixel of the side of x."""
    sizes = np.concatenate([first.sizes, second.sizes]) * side.prod()
    return max(1.0, float(np.median(radii_of(sizes, len(side))))) if sizes.size else 1.0


def _table(
    objects: Sequence[FrameObjects], positions: Sequence[NDArray[np.float64]], unit: float
) -> MovieObjects:
    counts = [len(frame.labels) for frame in objects]
    return MovieObjects(
        frames=np.repeat(np.arange(len(objects)), counts),
        labels=np.concatenate([frame.labels for frame in objects]),
        sizes=np.concatenate([frame.sizes for frame in objects]) * unit,
        centres=np.concatenate([frame.centres for frame in objects]),
        positions=np.concatenate(positions),
        starts=np.concatenate([[0], np.cumsum(counts)]).astype(np.intp),
    )
