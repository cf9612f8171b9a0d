"""``napari-sam export``: images with labels as training data for other programs."""

from itertools import chain
from pathlib import Path
from typing import Annotated, Any

import typer

from napari_sam.export.layout import Layout

from .find_pairs import find_pairs
from .note_tables import check_recipe, note_export
from .option_groups import expand_groups
from .options import (
    AxesOption,
    ChannelsOption,
    OverwriteOption,
    RecipeOption,
    ReportOptions,
    SeriesOption,
)
from .report import progress, report
from .settings import channel_numbers


@expand_groups
def export(
    images: Annotated[
        Path,
        typer.Argument(
            metavar="IMAGES", help="An image or a folder, with labels beside or inside, as train."
        ),
    ],
    labels: Annotated[
        Path | None, typer.Argument(metavar="LABELS", help="Labels, if they are elsewhere.")
    ] = None,
    *,
    output: Annotated[Path, typer.Option("--output", "-o", help="New folder for the data.")],
    layout: Annotated[
        Layout, typer.Option("--as", help="Format, or program, of the training data.")
    ] = Layout.COCO,
    apart: Annotated[
        float, typer.Option(min=0.0, max=0.9, help="Share of planes kept apart for validation.")
    ] = 0.0,
    axes: AxesOption = None,
    series: SeriesOption = None,
    channels: ChannelsOption = None,
    overwrite: OverwriteOption = False,
    recipe: RecipeOption = True,
    report_options: ReportOptions,
) -> None:
    """Write images with labels as training data for other programs: COCO, YOLO, Cellpose, StarDist.

    Each plane of a stack is an image of its own. COCO and YOLO get the classes that were saved with
    the labels, and images of 8 bits with the automatic contrast.
    """
    from napari_sam.export.picture import pictures
    from napari_sam.export.write_folder import check_folder, write_folder

    check_folder(output, overwrite)
    check_recipe(output, write=recipe)
    sets = find_pairs(images, labels, axes, channel_numbers(channels), series)
    pairs = list(chain.from_iterable(sets.values()))
    read = pictures(progress(pairs, len(pairs), "export", quiet=report_options.json))
    objects = planes = 0
    for picture in write_folder(output, read, layout, apart):
        objects, planes = objects + len(picture.classes), planes + 1
    options: dict[str, Any] = {
        "axes": axes,
        "channels": channel_numbers(channels),
        "series": series,
    }
    noted = note_export(
        output, images, labels, pairs, write=recipe, layout=layout.value, apart=apart, **options
    )
    summary = {"files": [str(output)], "images": planes, "objects": objects, **noted}
    report(summary, as_json=report_options.json)
