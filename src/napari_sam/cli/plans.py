"""Plans: the work of ``segment`` on an image, as an iterator of steps and the number of steps."""

from collections.abc import Iterator, Mapping
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from napari_sam.cluster.cluster import Cluster
    from napari_sam.masks.mask import Mask
    from napari_sam.prompts.prompt import Prompt, PromptSet
    from napari_sam.propagation.line import Line
    from napari_sam.session import Session

    Batch = dict[int, tuple[Prompt, ...]]

OBJECTS_PER_PASS = 32
"""Objects of a plane that are predicted together; the progress bar moves after each such batch."""


def plan(session: "Session", prompts: "PromptSet") -> tuple[Iterator[object], int]:
    """Plan to segment prompted objects on the planes of the prompts.

    Parameters
    ----------
    session : Session
        Session on the image; taking the steps changes its labels.
    prompts : PromptSet
        Prompts of the objects; the numbers of the objects become their labels.

    Returns
    -------
    iterator, int
        The steps, and their number.
    """
    batches = _batches(prompts)
    return _segment_batches(session, batches), len(batches)


def plan_mosaic(
    session: "Session",
    output: Path,
    cluster: "Cluster | None" = None,
    skip_empty: bool = True,
) -> tuple[Iterator[object], int]:
    """Plan to segment all objects, plane by plane; returns steps as :func:`plan` does.

    Parameters
    ----------
    session : Session
        Session on the image; after the last step its labels are a mosaic.
    output : Path
        File for the labels. Objects of finished tiles are stored in a folder beside it, from which
        an interrupted command resumes.
    cluster : Cluster, optional
        Workers for the tiles, which start at once; this process by default.
    skip_empty : bool
        Whether tiles of background alone are left out.

    Raises
    ------
    OutputError
        If the folder cannot be written.
    ClusterError
        If the workers cannot open the image, such as an array in memory.
    """
    from napari_sam.mosaic.segment import segment_here
    from napari_sam.mosaic.tile_folder import tile_folder_of

    work = segment_here if cluster is None else cluster.segment
    steps = session.segment_mosaic(tile_folder_of(output), work, skip_empty=skip_empty)
    return iter(steps), len(steps)


def plan_stack(session: "Session", axis: str | None) -> tuple[Iterator[object], int]:
    """Plan to segment all objects and link them along an axis; returns steps as :func:`plan` does.

    Raises
    ------
    PromptError
        If the image does not have the axis, or only one plane along it.
    """
    steps = session.segment_stack(axis)
    first = next(steps)
    return chain([first], steps), first.total


def plan_propagation(
    session: "Session", prompts: "PromptSet", axis: str | None
) -> tuple[Iterator[object], int]:
    """Plan to segment prompted objects and to propagate their masks through whole stacks.

    Parameters
    ----------
    session : Session
        Session on the image; taking the steps changes its labels.
    prompts : PromptSet
        Prompts of the objects; an object needs foreground on each plane with prompts for it.
    axis : str or None
        Letter of the axis to propagate along; None for z, or without z the last before y and x.

    Returns
    -------
    iterator, int
        The steps, and their number.

    Raises
    ------
    PromptError
        If the image does not have the axis, or only one plane along it.
    """
    from napari_sam.propagation.line import line_through

    positions: dict[Line, list[int]] = {}
    for plane in prompts.planes():
        line = line_through(session.volume, axis, plane)
        positions.setdefault(line, []).append(line.position(plane))
    # a walk up from the first plane with prompts and one down from the last, as in `propagate`
    passes = sum(line.size + 1 + max(seeds) - min(seeds) for line, seeds in positions.items())
    batches = _batches(prompts)
    return _propagate_all(session, batches, axis, prompts.parents), len(batches) + passes


def _propagate_all(
    session: "Session", batches: "list[Batch]", axis: str | None, parents: Mapping[int, int]
) -> Iterator[int]:
    """Predict masks on the planes with prompts, then propagate all objects together."""
    seeds: dict[int, list[Mask]] = {}
    for batch in batches:
        for number, mask in session.predict_objects(batch).items():
            if not mask.empty:
                seeds.setdefault(number, []).append(mask)
        yield len(batch)
    family = {child: mother for child, mother in parents.items() if child in seeds}
    done = 0
    for step in session.propagate(seeds, axis, parents=family) if seeds else ():
        yield from range(done, step.done)
        done = step.done


def _batches(prompts: "PromptSet") -> "list[Batch]":
    """Split the objects of each plane into batches of at most `OBJECTS_PER_PASS`."""
    batches: list[Batch] = []
    for plane in prompts.planes():
        objects = iter(prompts.on_plane(plane).objects.items())
        while batch := dict(islice(objects, OBJECTS_PER_PASS)):
            batches.append(batch)
    return batches


def _segment_batches(session: "Session", batches: "list[Batch]") -> Iterator[int]:
    """Predict and commit each batch; yields the number of objects."""
    for batch in batches:
        for number, mask in session.predict_objects(batch).items():
            if not mask.empty:
                session.commit(mask, label=number)
        yield len(batch)
