"""Track objects: the labels of a movie tracked in the worker; no Qt, no napari."""

from collections import defaultdict
from collections.abc import Generator, Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from napari_sam.errors import LabelError
from napari_sam.labels.edit import LabelEdit, difference
from napari_sam.labels.label_array import LabelArray
from napari_sam.labels.paint import check_label
from napari_sam.labels.tracks import Tracks
from napari_sam.plugin.image.image_source import ImageSource
from napari_sam.tracking.keep_numbers import keep_numbers
from napari_sam.tracking.lineage import Lineage
from napari_sam.tracking.relabelled_movie import CHANGED, RelabelledMovie
from napari_sam.tracking.track import iter_track

from .events import Event, Progress
from .objects_tracked import Decision, ObjectsTracked, Pixel


def track_objects(labels: LabelArray, source: ImageSource) -> Generator[Event, None, None]:
    """Track the labels of a movie.

    Parameters
    ----------
    labels : array-like
        ``source.label_shape`` integers, without channels.
    source : ImageSource
        The image.

    Yields
    ------
    Progress, ObjectsTracked

    Raises
    ------
    LabelError
        If the image is no movie, LapTrack is missing, or a new label does not fit into the type of
        the labels.
    """
    axes = source.label_axes
    yield Progress("Tracking")
    steps = iter_track(labels, axes, scale=source.calibration.select(axes).scale)
    while True:
        try:
            done, total = next(steps)
        except StopIteration as end:
            lineage: Lineage = end.value
            break
        yield Progress("Tracking", done, total)
    if not lineage.count:
        raise LabelError("there are no labels yet: find objects first, or accept them")
    yield _tracked(labels, axes, lineage)


def _tracked(labels: LabelArray, axes: str, lineage: Lineage) -> ObjectsTracked:
    numbers = keep_numbers(lineage)
    check_label(int(numbers.max()), labels.dtype)
    objects = lineage.objects
    new = numbers[lineage.tracks]
    movie = RelabelledMovie(labels, objects.starts, objects.labels, new)
    height, width = labels.shape[-2:]
    planes = np.ndindex(*labels.shape[:-2])
    edits = (difference(labels, movie, plane, (0, 0, height, width)) for plane in planes)
    tracks = lineage.as_tracks(axes)
    data = tracks.data.copy()
    data[:, 0] = numbers[data[:, 0].astype(int)]
    parents = {int(numbers[d]): int(numbers[m]) for d, m in lineage.parents.items()}
    keys = zip(objects.frames.tolist(), objects.labels.tolist(), strict=True)
    return ObjectsTracked(
        tuple(_in_type(edit, labels.dtype) for edit in edits if not edit.empty),
        dict(zip(keys, new.tolist(), strict=True)),
        parents,
        Tracks(axes, data[np.lexsort((data[:, 1], data[:, 0]))], _graph(parents)),
        tuple(_decisions(labels, lineage)),
    )


def _graph(parents: Mapping[int, int]) -> dict[int, tuple[int, ...]]:
    return {daughter: (mother,) for daughter, mother in parents.items()}


def _in_type(edit: LabelEdit, dtype: np.dtype) -> LabelEdit:
    old, new = (values.astype(dtype) for values in (edit.old, edit.new))
    return LabelEdit(edit.plane, edit.bbox, edit.mask, old, new)


def _decisions(labels: LabelArray, lineage: Lineage) -> Iterator[Decision]:
    """Proposals with a pixel of each object; a frame is read once."""
    rows_by_frame = defaultdict(set)
    for proposal in lineage.proposals:
        for row in proposal.rows:
            rows_by_frame[int(lineage.objects.frames[row])].add(row)
    pixels: dict[int, Pixel] = {}
    for frame, rows in rows_by_frame.items():
        of_frame = np.asarray(labels[frame])
        for row in rows:
            inside = np.argwhere(of_frame == lineage.objects.labels[row])
            if not len(inside):
                raise LabelError(CHANGED)
            pixels[row] = (frame, *_nearest(inside, lineage.objects.centres[row]))
    for proposal in lineage.proposals:
        places = tuple(pixels[row] for row in proposal.rows)
        yield Decision(proposal.kind, proposal.doubt, places)


def _nearest(pixels: NDArray[np.intp], centre: NDArray[np.float64]) -> tuple[int, ...]:
    """The pixel nearest to the centre: an object may have a hole there."""
    nearest: list[int] = pixels[((pixels - centre) ** 2).sum(axis=1).argmin()].tolist()
    return tuple(nearest)
