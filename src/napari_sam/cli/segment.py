"""``napari-sam segment``: images, and maybe prompts, to labels on disk."""

from pathlib import Path
from typing import Annotated

import typer

from napari_sam.errors import ImageError, PromptError

from .batch import REPORT, run_batch
from .find_images import find_tasks, is_one_image
from .options import (
    DEFAULT_MODEL,
    AxesOption,
    CacheDirOption,
    ChannelsOption,
    ContrastOption,
    DebugOption,
    DeviceOption,
    JsonOption,
    ModelOption,
    OverwriteOption,
    SchedulerOption,
    Settings,
    located,
    sharing,
)
from .report import report
from .segment_image import Manner, Task, segment_image


def segment(
    images: Annotated[
        list[str],
        typer.Argument(
            metavar="IMAGE...",
            help="TIFF, OME-TIFF, OME-Zarr, zarr, npy, png or jpg; or several, a folder, a pattern "
            "in quotes, or a .csv table with a column image.",
        ),
    ],
    output: Annotated[
        Path,
        typer.Option(
            "--output",
            "-o",
            help="Labels: .ome.zarr, .zarr, .ome.tif or .tif; for several images, a folder.",
        ),
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
    measure: Annotated[
        list[Path] | None,
        typer.Option(
            help="Write a table, .csv or .parquet, or outlines, .geojson for QuPath or .zip for "
            "Fiji; may be given several times. For several images only the suffix."
        ),
    ] = None,
    model: ModelOption = DEFAULT_MODEL,
    device: DeviceOption = None,
    axes: AxesOption = None,
    channels: ChannelsOption = None,
    contrast: ContrastOption = None,
    cache_dir: CacheDirOption = None,
    no_cache: Annotated[bool, typer.Option("--no-cache", help="Keep no embeddings.")] = False,
    quick: Annotated[
        bool,
        typer.Option("--quick", help="Do not look closer at what is small: faster, and worse."),
    ] = False,
    suffix: Annotated[
        str, typer.Option(help="Kind of the labels of several images: .ome.tif, .ome.zarr or .tif.")
    ] = ".ome.tif",
    scheduler: SchedulerOption = None,
    overwrite: OverwriteOption = False,
    json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Segment images: all objects, or those that points and boxes show.

    The CSV files may have two columns more: object, the number of the object that a row belongs
    to (also its label in the output), and label, 1 for a point on the object and 0 for background.

    Of several images each gets a file in the output folder, and a row in report.csv there. An image
    that cannot be segmented does not stop the others.
    """
    cache = False if no_cache else cache_dir
    settings = Settings(model, device, axes, channels, contrast, cache, closer=not quick)
    if is_one_image(images):
        task = Task(located(images[0]), output, points, boxes, tracks, tuple(measure or ()))
        with sharing(settings, scheduler) as (here, cluster):
            manner = Manner(here, propagate, link, along, overwrite, json, cluster)
            summary = segment_image(task, manner)
        report(summary, as_json=json)
        return
    if not (points is None and boxes is None and tracks is None):
        raise PromptError(
            "prompts and tracks belong to one image: for several, give a table with the columns "
            "image, points, boxes and tracks"
        )
    tasks = find_tasks(images, output, suffix, [str(path) for path in measure or ()])
    with sharing(settings, scheduler) as (here, cluster):
        manner = Manner(here, propagate, link, along, overwrite, json, cluster)
        summary = run_batch(tasks, manner, output / REPORT)
    report(summary, as_json=json)
    if failed := summary["failed"]:
        raise ImageError(
            f"{failed} of {len(tasks)} images could not be segmented: {output / REPORT} says why"
        )
