"""``napari-sam track``: the objects of a label movie, numbered through time."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from napari_sam.image.series import Series
from napari_sam.tracking.format import Format
from napari_sam.tracking.options import TrackingOptions

from .option_groups import expand_groups
from .options import AxesOption, OverwriteOption, ReportOptions, SeriesOption
from .report import progress_bar, report
from .target import check_place

if TYPE_CHECKING:
    from napari_sam.image.volume import Volume
    from napari_sam.labels.classes import ClassTable


LabelsArgument = Annotated[
    Path,
    typer.Argument(
        metavar="LABELS",
        help="Labels of a movie: OME-Zarr, OME-TIFF, TIFF or npy; or a folder of the Cell "
        "Tracking Challenge.",
    ),
]
OutputOption = Annotated[
    Path,
    typer.Option(
        "--output",
        "-o",
        help="Labels: .ome.zarr, .zarr, .ome.tif or .tif; a new folder for ctc; .geff for geff.",
    ),
]
FormatOption = Annotated[Format, typer.Option("--as", help="What to write.")]
MaxDistanceOption = Annotated[
    float | None,
    typer.Option(help="Pixels that an object moves in a frame, at most, beyond the drift."),
]
MaxGapOption = Annotated[
    int, typer.Option(help="Frames in a row on which an object may be missing.")
]
DivisionsOption = Annotated[
    bool, typer.Option("--divisions/--no-divisions", help="Whether objects divide.")
]


@expand_groups
def track(
    labels: LabelsArgument,
    output: OutputOption,
    *,
    form: FormatOption = Format.LABELS,
    max_distance: MaxDistanceOption = None,
    max_gap: MaxGapOption = 2,
    divisions: DivisionsOption = True,
    axes: AxesOption = None,
    series: SeriesOption = None,
    overwrite: OverwriteOption = False,
    report_options: ReportOptions,
) -> None:
    """Number the objects of a label movie through time, with gaps and divisions.

    Beside labels, a table NAME_lineage.csv says when each track begins and ends, of which mother,
    and how doubtful that is. Needs the extra tracking.
    """
    from napari_sam.labels.files.inputs import Inputs
    from napari_sam.tracking.lineage_table import lineage_table_path
    from napari_sam.tracking.save_lineage import check_lineage_target, save_lineage
    from napari_sam.tracking.track import track as track_movie

    options = TrackingOptions(max_distance, max_gap, divisions)
    files = [output, *([lineage_table_path(output)] if form is Format.LABELS else [])]
    Inputs({labels: "label image"}).check(files)
    check_place(output)
    check_lineage_target(output, form, overwrite=overwrite)
    movie, classes = _read(labels, axes, series)
    place, quiet = movie.calibration, report_options.json
    with progress_bar("track", quiet=quiet) as show:
        lineage = track_movie(movie.data, movie.axes, options, scale=place.scale, progress=show)
    with progress_bar("save", quiet=quiet) as show:
        for done, total in save_lineage(
            output, lineage, movie.data, place, form=form, classes=classes, overwrite=overwrite
        ):
            show(done, total)
    summary = {
        "objects": len(lineage.tracks),
        "tracks": lineage.count,
        "divisions": len(set(lineage.parents.values())),
        "unsure": len(lineage.proposals),
        "files": [str(file) for file in files],
        "warnings": list(movie.warnings),
    }
    report(summary, as_json=quiet)


def _read(
    labels: Path, axes: str | None, series: Series | None
) -> "tuple[Volume, ClassTable | None]":
    """Open a label movie, of a file or of a folder of masks, with the classes of its objects."""
    from napari_sam.image.labels_of_image import read_labels_of_image
    from napari_sam.image.volume import Volume
    from napari_sam.labels.files.class_files import read_classes
    from napari_sam.labels.files.read_ctc import ctc_layout, read_ctc

    if ctc_layout(labels) is not None:
        frames = read_ctc(labels).labels
        letters = axes or {3: "TYX", 4: "TZYX"}[frames.ndim]
        return Volume.from_array(frames, axes=letters, name=str(labels)), None
    return read_labels_of_image(labels, axes=axes, series=series), read_classes(labels)
