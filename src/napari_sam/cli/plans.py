"""Plans: what ``segment`` is about to do, as steps and how many there will be."""

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


def plan(session: "Session", prompts: "PromptSet") -> tuple[Iterator[object], int]:
    """Prepare the steps that fill the labels of a session.

    Parameters
    ----------
    session : Session
        Its labels change while the steps are taken.
    prompts : PromptSet
        What shows the objects.

    Returns
    -------
    iterator, int
        The steps, and how many there will be.
    """
    batches = _batches(prompts)
    return _segment_batches(session, batches), len(batches)


def plan_mosaic(
    session: "Session", output: Path, cluster: "Cluster | None" = None
) -> tuple[Iterator[object], int]:
    """Prepare the steps that find all objects; tiles are kept beside the output; see :func:`plan`.

    A cluster begins at once.

    Raises
    ------
    OutputError
        If they cannot be kept there.
    ClusterError
        If the image is nothing that the workers could open.
    """
    from napari_sam.mosaic.segment import segment_here
    from napari_sam.mosaic.tile_folder import tile_folder_of

    work = segment_here if cluster is None else cluster.segment
    steps = session.segment_mosaic(tile_folder_of(output), work)
    return iter(steps), len(steps)


def plan_stack(session: "Session", axis: str | None) -> tuple[Iterator[object], int]:
    """Prepare the steps that find all objects and link them along an axis; see :func:`plan`.

    Raises
    ------
    PromptError
        If the image has no such axis.
    """
    steps = session.segment_stack(axis)
    first = next(steps)
    return chain([first], steps), first.total


def plan_propagation(
    session: "Session", prompts: "PromptSet", axis: str | None
) -> tuple[Iterator[object], int]:
    """Prepare the steps that follow prompted objects through all stacks that prompts lie in.

    Parameters
    ----------
    session : Session
        Its labels change while the steps are taken.
    prompts : PromptSet
        Foreground on each of the planes.
    axis : str or None
        To propagate along; None for the usual one.

    Returns
    -------
    iterator, int
        The steps, and how many there will be.

    Raises
    ------
    PromptError
        If the image has no such axis.
    """
    from napari_sam.propagation.line import line_through

    positions: dict[Line, list[int]] = {}
    for plane in prompts.planes():
        line = line_through(session.volume, axis, plane)
        positions.setdefault(line, []).append(line.position(plane))
    sizes = sum(line.size + 1 + max(own) - min(own) for line, own in positions.items())
    batches = _batches(prompts)
    return _propagate_all(session, batches, axis, prompts.parents), len(batches) + sizes


def _propagate_all(
    session: "Session", batches: "list[Batch]", axis: str | None, parents: Mapping[int, int]
) -> Iterator[int]:
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
    """Objects of one plane, some at a time, so that progress is seen."""
    batches: list[Batch] = []
    for plane in prompts.planes():
        objects = iter(prompts.on_plane(plane).objects.items())
        while batch := dict(islice(objects, OBJECTS_PER_PASS)):
            batches.append(batch)
    return batches


def _segment_batches(session: "Session", batches: "list[Batch]") -> Iterator[int]:
    for batch in batches:
        for number, mask in session.predict_objects(batch).items():
            if not mask.empty:
                session.commit(mask, label=number)
        yield len(batch)
