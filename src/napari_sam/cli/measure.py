"""``napari-sam measure``: existing labels to tables and outlines."""

from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Annotated, Any

import typer

from .find_images import find_plates
from .measure_plate import measure_plate
from .note_tables import check_recipe, note_measures
from .option_groups import expand_groups
from .options import (
    AxesOption,
    OverwriteOption,
    RecipeOption,
    ReportOptions,
    SeriesOption,
    WellsOption,
)
from .report import progress, report
from .target import check_place


@expand_groups
def measure(
    labels: Annotated[
        Path,
        typer.Argument(
            metavar="LABELS", help="OME-Zarr, OME-TIFF, TIFF or npy of labels; or a plate."
        ),
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
    *,
    image: Annotated[
        Path | None,
        typer.Option(
            help="The image, for intensities and the size of a pixel; of a plate a plate."
        ),
    ] = None,
    shape: Annotated[
        bool, typer.Option(help="Measure shapes and neighbours too, a millisecond an object.")
    ] = True,
    texture: Annotated[
        bool,
        typer.Option(
            "--texture",
            help="Measure the texture of each channel too, on 32 grey levels of --image, a "
            "millisecond an object.",
        ),
    ] = False,
    contrast: Annotated[
        tuple[float, float] | None,
        typer.Option(
            metavar="LOW HIGH",
            help="Intensities of the lowest and highest grey level of --texture; by default chosen "
            "from the image.",
        ),
    ] = None,
    axes: AxesOption = None,
    series: SeriesOption = None,
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
    from napari_sam.image.labels_of_image import read_labels_of_image
    from napari_sam.image.read import read_image
    from napari_sam.labels.files.class_files import class_table_path, read_classes
    from napari_sam.labels.files.inputs import Inputs, check_distinct
    from napari_sam.measure.save import check_measures, save_measures
    from napari_sam.measure.texture import Texture

    check_texture(texture, image, contrast)
    roles = {class_table_path(labels): "table of classes", labels: "label image"}
    Inputs(roles | ({} if image is None else {image: "image"})).check(output)
    for path in output:
        check_place(path)
    check_distinct(output)
    check_measures(output, overwrite=overwrite)
    check_recipe(output[0], write=recipe)
    levels = Texture(contrast=contrast or "auto") if texture else None
    plate = find_plates([str(labels)], wells).get(labels)
    if plate is not None and not plate.is_field:
        quiet = report_options.json
        warnings = measure_plate(
            plate,
            output,
            image,
            shape=shape,
            texture=levels,
            axes=axes,
            series=series,
            quiet=quiet,
        )
        files = [str(path) for path in output]
        report({"files": files, "warnings": warnings}, as_json=report_options.json)
        return
    if image is None:
        image_volume, label_volume = None, read_labels_of_image(labels, axes=axes, series=series)
    else:
        image_volume = read_image(image, axes=axes, series=series)
        label_volume = read_labels_of_image(labels, image_volume)
    classes = read_classes(labels)
    calibration = label_volume.calibration
    steps = save_measures(
        output,
        label_volume.data,
        calibration,
        image_volume,
        classes=classes,
        shape=shape,
        texture=levels,
    )
    show_measuring(steps, quiet=report_options.json)
    warnings = [*(image_volume.warnings if image_volume else ()), *label_volume.warnings]
    options: dict[str, Any] = {"shape": shape, "texture": texture, "contrast": contrast}
    options |= {"axes": axes, "series": series}
    noted = note_measures(output, labels, image_volume, write=recipe, **options)
    summary = {"files": [str(path) for path in output], **noted, "warnings": warnings}
    report(summary, as_json=report_options.json)


def check_texture(texture: bool, image: Path | None, contrast: tuple[float, float] | None) -> None:
    """Check that the options about texture go together.

    Raises
    ------
    typer.BadParameter
        If the image is missing, or limits of contrast are given without ``--texture``.
    """
    if texture and image is None:
        raise typer.BadParameter("--texture is measured in the image: give --image too")
    if contrast is not None and not texture:
        raise typer.BadParameter("--contrast is for the grey levels of --texture: give it too")


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
