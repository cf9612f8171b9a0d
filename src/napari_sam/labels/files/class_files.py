"""Class files: classes of objects in a table beside a TIFF, and read from written labels."""

import csv
import os
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from napari_sam.document import parse_document
from napari_sam.errors import LabelError, OutputError
from napari_sam.image.outlines.drawn_object import Outlines
from napari_sam.image.outlines.read import is_outlines, read_outlines
from napari_sam.labels.classes import ClassTable, ObjectClass

from .image_group import is_zarr, ome_attributes, zarr_attributes
from .target import check_may_replace

if TYPE_CHECKING:
    from .class_records import LabelAttributes

COLUMNS = ["label", "class", "color"]
PROBABILITY = "probability"
"""Last column of a table with predicted classes; empty for a given class."""

CLASSES = "napari-sam"
"""Key in a label image's attributes for all classes, including classes without objects."""

_SUFFIXES = (".ome.tif", ".ome.tiff", ".tif", ".tiff")


_ADVICE = "the classes are damaged, correct them or save the labels again"


def class_table_path(target: Path) -> Path:
    """Path of the classes of a TIFF: ``cells_classes.csv`` beside ``cells.ome.tif``."""
    name = next((target.name[: -len(s)] for s in _SUFFIXES if target.name.lower().endswith(s)), "")
    return target.with_name(f"{name or target.stem}_classes.csv")


def check_class_table(path: Path, overwrite: bool) -> None:
    """Check a path for a table of classes: free, or with an older table to be replaced.

    Raises
    ------
    OutputError
        If the path holds something else, or `overwrite` is off.
    """
    if not os.path.lexists(path):
        return
    if not is_class_table(path):
        raise OutputError(
            f"{path} is not a table of classes, which belongs there: choose another name for the "
            "labels, or move it"
        )
    check_may_replace(path, overwrite)


def is_class_table(path: Path) -> bool:
    """Whether a file is a table of classes, by its first row."""
    try:
        with path.open(newline="", encoding="utf-8") as file:
            return next(csv.reader(file), []) in (COLUMNS, [*COLUMNS, PROBABILITY])
    except (OSError, ValueError, csv.Error):
        return False


def write_class_table(path: Path, table: ClassTable, present: Collection[int]) -> None:
    """Write a row for each object with a class, and for each class without objects.

    Parameters
    ----------
    path : Path
        A new file.
    table : ClassTable
        Classes of the objects.
    present : collection of int
        Labels that occur in the image; rows of other labels are left out.
    """
    with path.open("w", newline="", encoding="utf-8") as file:
        columns = [*COLUMNS, PROBABILITY] if table.predicted else COLUMNS
        rows = csv.DictWriter(file, columns, restval="")
        rows.writeheader()
        for entry in table.classes:
            row = {"class": entry.name, "color": entry.color}
            labels = sorted(k for k in present if table.class_of(k) == entry.name)
            if not labels:
                rows.writerow(row)
            for label in labels:
                predicted = table.predicted.get(label)
                probability = {} if predicted is None else {PROBABILITY: f"{predicted:.4f}"}
                rows.writerow({"label": label, **row, **probability})


def read_classes(path: str | Path) -> ClassTable:
    """Read the classes of labels written by this package.

    Parameters
    ----------
    path : path-like
        An OME-Zarr label image, outlines, a table of classes, or a TIFF, whose table is beside it.

    Returns
    -------
    ClassTable
        Empty if the labels have no classes.

    Raises
    ------
    LabelError
        If the table or the attributes are damaged.
    """
    path = Path(path)
    if path.is_dir() and is_zarr(path):
        return _of_zarr(path)
    if is_outlines(path):
        return classes_of_outlines(read_outlines(path))
    table = path if path.suffix.lower() == ".csv" else class_table_path(path)
    if not os.path.exists(table):  # also where its name would be too long
        return ClassTable()
    if not is_class_table(table):
        raise LabelError(f"{table} is not a table of classes: it begins with {','.join(COLUMNS)}")
    return _of_table(table)


def read_scores(path: Path) -> dict[int, float]:
    """Read the scores of automatically found objects, by label.

    Parameters
    ----------
    path : Path
        An OME-Zarr label image; images of other kinds have no scores.

    Raises
    ------
    LabelError
        If the attributes are damaged.
    """
    if not (path.is_dir() and is_zarr(path)):
        return {}
    objects = _label_attributes(path).ome.image_label.properties
    return {
        each.label: float(each.score) for each in objects if isinstance(each.score, int | float)
    }


def classes_of_outlines(outlines: Outlines) -> ClassTable:
    """Classes of outlines, in the order in which they occur, with the colours of the file."""
    table = ClassTable()
    for name, color in {d.class_name: d.color for d in outlines.objects if d.class_name}.items():
        table = table.add(name, color)
    return table.assign({d.label: d.class_name for d in outlines.objects if d.class_name})


def scores_of_outlines(outlines: Outlines) -> dict[int, float]:
    """Scores of outlines by label; of an object on several planes, the smallest."""
    scores: dict[int, float] = {}
    for drawn in outlines.objects:
        if drawn.score is not None:
            scores[drawn.label] = min(drawn.score, scores.get(drawn.label, 1.0))
    return scores


def _of_table(path: Path) -> ClassTable:
    from .class_records import ClassRow

    try:
        with path.open(newline="", encoding="utf-8") as file:
            lines = list(csv.DictReader(file))
    except (OSError, ValueError, csv.Error) as error:
        raise LabelError(f"{path} cannot be read ({error}): {_ADVICE}") from error
    rows = [
        parse_document(ClassRow, line, f"{path}, row {number}", LabelError, _ADVICE)
        for number, line in enumerate(lines, start=2)
    ]
    objects = [row for row in rows if isinstance(row.label, int)]
    return _classes(path, ((row.name, row.color) for row in rows)).put(
        ClassTable(
            of_label={row.label: row.name for row in objects if isinstance(row.label, int)},
            predicted={
                row.label: row.probability
                for row in objects
                if isinstance(row.label, int) and isinstance(row.probability, float)
            },
        )
    )


def _of_zarr(path: Path) -> ClassTable:
    record = _label_attributes(path)
    table = _classes(path, ((entry.name, entry.color) for entry in record.classes.classes))
    objects = record.ome.image_label.properties
    return table.put(
        ClassTable(
            of_label={each.label: each.name or "" for each in objects},
            predicted={
                each.label: float(each.probability)
                for each in objects
                if isinstance(each.probability, int | float) and 0 <= each.probability <= 1
            },
        )
    )


def _label_attributes(path: Path) -> "LabelAttributes":
    from .class_records import LabelAttributes

    attributes = {**zarr_attributes(path), "ome": ome_attributes(path)}
    return parse_document(LabelAttributes, attributes, str(path), LabelError, _ADVICE)


def _classes(path: Path, entries: Iterable[tuple[str, str]]) -> ClassTable:
    """Table of classes from names and colours; of several with one name the last counts."""
    try:
        return ClassTable(tuple(ObjectClass(name, color) for name, color in dict(entries).items()))
    except LabelError as error:
        raise LabelError(f"{path}: {error}") from error
