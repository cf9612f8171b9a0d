"""Write a table of measurements: CSV for spreadsheets, Parquet for millions of rows."""

import csv
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

from napari_sam.labels.files.atomic import replacing

from .measurements import Measurements

TABLES = (".csv", ".parquet")
"""Suffixes of files of tables."""

_DIGITS = ".9g"  # resolves a tenth of a nanometre on a slide of 0.1 m


def write_table(path: str | Path, table: Measurements) -> Path:
    """Save measurements in the format of the suffix; an existing file is replaced.

    Parameters
    ----------
    path : path-like
        File to write; its suffix is one of :data:`TABLES`.
    table : Measurements
        The measurements.

    Returns
    -------
    Path
        The written file.

    Raises
    ------
    OutputError
        If the file cannot be written; an existing file stays as it was.
    """
    target = Path(path)
    writers: dict[str, Callable[[Path, Measurements], None]] = {
        ".csv": _write_csv,
        ".parquet": _write_parquet,
    }
    with replacing(target) as place:
        writers[target.suffix.lower()](place, table)
    return target


def _write_csv(place: Path, table: Measurements) -> None:
    with place.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(table.columns)
        rows.writerows([_text(value) for value in row.values()] for row in table.rows())


def _text(value: Any) -> Any:
    if not isinstance(value, float):
        return value
    return "" if math.isnan(value) else format(value, _DIGITS)


def _write_parquet(place: Path, table: Measurements) -> None:
    import pyarrow
    import pyarrow.parquet

    pyarrow.parquet.write_table(pyarrow.table(dict(table.columns)), place)
