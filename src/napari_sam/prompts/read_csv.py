"""Read prompts from CSV files, as napari saves Points and Shapes layers."""

from collections.abc import Iterable, Sequence
from itertools import groupby
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from napari_sam.errors import PromptError, cut

from .csv_table import CsvRow, CsvTable, read_table
from .prompt import BoxPrompt, PointPrompt, Prompt, PromptSet
from .scribble import along

FOREGROUND = frozenset({"1", "1.0", "true", "foreground", "positive"})
BACKGROUND = frozenset({"0", "0.0", "false", "background", "negative"})
"""Cells of a column ``label``, in lower case, for clicks on the object and beside it."""

_SHAPE_COLUMNS = ("index", "shape-type", "vertex-index")
_AREAS = frozenset({"rectangle", "ellipse", "polygon"})  # become boxes
_LINES = frozenset({"path", "line"})  # become clicks

_LARGEST_LABEL = 2**32 - 1  # of labels in 32 bits

_NumberedPrompts = list[tuple[int, Prompt]]
"""Prompts, each with the number of its object."""


def read_prompts(points: str | Path | None = None, boxes: str | Path | None = None) -> PromptSet:
    """Read prompts from CSV files of napari.

    Each file may have two columns more: ``object``, a whole number from 1, says which rows belong
    together; ``label`` says whether a point, path or line is on the object (1, the default) or on
    the background (0). Without a column ``object``, each foreground point or shape of a file is an
    object, numbered after the objects of a file with such a column; background is then allowed
    beside a single foreground point or shape only. A column ``parent`` beside ``object`` gives a
    daughter the number of the object that divided; empty or 0 for all others.

    Parameters
    ----------
    points : str or Path, optional
        A Points layer: ``index, axis-0, axis-1, ...``.
    boxes : str or Path, optional
        A Shapes layer: ``index, shape-type, vertex-index, axis-0, axis-1, ...``. An ellipse or
        polygon becomes its bounding box, a path or line becomes points along it.

    Returns
    -------
    PromptSet
        In napari data coordinates ``(*plane, y, x)``, integers are pixel centres. Not checked
        against an image, see :meth:`PromptSet.check`.

    Raises
    ------
    PromptError
        If a file cannot be read, or the cells of a row are invalid or contradict others.
    """
    tables = []
    if points is not None:
        tables.append((table := read_table(Path(points)), _points(table)))
    if boxes is not None:
        tables.append((table := read_table(Path(boxes)), _boxes(table)))
    # the file with object numbers first: objects of the other file are numbered after them
    tables.sort(key=lambda item: "object" not in item[0].columns)
    objects: dict[int, tuple[Prompt, ...]] = {}
    for table, numbered in tables:
        offset = 0 if "object" in table.columns else max(objects, default=0)
        for number, prompt in numbered:
            objects[number + offset] = (*objects.get(number + offset, ()), prompt)
    return PromptSet(objects, _parents(table for table, _ in tables))


def _parents(tables: Iterable[CsvTable]) -> dict[int, int]:
    """Number of each daughter to that of its mother, from the columns ``parent``."""
    parents: dict[int, int] = {}
    for table in tables:
        if "parent" not in table.columns:
            continue
        if "object" not in table.columns:
            raise PromptError(f"{table.name} has a column parent and no column object: add one")
        for row in table.rows:
            if row.cells["parent"] == "":
                continue
            parent = row.integer("parent", minimum=0, maximum=_LARGEST_LABEL)
            child = _object_of(row)
            if parent and parents.setdefault(child, parent) != parent:
                raise PromptError(f"{row.where}: object {child} has two parents: give it one")
            if parent == child:
                raise PromptError(f"{row.where}: object {child} is its own parent: give another")
    return parents


def _points(table: CsvTable) -> _NumberedPrompts:
    if "shape-type" in table.columns:
        raise PromptError(f"{table.name} is a Shapes layer: give it as --boxes")
    points = [PointPrompt(table.position(row), _label_of(row)) for row in table.rows]
    numbers = _numbers(table, table.rows, [point.label for point in points])
    return list(zip(numbers, points, strict=True))


def _numbers(table: CsvTable, rows: Sequence[CsvRow], labels: Sequence[int]) -> list[int]:
    """Number of the object of each point or shape, from a row and the label of each."""
    if "object" in table.columns:
        return [_object_of(row) for row in rows]
    if 0 not in labels:
        return list(range(1, len(labels) + 1))
    if labels.count(1) > 1:
        raise PromptError(
            f"{table.name} has background points and several objects: add a column object "
            "that gives each point the number of its object"
        )
    # a single foreground point or shape: all background belongs to its object
    return [1] * len(labels)


def _object_of(row: CsvRow) -> int:
    return row.integer("object", minimum=1, maximum=_LARGEST_LABEL)


def _label_of(row: CsvRow) -> int:
    text = row.cells.get("label", "1").lower()
    if text not in FOREGROUND | BACKGROUND:
        raise PromptError(
            f"{row.where}: label must be 1 (on the object) or 0 (background), not {cut(text)!r}"
        )
    return int(text in FOREGROUND)


def _boxes(table: CsvTable) -> _NumberedPrompts:
    if missing := [name for name in _SHAPE_COLUMNS if name not in table.columns]:
        raise PromptError(
            f"{table.name} is not a Shapes layer, it has no column {missing[0]}: "
            "give points as --points"
        )
    shapes = [list(rows) for _, rows in groupby(table.rows, key=lambda row: row.cells["index"])]
    by_shape = [_shape(table, rows) for rows in shapes]
    labels = [int(any(prompt.is_foreground for prompt in prompts)) for prompts in by_shape]
    numbers = _numbers(table, [rows[0] for rows in shapes], labels)
    numbered = zip(numbers, by_shape, strict=True)
    return [(number, prompt) for number, prompts in numbered for prompt in prompts]


def _shape(table: CsvTable, rows: list[CsvRow]) -> Sequence[BoxPrompt | PointPrompt]:
    """Convert the vertices of a shape to a box, or to points along a line."""
    where = rows[0].where
    kinds = {
        (row.cells["shape-type"].lower(), row.cells.get("object"), row.cells.get("label"))
        for row in rows
    }
    if len(kinds) > 1:
        raise PromptError(
            f"{where}: the vertices of a shape must agree on shape-type, object and label"
        )
    kind = kinds.pop()[0]
    if kind not in _AREAS | _LINES:
        raise PromptError(
            f"{where}: {cut(kind)!r} is no type of napari's shapes: draw it in napari"
        )
    vertices: NDArray[np.float64] = np.array([table.position(row) for row in rows])
    low, high = vertices.min(axis=0), vertices.max(axis=0)
    if (low != high)[:-2].any():
        raise PromptError(f"{where}: the shape lies in several planes: draw it in one plane")
    if kind in _AREAS:
        return [BoxPrompt(tuple(low.tolist()), tuple(high.tolist()))]
    plane, label = tuple(low[:-2].tolist()), _label_of(rows[0])
    return [PointPrompt((*plane, *yx), label) for yx in along(vertices[:, -2:]).tolist()]
