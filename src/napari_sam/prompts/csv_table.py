"""CsvTable: a CSV file of coordinates, with file name and line of each row for messages."""

import csv
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from napari_sam.errors import PromptError, cut


@dataclass(frozen=True, slots=True)
class CsvRow:
    """A row of a CSV file; errors name its file and line.

    Parameters
    ----------
    where : str
        File name and line, for people.
    cells : mapping of str to str
        Column name -> text, stripped.
    """

    where: str
    cells: Mapping[str, str]

    def number(self, column: str) -> float:
        """Read a finite number.

        Parameters
        ----------
        column : str
            Name of a column that the table has.

        Returns
        -------
        float

        Raises
        ------
        PromptError
            If the cell holds anything else, with file and line.
        """
        text = self.cells[column]
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            raise PromptError(f"{self.where}: {column} must be a number, not {cut(text)!r}")
        return value

    def integer(self, column: str, minimum: int, maximum: int) -> int:
        """Read a whole number, also written as ``1.0``: napari writes all columns as floats.

        Parameters
        ----------
        column : str
            Name of a column that the table has.
        minimum, maximum : int
            Allowed range, both ends included.

        Returns
        -------
        int

        Raises
        ------
        PromptError
            If the cell holds anything else, with file and line.
        """
        value = self.number(column)
        if value != int(value) or not minimum <= value <= maximum:
            text = self.cells[column]
            raise PromptError(
                f"{self.where}: {column} must be a whole number from {minimum} to {maximum}, "
                f"not {cut(text)!r}"
            )
        return int(value)


@dataclass(frozen=True, slots=True)
class CsvTable:
    """A CSV file as napari saves Points and Shapes layers; read by :func:`read_table`.

    Parameters
    ----------
    name : str
        File name, for people.
    columns : tuple of str
        Names of the columns.
    axes : tuple of str
        Names of the columns with coordinates, in order: ``axis-0``, ``axis-1``, ...
    rows : tuple of CsvRow
        At least one.
    """

    name: str
    columns: tuple[str, ...]
    axes: tuple[str, ...]
    rows: tuple[CsvRow, ...]

    def position(self, row: CsvRow) -> tuple[float, ...]:
        """Coordinates of a row, napari data coordinates ``(*plane, y, x)``."""
        return tuple(row.number(axis) for axis in self.axes)


def read_table(path: Path) -> CsvTable:
    """Read a CSV file of coordinates.

    Parameters
    ----------
    path : Path
        The file; UTF-8 with or without byte order mark, separated by commas.

    Returns
    -------
    CsvTable

    Raises
    ------
    PromptError
        If the file cannot be read, is not CSV, has no coordinates, no rows or a torn row.
    """
    lines = _lines(path)
    columns = tuple(cell.strip() for cell in lines[0][1]) if lines else ()
    axes = _axes(path.name, columns)
    rows = tuple(_row(f"{path.name}, line {n}", columns, cells) for n, cells in lines[1:])
    if not rows:
        raise PromptError(f"{path.name} holds no points or shapes: draw some in napari, save again")
    return CsvTable(path.name, columns, axes, rows)


def _lines(path: Path) -> list[tuple[int, list[str]]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            return [(reader.line_num, cells) for cells in reader if any(map(str.strip, cells))]
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise PromptError(f"{path} cannot be read ({reason}): check the path") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise PromptError(
            f"{path.name} is not a CSV file: save the Points or Shapes layer from napari as .csv"
        ) from error


def _axes(name: str, columns: tuple[str, ...]) -> tuple[str, ...]:
    axes = tuple(column for column in columns if column.startswith("axis-"))
    if len(columns) == 1 and ";" in columns[0]:
        raise PromptError(f"{name} is separated by semicolons: save it with commas")
    if len(axes) < 2 or set(axes) != {f"axis-{n}" for n in range(len(axes))}:
        raise PromptError(
            f"{name} has no columns axis-0, axis-1, ...: "
            "save the Points or Shapes layer from napari as .csv"
        )
    if len(set(columns)) < len(columns):
        raise PromptError(f"{name} has two columns of the same name: delete one")
    return tuple(sorted(axes, key=lambda axis: int(axis.removeprefix("axis-"))))


def _row(where: str, columns: tuple[str, ...], cells: list[str]) -> CsvRow:
    if len(cells) != len(columns):
        raise PromptError(f"{where}: {len(cells)} cells in {len(columns)} columns, is it whole?")
    return CsvRow(where, dict(zip(columns, (cell.strip() for cell in cells), strict=True)))
