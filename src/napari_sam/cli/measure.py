"""``napari-sam measure``: existing labels to tables and outlines."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from itertools import chain
from pathlib import Path
from typing import Annotated

import typer

from .find_images import find_plates
from .measure_options import MeasureOptions
from .measure_plate import measure_plate
from .note_tables import check_recipe, note_measures
from .option_groups import expand_groups
from .options import OverwriteOption, RecipeOption, ReportOptions, WellsOption
from .report import progress, report
from .target import check_place

LabelsArgument = Annotated[
    Path,
    typer.Argument(metavar="LABELS", help="OME-Zarr, OME-TIFF, TIFF or npy of labels; or a plate."),
]
FilesOption = Annotated[
    list[Path],
    typer.Option(
        "--output",
        "-o",
        help="A table, .csv or .parquet; or outlines, .geojson for QuPath or .zip for Fiji. "
        "May be given several times.",
    ),
]
ImageOption = Annotated[
    Path | None,
    typer.Option(help="The image, for intensities and the size of a pixel; of a plate a plate."),
]


@expand_groups
def measure(
    labels: LabelsArgument,
    output: FilesOption,
    *,
    image: ImageOption = None,
    measure_options: MeasureOptions,
    wells: WellsOption = None,
    overwrite: OverwriteOption = False,
    recipe: RecipeOption = True,
    report_options: ReportOptions,
) -> None:
    """Measure objects: area, place, shape, neighbours, class and brightness; draw their outlines.

    Classes are those that were saved with the labels. With --image, --axes names its dimensions,
    and --series is about it. Of a plate, of labels or with labels inside its fields, all fields
    come into one table with the names of the wells; there --series names the labels.
    """
    measure_options.check(image)
    _check_files(labels, image, output, overwrite=overwrite)
    check_recipe(output[0], write=recipe)
    plate, quiet = find_plates([str(labels)], wells).get(labels), report_options.json
    noted: dict[str, str] = {}
    if plate is not None and not plate.is_field:
        warnings = measure_plate(plate, output, image, measure_options, quiet=quiet)
    else:
        noted, warnings = _measure_image(
            labels, output, image, measure_options, recipe=recipe, quiet=quiet
        )
    summary = {"files": [str(path) for path in output], **noted, "warnings": warnings}
    report(summary, as_json=quiet)


def _check_files(
    labels: Path, image: Path | None, output: Sequence[Path], *, overwrite: bool
) -> None:
    """Raise OutputError if an output cannot be written, or would replace an input."""
    from napari_sam.labels.files.class_files import class_table_path
    from napari_sam.labels.files.inputs import Inputs, check_distinct
    from napari_sam.measure.save import check_measures

    roles = {class_table_path(labels): "table of classes", labels: "label image"}
    Inputs(roles | ({} if image is None else {image: "image"})).check(output)
    for path in output:
        check_place(path)
    check_distinct(output)
    check_measures(output, overwrite=overwrite)


def _measure_image(
    labels: Path,
    output: Sequence[Path],
    image: Path | None,
    options: MeasureOptions,
    *,
    recipe: bool,
    quiet: bool,
) -> tuple[dict[str, str], list[str]]:
    """Write the measurements of an image with their recipe: its path by key, and warnings."""
    from napari_sam.image.labels_of_image import read_labels_of_image
    from napari_sam.image.read import read_image
    from napari_sam.labels.files.class_files import read_classes
    from napari_sam.measure.save import save_measures

    axes, series = options.axes, options.series
    if image is None:
        image_volume, label_volume = None, read_labels_of_image(labels, axes=axes, series=series)
    else:
        image_volume = read_image(image, axes=axes, series=series)
        label_volume = read_labels_of_image(labels, image_volume)
    steps = save_measures(
        output,
        label_volume.data,
        label_volume.calibration,
        image_volume,
        classes=read_classes(labels),
        shape=options.shape,
        texture=options.grey_levels(),
    )
    show_measuring(steps, quiet=quiet)
    noted = note_measures(output, labels, image_volume, write=recipe, **asdict(options))
    return noted, [*(image_volume.warnings if image_volume else ()), *label_volume.warnings]


def show_measuring(steps: Iterator[tuple[int, int]], *, quiet: bool) -> None:
    """Show a bar while objects are measured and written.

    Parameters
    ----------
    steps : iterator of tuple of int
        Steps done, and steps in all; from :func:`napari_sam.measure.save.save_measures`. All steps
        are taken here.
    quiet : bool
        Show no bar.
    """
    done, total = next(steps)
    for _ in progress(chain([done], steps), total, "measure", quiet=quiet):
        pass
