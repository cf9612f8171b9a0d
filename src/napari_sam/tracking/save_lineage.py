"""Save lineage: tracked labels with tracks and mothers, in a format of the user's choice."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from napari_sam.errors import OutputError
from napari_sam.image.calibration import Calibration
from napari_sam.labels.classes import ClassTable
from napari_sam.labels.files.atomic import replacing
from napari_sam.labels.files.target import check_target
from napari_sam.labels.files.write import iter_write_labels, suffix_of
from napari_sam.labels.files.write_ctc import check_ctc_target, write_ctc
from napari_sam.labels.files.write_tracks import check_tracks_target, write_tracks
from napari_sam.labels.label_array import LabelArray

from .format import Format
from .lineage import Lineage
from .lineage_table import check_lineage_table, lineage_table_path, write_lineage_table


def check_lineage_target(path: Path, form: Format, *, overwrite: bool) -> None:
    """Check a path for tracked labels before the long work.

    Parameters
    ----------
    path : Path
        File or folder to write.
    form : Format
        What to write there.
    overwrite : bool
        Whether older results may be replaced.

    Raises
    ------
    OutputError
        If they cannot be written there.
    """
    if form is Format.CTC:
        check_ctc_target(path, overwrite=overwrite)
    elif form is Format.GEFF:
        if path.suffix.lower() != ".geff":
            raise OutputError(f"{path.name!r} is no name for --as geff: use one that ends in .geff")
        check_tracks_target(path, overwrite=overwrite)
    else:
        check_target(path, suffix_of(path.name).endswith(".zarr"), overwrite, None)
        check_lineage_table(lineage_table_path(path), overwrite=overwrite)


def save_lineage(
    path: Path,
    lineage: Lineage,
    labels: LabelArray,
    calibration: Calibration,
    *,
    form: Format = Format.LABELS,
    classes: ClassTable | None = None,
    overwrite: bool = False,
) -> Iterator[tuple[int, int]]:
    """Write the tracks of a movie; either all files appear, or none.

    Parameters
    ----------
    path : Path
        File or folder, see :class:`~napari_sam.tracking.format.Format`.
    lineage : Lineage
        The tracks.
    labels : array-like
        The labels that were tracked; read block by block.
    calibration : Calibration
        Axes of `labels`, and the size, position and unit of a pixel along each.
    form : Format
        What to write.
    classes : ClassTable, optional
        Classes of the labels before the tracking: a track gets that of its first object.
    overwrite : bool
        Whether older results may be replaced.

    Yields
    ------
    tuple of int
        Steps done, and steps in all.

    Raises
    ------
    OutputError, LabelError
        If they cannot be written; older results stay as they were.
    """
    check_lineage_target(path, form, overwrite=overwrite)
    movie = lineage.relabelled(labels)
    if form is Format.CTC:
        yield from write_ctc(path, movie, lineage.parents, overwrite=overwrite)
    elif form is Format.GEFF:
        write_tracks(path, lineage.as_tracks(calibration.axes), calibration, overwrite=overwrite)
        yield 1, 1
    else:
        table = None if classes is None else _of_tracks(classes, lineage)
        writing = iter_write_labels(path, movie, calibration, classes=table, overwrite=overwrite)
        with closing(writing), replacing(lineage_table_path(path)) as partial:
            write_lineage_table(partial, lineage)
            yield from writing


def _of_tracks(classes: ClassTable, lineage: Lineage) -> ClassTable:
    """Classes by track: the class of its first object."""
    first_labels: dict[int, int] = {}
    pairs = zip(lineage.tracks.tolist(), lineage.objects.labels.tolist(), strict=True)
    for track, label in pairs:
        first_labels.setdefault(track, label)
    names = {track: classes.class_of(label) for track, label in first_labels.items()}
    return ClassTable(classes.classes).assign({k: name for k, name in names.items() if name})
