"""Image-label: what OME-Zarr says about the single labels of an image."""

import math
from collections.abc import Collection, Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_sam.labels.classes import ClassTable

from .colors import label_color

Properties = Mapping[int, Mapping[str, Any]]

NO_CLASSES = ClassTable()

# A viewer reads all of them before it shows the first pixel.
MAX_COLORS = 10_000


def image_label(
    labels: Iterable[int],
    properties: Properties | None,
    source: str | None,
    classes: ClassTable = NO_CLASSES,
) -> dict[str, Any]:
    """The ``image-label`` object of OME-Zarr 0.5.

    Parameters
    ----------
    labels : iterable of int
        The labels that occur, 0 left out.
    properties : mapping, optional
        Label to its properties; those of labels that do not occur are left out. Colours and
        properties then cover the same labels, as validators ask for.
    source : str, optional
        Relative path to the group of the image.
    classes : ClassTable
        An object that has a class has its colour, and its name as the property ``class``.

    Returns
    -------
    dict
        Ready for JSON. More than :data:`MAX_COLORS` labels without properties get no colours.
    """
    found = sorted(labels)
    content: dict[str, Any] = {"version": "0.5"}
    properties = _with_classes(properties or {}, classes)
    if properties or 0 < len(found) <= MAX_COLORS:
        content["colors"] = [
            {"label-value": label, "rgba": list(classes.color_of(label) or label_color(label))}
            for label in found
        ]
    if properties:
        content["properties"] = [
            {
                **{str(key): _json(value) for key, value in properties.get(label, {}).items()},
                "label-value": label,
            }
            for label in found
        ]
    if source is not None:
        content["source"] = {"image": source}
    return content


def _with_classes(properties: Properties, classes: ClassTable) -> Properties:
    named = {k: {**properties.get(k, {}), "class": v} for k, v in classes.of_label.items()}
    return {**properties, **named}


def labels_in(block: NDArray[np.uint32]) -> Collection[int]:
    """Labels that occur in a block, 0 left out.

    Parameters
    ----------
    block : ndarray
        uint32.

    Returns
    -------
    collection of int
        Each once.
    """
    # Only the starts of runs are sorted: in label images they are few.
    flat = block.ravel()
    starts = np.flatnonzero(flat[1:] != flat[:-1]) + 1
    values = np.unique(np.concatenate([flat[:1], flat[starts]])).tolist()
    return [value for value in values if value != 0]


def _json(value: Any) -> Any:
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, list | tuple):
        return [_json(item) for item in value]
    return value if isinstance(value, str | int | float | bool | None) else str(value)
