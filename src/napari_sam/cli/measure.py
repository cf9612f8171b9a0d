"""``napari-sam measure``: labels that exist to tables and outlines."""

from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Annotated

import typer

from napari_sam.errors import LabelError

from .options import AxesOption, DebugOption, JsonOption, OverwriteOption
from .report import progress, report


def measure(
    labels: Annotated[
        Path, typer.Argument(metavar="LABELS", help="OME-Zarr, OME-TIFF, TIFF or npy of labels.")
    ],
    output: Annotated[
        list[Path],
        typer.Option(
            "--output",
            "-o",
            help="A table, .csv or .parquet; or outlines, .geojson for QuPath or .zip for Fiji. "
            "May be given several times.",
        ),
    ],
    image: Annotated[
        Path | None, typer.Option(help="The image, for intensities and the size of a pixel.")
    ] = None,
    axes: AxesOption = None,
    overwrite: OverwriteOption = False,
    json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Measure objects: area, centre, bounding box, class and brightness, and draw their outlines.

    Classes are those that were saved with the labels. With --image, --axes names its dimensions.
    """
    from napari_sam.image.read import read_image
    from napari_sam.labels.files.class_files import read_classes
    from napari_sam.measure.save import check_measures, save_measures

    check_measures(output, overwrite=overwrite)
    seen = None if image is None else read_image(image, axes=axes)
    given = read_image(labels, axes=axes if seen is None else seen.label_axes)
    if "C" in given.axes:
        raise LabelError(f"{labels} has channels, which labels have not: name the axes with --axes")
    calibration = (given if seen is None else seen).calibration
    classes = read_classes(labels)
    steps = save_measures(output, given.data, calibration, seen, classes=classes)
    show_measuring(steps, quiet=json)
    report({"files": [str(path) for path in output]}, as_json=json)


def show_measuring(steps: Iterator[tuple[int, int]], *, quiet: bool) -> None:
    """Take the steps of measuring, with a bar."""
    done, total = next(steps)
    for _ in progress(chain([done], steps), total, "measure", quiet=quiet):
        pass
