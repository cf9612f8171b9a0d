"""``napari-sam segment``: an image, and maybe prompts, to labels on disk."""

import warnings
from collections.abc import Iterator, Mapping
from itertools import chain, islice
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Annotated, Any

import typer

from napari_sam.errors import PromptError

from .options import (
    DEFAULT_MODEL,
    AxesOption,
    CacheDirOption,
    ChannelsOption,
    ContrastOption,
    DebugOption,
    DeviceOption,
    ImageArgument,
    JsonOption,
    ModelOption,
    OverwriteOption,
    Settings,
)
from .report import progress, report
from .target import check_output

if TYPE_CHECKING:
    from napari_sam.masks.mask import Mask
    from napari_sam.prompts.prompt import Prompt, PromptSet
    from napari_sam.propagation.line import Line
    from napari_sam.session import Session

    Batch = dict[int, tuple[Prompt, ...]]

OBJECTS_PER_PASS = 32


def segment(
    image: ImageArgument,
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Labels: .ome.zarr, .zarr, .ome.tif or .tif.")
    ],
    points: Annotated[
        Path | None, typer.Option(help="Points layer that napari saved as CSV.")
    ] = None,
    boxes: Annotated[
        Path | None, typer.Option(help="Shapes layer that napari saved as CSV.")
    ] = None,
    propagate: Annotated[
        bool, typer.Option("--propagate", help="Follow the objects to all planes they are on.")
    ] = False,
    link: Annotated[
        bool, typer.Option("--link", help="One label for an object on all the planes it is on.")
    ] = False,
    along: Annotated[
        str | None, typer.Option(help="Axis to propagate or link along; z where there is one.")
    ] = None,
    tracks: Annotated[
        Path | None, typer.Option(help="Write centres and lineage through time: .csv or .geff.")
    ] = None,
    model: ModelOption = DEFAULT_MODEL,
    device: DeviceOption = None,
    axes: AxesOption = None,
    channels: ChannelsOption = None,
    contrast: ContrastOption = None,
    cache_dir: CacheDirOption = None,
    no_cache: Annotated[bool, typer.Option("--no-cache", help="Keep no embeddings.")] = False,
    overwrite: OverwriteOption = False,
    json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Segment IMAGE: all objects, or those that points and boxes show.

    The CSV files may have two columns more: object, the number of the object that a row belongs
    to (also its label in the output), and label, 1 for a point on the object and 0 for background.
    """
    started = perf_counter()
    check_output(output, image, overwrite=overwrite)
    prompted = points is not None or boxes is not None
    _check_ways(prompted=prompted, propagate=propagate, link=link, along=along)
    if tracks is not None:
        _check_tracks(tracks, overwrite=overwrite)
    settings = Settings(model, device, axes, channels, contrast, False if no_cache else cache_dir)
    prompts = _read_prompts(points, boxes)
    volume = settings.read(image)
    if tracks is not None and "T" not in volume.plane_axes:
        raise PromptError(
            f"the image has no time axis to track along, only {volume.axes}: "
            "leave --tracks out, or name the axes with --axes"
        )
    if prompts is not None:
        # plane by plane, as they are segmented: an object needs foreground on each of its planes
        for plane in prompts.planes():
            prompts.on_plane(plane).check(volume)
    session = settings.open(volume, quiet=json)
    if propagate and prompts is not None:
        steps, total = plan_propagation(session, prompts, along)
    elif link:
        steps, total = plan_stack(session, along)
    else:
        steps, total = plan(session, prompts)
    for _ in progress(steps, total, "segment", quiet=json):
        pass
    present = present_labels(session.labels)
    missed = sorted(set(prompts.objects) - present) if prompts is not None else []
    files, notes = _save(session, output, overwrite=overwrite)
    if tracks is not None:
        files += session.save_tracks(tracks, overwrite=overwrite)
    nothing = [f"nothing found for object {n}" for n in missed]
    summary = {
        "objects": len(present),
        "missed": missed,
        "seconds": round(perf_counter() - started, 2),
        "model": session.model.config.name,
        "device": session.device,
        "files": [str(file) for file in files],
        "warnings": [*session.warnings, *nothing, *notes],
    }
    report(summary, as_json=json)


def _check_ways(*, prompted: bool, propagate: bool, link: bool, along: str | None) -> None:
    """See that the options say one thing."""
    if propagate and not prompted:
        raise PromptError("--propagate follows what prompts show: give --points or --boxes too")
    if link and prompted:
        raise PromptError("--link is for all objects: use --propagate with --points and --boxes")
    if along is not None and not (propagate or link):
        raise PromptError("--along says where objects go on: give --propagate or --link too")


def _save(session: "Session", output: Path, *, overwrite: bool) -> tuple[list[Path], list[str]]:
    """Write the labels; returns the files, and what the writer has to say about them."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", UserWarning)
        files = session.save(output, overwrite=overwrite)
    # libraries warn developers with classes of their own
    return list(files), [str(note.message) for note in caught if note.category is UserWarning]


def _check_tracks(path: Path, *, overwrite: bool) -> None:
    from napari_sam.labels.write_tracks import check_tracks_target

    check_tracks_target(path, overwrite=overwrite)


def _read_prompts(points: Path | None, boxes: Path | None) -> "PromptSet | None":
    from napari_sam.prompts.read_csv import read_prompts

    return None if points is None and boxes is None else read_prompts(points, boxes)


def plan(session: "Session", prompts: "PromptSet | None") -> tuple[Iterator[object], int]:
    """Prepare the steps that fill the labels of a session.

    Parameters
    ----------
    session : Session
        Its labels change while the steps are taken.
    prompts : PromptSet or None
        None to find all objects.

    Returns
    -------
    iterator, int
        The steps, and how many there will be.
    """
    if prompts is None:
        return session.segment_everything(), len(session.tiles())
    batches = _batches(prompts)
    return _segment_batches(session, batches), len(batches)


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


def present_labels(labels: Any) -> set[int]:
    """Labels in use in an array, read block by block, without the background."""
    import numpy as np

    from napari_sam.labels.blocks import block_regions, natural_block

    regions = block_regions(labels.shape, natural_block(labels))
    return {int(n) for region in regions for n in np.unique(labels[region])} - {0}
