"""Track: objects of a label movie linked through time, with divisions and gaps."""

from collections.abc import Callable, Generator, Sequence

import numpy as np

from napari_sam.errors import LabelError
from napari_sam.labels.label_array import LabelArray

from .hypotheses import divisions, gaps
from .lineage import Lineage
from .lineage_of import lineage_of
from .options import TrackingOptions
from .read_movie import read_movie
from .resolve import check_library, resolve

Tracking = Generator[tuple[int, int], None, Lineage]
"""Yields frames done, and frames in all; returns the lineage."""


def track(
    labels: LabelArray,
    axes: str | None = None,
    options: TrackingOptions = TrackingOptions(),
    *,
    scale: Sequence[float] | None = None,
    progress: Callable[[int, int], object] | None = None,
) -> Lineage:
    """Track the objects of a movie; the arguments are those of :func:`iter_track`.

    Parameters
    ----------
    labels, axes, options, scale
        See :func:`iter_track`.
    progress : callable, optional
        Called with frames done, and frames in all.

    Raises
    ------
    LabelError
        See :func:`iter_track`.
    """
    steps = iter_track(labels, axes, options, scale=scale)
    while True:
        try:
            done, total = next(steps)
        except StopIteration as end:
            lineage: Lineage = end.value
            return lineage
        if progress is not None:
            progress(done, total)


def iter_track(
    labels: LabelArray,
    axes: str | None = None,
    options: TrackingOptions = TrackingOptions(),
    *,
    scale: Sequence[float] | None = None,
) -> Tracking:
    """Track the objects of a movie frame by frame.

    Links between neighbouring frames are an assignment of the largest fit (distance without the
    drift of all objects, overlap, size). LapTrack then decides where chains of links are joined
    over frames on which the object is missing, and where an object divides.

    Parameters
    ----------
    labels : array-like
        ``(T, Y, X)`` or ``(T, Z, Y, X)`` integers, 0 is background. The labels of a frame need not
        be those of another. Two frames are read at a time, block by block, and no pixel is kept:
        memory grows with the number of objects alone, by some hundred bytes each.
    axes : str, optional
        Letters of the axes; ``TYX`` or ``TZYX`` by default.
    options : TrackingOptions
        The user's choices.
    scale : sequence of float, optional
        Size of a pixel along each axis, in one unit; 1 by default. What counts is the ratio of the
        axes of space.

    Returns
    -------
    generator of tuple of int, Lineage
        Yields frames done, and frames in all; returns the tracks.

    Raises
    ------
    LabelError
        At once, if the labels are no movie, or LapTrack is missing; while reading, if a label is
        negative or beyond 32 bits.
    """
    spacing = _spacing(labels, axes, scale)
    check_library()
    return _track(labels, spacing, options)


def _spacing(labels: LabelArray, axes: str | None, scale: Sequence[float] | None) -> list[float]:
    """Side of a pixel along the axes of space as a multiple of x; LabelError without a movie."""
    ndim, integers = len(labels.shape), np.dtype(labels.dtype).kind in "ui"
    letters = axes or {3: "TYX", 4: "TZYX"}.get(ndim, "")
    if "T" not in letters:
        what = f"only {letters}" if letters else f"but {ndim} dimensions"
        raise LabelError(
            f"the labels have no time axis, {what}: a movie is TYX or TZYX, name the axes with "
            "--axes (axes=)"
        )
    if letters not in ("TYX", "TZYX") or len(letters) != ndim or not integers:
        raise LabelError(
            f"labels of type {labels.dtype} with the axes {letters} are no movie: tracking takes "
            "integers with the axes TYX or TZYX"
        )
    if labels.shape[0] < 2:
        raise LabelError("the movie has a single frame: there is nothing to track")
    sizes = [1.0] * ndim if scale is None else [float(size) for size in scale]
    if len(sizes) != ndim or not all(0 < size < float("inf") for size in sizes):
        raise LabelError(f"scale {tuple(sizes)} does not fit {letters}: give a size for each axis")
    return [size / sizes[-1] for size in sizes[1:]]


def _track(labels: LabelArray, spacing: Sequence[float], options: TrackingOptions) -> Tracking:
    movie = yield from read_movie(labels, spacing, options)
    objects, links = movie.objects, movie.links
    possible = list(divisions(objects, links, options))
    likely = [division for division in possible if division.cost < 1]
    bridges = list(gaps(objects, links, movie.reach, options.max_gap))
    closed, divided = resolve(objects, links, bridges, likely)
    made = set(divided)
    not_made = [division for division in possible if division not in made]
    return lineage_of(objects, links, closed, divided, not_made)
