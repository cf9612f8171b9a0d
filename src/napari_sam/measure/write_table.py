"""Write a table of measurements: for spreadsheets, or for millions of rows."""

import csv
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

from napari_sam.labels.files.atomic import replacing

from .measurements import Measurements

TABLES = (".csv", ".parquet")
_DIGITS = ".9g"  # a tenth of a nanometre on a slide of a decimetre


def write_table(path: str | Path, table: Measurements) -> Path:
    """Save measurements as the suffix says; what is there is replaced.

    Parameters
    ----------
    path : path-like
        ``.csv`` or ``.parquet``.
    table : Measurements
        What to write.

    Returns
    -------
    Path
        What was written.

    Raises
    ------
    OutputError
        If it cannot be written there; what was there stays as it was.
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
