"""Join: tables of several images as one table."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .measurements import Measurements


def join(tables: Sequence[Measurements]) -> Measurements:
    """Put the rows of several tables below each other.

    Parameters
    ----------
    tables : sequence of Measurements
        At least one.

    Returns
    -------
    Measurements
        All columns that a table has, in the order in which they first occur; where a table lacks a
        column, NaN for numbers and an empty text.
    """
    columns: dict[str, Any] = {}
    for table in tables:
        for name, values in table.columns.items():
            columns.setdefault(name, values.dtype)
    joined = {
        name: np.concatenate([_column(table, name, dtype) for table in tables])
        for name, dtype in columns.items()
    }
    return Measurements(joined)


def _column(table: Measurements, name: str, dtype: np.dtype[Any]) -> NDArray[Any]:
    """Values of a column; if the table lacks it, empty ones for the type of another table."""
    if name in table.columns:
        return table.columns[name]
    return np.full(len(table), np.nan if dtype.kind in "fiub" else "")
