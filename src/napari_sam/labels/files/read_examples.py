"""Read examples: a table of a few labels and their classes, from any program."""

import csv
from pathlib import Path

from napari_sam.document import parse_document
from napari_sam.errors import LabelError
from napari_sam.labels.classes import ClassTable, ObjectClass

_COLUMNS = {"label", "class"}
_ADVICE = "correct the row, or take it out"


def read_examples(path: Path) -> ClassTable:
    """Read examples of classes.

    Parameters
    ----------
    path : Path
        CSV with the columns ``label`` and ``class``, and perhaps ``color``, ``#rrggbb``; other
        columns are ignored. Rows without a class, and rows of a table of this package whose class
        was predicted, are left out.

    Returns
    -------
    ClassTable
        The classes in the order of the rows, all given.

    Raises
    ------
    LabelError
        If the table cannot be read, has no such columns, or gives a label two classes.
    """
    from .class_records import ExampleRow

    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            lines, columns = list(reader), set(reader.fieldnames or ())
    except (OSError, ValueError, csv.Error) as error:
        raise LabelError(f"{path} cannot be read ({error}): choose a CSV of examples") from error
    if not columns >= _COLUMNS:
        raise LabelError(f"{path} is no table of examples: it needs the columns label and class")
    table = ClassTable()
    for number, line in enumerate(lines, start=2):
        where = f"{path}, row {number}"
        row = parse_document(ExampleRow, line, where, LabelError, _ADVICE)
        name = row.name.strip()
        if not name or row.probability != "":
            continue
        if table.class_of(row.label) not in ("", name):
            raise LabelError(f"{where}: label {row.label} has two classes: {_ADVICE}")
        if table.named(name) is None:
            table = table.add(name)
        if row.color:
            table = table.change(name, ObjectClass(name, row.color))
        table = table.assign({row.label: name})
    return table
