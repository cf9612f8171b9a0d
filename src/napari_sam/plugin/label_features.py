"""Label features: what is known of labels, as columns of a Labels layer's features; no Qt."""

from collections.abc import Mapping
from typing import Any


def with_column(
    known: Any, column: str, values: Mapping[int, Any], missing: Any
) -> dict[str, list[Any]]:
    """Features with another column, or with other values in it.

    Parameters
    ----------
    known : DataFrame
        As they are; their other columns stay.
    column : str
        Its name.
    values : mapping of int to object
        By label.
    missing : object
        What labels have of which nothing is known.

    Returns
    -------
    dict of str to list
        For ``layer.features``.
    """
    columns = {name: list(known[name]) for name in known.columns if name != column}
    # Without an index, napari takes the row for the label.
    rows = columns.pop("index", list(range(len(known))) if columns else [])
    kept = rows if columns else []
    there = set(kept)
    labels = [*kept, *(label for label in values if label not in there)]
    unknown = [None] * (len(labels) - len(kept))
    others = {name: own + unknown for name, own in columns.items()}
    return {"index": labels, **others, column: [values.get(label, missing) for label in labels]}
