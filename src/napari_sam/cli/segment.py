"""``napari-sam segment``: an image, and maybe prompts, to labels on disk."""

import warnings
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
from .plans import plan, plan_mosaic, plan_propagation, plan_stack
from .report import progress, report
from .target import check_output

if TYPE_CHECKING:
    from napari_sam.prompts.prompt import PromptSet
    from napari_sam.session import Session


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
    from napari_sam.mosaic.tile_folder import remove_tiles, tile_folder_of

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
    elif prompts is not None:
        steps, total = plan(session, prompts)
    else:
        steps, total = plan_mosaic(session, output)
    for _ in progress(steps, total, "segment", quiet=json):
        pass
    present = present_labels(session.labels)
    missed = sorted(set(prompts.objects) - present) if prompts is not None else []
    files, notes = _save(session, output, overwrite=overwrite)
    remove_tiles(tile_folder_of(output))
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


def present_labels(labels: Any) -> set[int]:
    """Labels in use in an array, read block by block, without the background."""
    import numpy as np

    from napari_sam.labels.blocks import block_regions, natural_block

    regions = block_regions(labels.shape, natural_block(labels))
    return {int(n) for region in regions for n in np.unique(labels[region])} - {0}
