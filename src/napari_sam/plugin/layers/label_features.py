"""Label features: what is known of labels, as columns of a Labels layer's features; no Qt."""

from collections.abc import Mapping
from typing import Any

import pandas as pd


def with_column(
    known: pd.DataFrame, column: str, values: Mapping[int, Any], missing: Any
) -> dict[str, list[Any]]:
    """Features with another column, or with other values in it; see :func:`with_columns`."""
    return with_columns(known, {column: values}, missing)


def with_columns(
    known: pd.DataFrame, columns: Mapping[str, Mapping[int, Any]], missing: Any
) -> dict[str, list[Any]]:
    """Features with other columns, or with other values in them.

    Parameters
    ----------
    known : DataFrame
        As they are; their other columns stay.
    columns : mapping of str to mapping of int to object
        Name to values by label.
    missing : object
        What labels have of which nothing is known.

    Returns
    -------
    dict of str to list
        For ``layer.features``.
    """
    others = {name: list(known[name]) for name in known.columns if name not in columns}
    # Without an index, napari takes the row for the label.
    rows = others.pop("index", list(range(len(known))) if others else [])
    kept = rows if others else []
    new = dict.fromkeys(label for values in columns.values() for label in values)
    there = set(kept)
    labels = [*kept, *(label for label in new if label not in there)]
    unknown = [None] * (len(labels) - len(kept))
    return {
        "index": labels,
        **{name: own + unknown for name, own in others.items()},
        **{
            name: [values.get(label, missing) for label in labels]
            for name, values in columns.items()
        },
    }
