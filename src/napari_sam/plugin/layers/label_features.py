"""Label features: columns of values by label for a Labels layer's features; no Qt."""

from collections.abc import Mapping
from typing import Any

import pandas as pd  # type: ignore[import-untyped]


def with_column(
    features: pd.DataFrame, column: str, values: Mapping[int, Any], missing: Any
) -> dict[str, list[Any]]:
    """Add or replace a column of features; see :func:`with_columns`."""
    return with_columns(features, {column: values}, missing)


def with_columns(
    features: pd.DataFrame, columns: Mapping[str, Mapping[int, Any]], missing: Any
) -> dict[str, list[Any]]:
    """Add or replace columns of features.

    Parameters
    ----------
    features : DataFrame
        Features of a Labels layer; other columns stay.
    columns : mapping of str to mapping of int to object
        Name to values by label.
    missing : object
        Value of labels without a value in a column.

    Returns
    -------
    dict of str to list
        For ``layer.features``.
    """
    other_columns = {name: list(features[name]) for name in features.columns if name not in columns}
    # Without an index, napari takes the row for the label.
    rows = other_columns.pop("index", list(range(len(features))) if other_columns else [])
    old_labels = rows if other_columns else []
    new = dict.fromkeys(label for values in columns.values() for label in values)
    present = set(old_labels)
    labels = [*old_labels, *(label for label in new if label not in present)]
    unknown = [None] * (len(labels) - len(old_labels))
    return {
        "index": labels,
        **{name: column_values + unknown for name, column_values in other_columns.items()},
        **{
            name: [values.get(label, missing) for label in labels]
            for name, values in columns.items()
        },
    }
