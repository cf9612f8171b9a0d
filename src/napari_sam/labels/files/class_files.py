"""Class files: classes of objects in a table beside a TIFF, and read from written labels."""

import csv
import os
from collections.abc import Collection, Iterable
from pathlib import Path

from napari_sam.document import parse_document
from napari_sam.errors import LabelError, OutputError
from napari_sam.labels.classes import ClassTable, ObjectClass

from .image_group import is_zarr, ome_attributes, zarr_attributes
from .target import check_may_replace

COLUMNS = ["label", "class", "color"]
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
            return next(csv.reader(file), []) == COLUMNS
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
        rows = csv.writer(file)
        rows.writerow(COLUMNS)
        for entry in table.classes:
            labels = map(str, sorted(k for k in present if table.class_of(k) == entry.name))
            rows.writerows([label, entry.name, entry.color] for label in list(labels) or [""])


def read_classes(path: str | Path) -> ClassTable:
    """Read the classes of labels written by this package.

    Parameters
    ----------
    path : path-like
        An OME-Zarr label image, a table of classes, or a TIFF, whose table is beside it.

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
    table = path if path.suffix.lower() == ".csv" else class_table_path(path)
    if not os.path.exists(table):  # also where its name would be too long
        return ClassTable()
    if not is_class_table(table):
        raise LabelError(f"{table} is not a table of classes: it begins with {','.join(COLUMNS)}")
    return _of_table(table)


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
    labels = {row.label: row.name for row in rows if isinstance(row.label, int)}
    return _classes(path, ((row.name, row.color) for row in rows)).assign(labels)


def _of_zarr(path: Path) -> ClassTable:
    from .class_records import LabelAttributes

    attributes = {**zarr_attributes(path), "ome": ome_attributes(path)}
    record = parse_document(LabelAttributes, attributes, str(path), LabelError, _ADVICE)
    table = _classes(path, ((entry.name, entry.color) for entry in record.classes.classes))
    return table.assign({p.label: p.name or "" for p in record.ome.image_label.properties})


def _classes(path: Path, entries: Iterable[tuple[str, str]]) -> ClassTable:
    """Table of classes from names and colours; of several with one name the last counts."""
    try:
        return ClassTable(tuple(ObjectClass(name, color) for name, color in dict(entries).items()))
    except LabelError as error:
        raise LabelError(f"{path}: {error}") from error
