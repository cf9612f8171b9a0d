"""``napari-sam segment``: images, with or without prompts, to labels on disk."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from napari_sam.errors import ImageError, PromptError

from .batch import REPORT, check_report, run_batch
from .find_images import find_plates, find_tasks, is_one_image, tables_in
from .image_sets import once_for_each_set
from .label_places import LabelPlaces, make_label_plates
from .option_groups import expand_groups
from .options import (
    DEFAULT_MODEL,
    DeviceOption,
    ImageOptions,
    LearnedOption,
    ModelOption,
    OmeZarrVersionOption,
    OverwriteOption,
    PrecisionOption,
    ReportOptions,
    SchedulerOption,
    WellsOption,
)
from .report import report
from .segment_image import segment_image
from .settings import Settings, path_or_url, weights_file
from .share_work import share_work
from .task import Method, Task

if TYPE_CHECKING:
    from napari_sam.image.plate import Plate

ImagesArgument = Annotated[
    list[str],
    typer.Argument(
        metavar="IMAGE...",
        help="TIFF, OME-TIFF, OME-Zarr, zarr, npy, png, jpg, czi, nd2 or lif; or several, a "
        "folder, a pattern in quotes, a plate, or a .csv table with a column image.",
    ),
]
OutputOption = Annotated[
    Path,
    typer.Option(
        "--output",
        "-o",
        help="Labels: .ome.zarr, .zarr, .ome.tif or .tif; for several images, a folder.",
    ),
]
QuickOption = Annotated[
    bool, typer.Option("--quick", help="Do not look closer at what is small: faster, and worse.")
]
SkipEmptyOption = Annotated[
    bool,
    typer.Option(
        "--skip-empty/--no-skip-empty",
        help="Leave out tiles that show background alone, in the search for all objects.",
    ),
]
SuffixOption = Annotated[
    str | None,
    typer.Option(
        help="Kind of the labels of several images: .ome.tif, .ome.zarr or .tif; of a plate "
        ".ome.zarr, a plate again, and of other images .ome.tif by default."
    ),
]
InsideOption = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="Put the labels into the OME-Zarr images, as labels/NAME; -o is for the report.",
    ),
]


@dataclass(frozen=True, slots=True)
class ObjectOptions:
    """Options of ``segment`` for the objects: their prompts, planes, tracks and measurements.

    Parameters
    ----------
    points, boxes : Path or None
        CSV files of a Points and a Shapes layer of napari; without both, all objects are segmented.
    propagate, link : bool
        Whether to continue objects from plane to plane: those of the prompts, or all.
    along : str or None
        Letter of the axis for `propagate` or `link`; z by default where the image has it.
    track : bool
        Whether to number all objects through time, with divisions.
    tracks : Path or None
        File for centres and lineage through time.
    measure : list of Path or None
        Files for tables and outlines; for several images, suffixes.
    """

    points: Annotated[Path | None, typer.Option(help="Points layer that napari saved as CSV.")] = (
        None
    )
    boxes: Annotated[Path | None, typer.Option(help="Shapes layer that napari saved as CSV.")] = (
        None
    )
    propagate: Annotated[
        bool, typer.Option("--propagate", help="Follow the objects to all planes they are on.")
    ] = False
    link: Annotated[
        bool, typer.Option("--link", help="One label for an object on all the planes it is on.")
    ] = False
    along: Annotated[
        str | None, typer.Option(help="Axis to propagate or link along; z where there is one.")
    ] = None
    track: Annotated[
        bool,
        typer.Option(
            "--track", help="Number all objects through time, with divisions: extra tracking."
        ),
    ] = False
    tracks: Annotated[
        Path | None, typer.Option(help="Write centres and lineage through time: .csv or .geff.")
    ] = None
    measure: Annotated[
        list[Path] | None,
        typer.Option(
            help="Write a table, .csv or .parquet, or outlines, .geojson for QuPath or .zip for "
            "Fiji; may be given several times. For several images only the suffix."
        ),
    ] = None


@expand_groups
def segment(
    images: ImagesArgument,
    output: OutputOption,
    *,
    object_options: ObjectOptions,
    model: ModelOption = DEFAULT_MODEL,
    learned: LearnedOption = None,
    device: DeviceOption = None,
    precision: PrecisionOption = None,
    image_options: ImageOptions,
    no_cache: Annotated[bool, typer.Option("--no-cache", help="Keep no embeddings.")] = False,
    quick: QuickOption = False,
    skip_empty: SkipEmptyOption = True,
    suffix: SuffixOption = None,
    inside: InsideOption = None,
    wells: WellsOption = None,
    ome_zarr_version: OmeZarrVersionOption = None,
    scheduler: SchedulerOption = None,
    overwrite: OverwriteOption = False,
    report_options: ReportOptions,
) -> None:
    """Segment images: all objects, or those that points and boxes show.

    The CSV files may have two columns more: object, the number of the object that a row belongs
    to (also its label in the output), and label, 1 for a point on the object and 0 for background.

    Of several images each gets a file in the output folder, and a row in report.csv there. An image
    that cannot be segmented does not stop the others. An OME-Zarr plate is several images, and so
    is a well of it.
    """
    settings = Settings(model, device, image_options, not no_cache, not quick, learned, precision)
    if image_options.series is not None and wells is not None:
        raise typer.BadParameter("--series and --wells both choose from a plate: give one of them")
    plates = {} if image_options.series is not None else find_plates(images, wells)
    single = is_one_image(images) and all(plate.is_field for plate in plates.values())
    if single and inside is not None:
        raise typer.BadParameter(
            f"--inside is for several images: of one, give -o {images[0]}/labels/{inside}"
        )
    notes: list[str] = []
    if single:
        tasks = [_task(images[0], output, object_options)]
        _check_outputs(tasks, weights_file(model))
    else:
        places = LabelPlaces(output, suffix, inside)
        tasks, notes = _tasks(images, places, plates, object_options, weights_file(model))
        make_label_plates(tasks, ome_zarr_version)
    with share_work(settings, scheduler) as (local_settings, cluster):
        method = Method(
            settings=local_settings,
            propagate=object_options.propagate,
            link=object_options.link,
            along=object_options.along,
            track=object_options.track,
            overwrite=overwrite,
            ome_zarr_version=ome_zarr_version,
            quiet=report_options.json,
            cluster=cluster,
            skip_empty=skip_empty,
        )
        if single:
            summary = segment_image(tasks[0], method)
        else:
            summary = run_batch(tasks, method, output / REPORT)
            summary["warnings"] = [*notes, *summary["warnings"]]
    report(summary, as_json=report_options.json)
    if failed := summary.get("failed"):
        raise ImageError(
            f"{failed} of {len(tasks)} images could not be segmented: {output / REPORT} says why"
        )


def _check_outputs(tasks: list[Task], roles: dict[Path, str], *outputs: Path) -> None:
    """Raise OutputError if an output, of a task or of `outputs`, is an input or another output.

    `roles` are inputs of the command beside those of the tasks.
    """
    from napari_sam.labels.files.inputs import Inputs, check_distinct

    inputs = dict(item for task in tasks for item in task.inputs.items())
    tables = {task.class_table for task in tasks}  # of a.tif and a.ome.zarr the same
    written = [*(output for task in tasks for output in task.outputs), *tables, *outputs]
    Inputs(roles | inputs).check(written)
    check_distinct(written)


def _task(image: str, output: Path, options: ObjectOptions) -> Task:
    """Describe the work on the only image."""
    return Task(
        path_or_url(image),
        output,
        options.points,
        options.boxes,
        options.tracks,
        tuple(options.measure or ()),
    )


def _tasks(
    images: list[str],
    places: LabelPlaces,
    plates: "dict[Path | str, Plate]",
    options: ObjectOptions,
    weights: dict[Path, str],
) -> tuple[list[Task], list[str]]:
    """Find several images, and warnings about them, after a check of all outputs.

    Prompts and tracks of several images come from a table, not from options. `weights` is the file
    of the model, if it is one.
    """
    if not (options.points is None and options.boxes is None and options.tracks is None):
        raise PromptError(
            "prompts and tracks belong to one image: for several, give a table with the columns "
            "image, points, boxes and tracks"
        )
    tasks = find_tasks(images, places, [str(path) for path in options.measure or ()], plates)
    notes = [line for plate in plates.values() for line in plate.warnings]
    tables = dict.fromkeys(tables_in(images), "table of images")
    if not tables:  # rows of a table are done as they stand
        tasks, of_sets = once_for_each_set(tasks)
        notes += of_sets
    _check_outputs(tasks, weights | tables, places.folder / REPORT)
    check_report(places.folder / REPORT)
    return tasks, notes
