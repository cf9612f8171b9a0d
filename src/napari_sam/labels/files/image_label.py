"""Image-label: colours and properties of single labels in OME-Zarr."""

import math
from collections.abc import Collection, Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_sam.labels.classes import ClassTable

from .colors import label_color
from .ome_version import LATEST

Properties = Mapping[int, Mapping[str, Any]]

NO_CLASSES = ClassTable()

MAX_COLORS = 10_000
"""Number of labels above which no colours are written without properties: a viewer reads all
colours before it shows the first pixel."""


def image_label(
    labels: Iterable[int],
    properties: Properties | None,
    source: str | None,
    classes: ClassTable = NO_CLASSES,
    version: str = LATEST,
) -> dict[str, Any]:
    """The ``image-label`` object of OME-Zarr.

    Parameters
    ----------
    labels : iterable of int
        Labels that occur in the image, without 0.
    properties : mapping, optional
        Label to its properties. Labels that do not occur are left out, so that colours and
        properties cover the same labels, as validators ask for.
    source : str, optional
        Relative path to the group of the image.
    classes : ClassTable
        Classes of the objects: an object gets the colour of its class, and the class's name as the
        property ``class``; a predicted class has the property ``class_probability`` too.
    version : str
        Version of OME-Zarr.

    Returns
    -------
    dict
        Ready for JSON. More than :data:`MAX_COLORS` labels without properties get no colours.
    """
    present = sorted(labels)
    content: dict[str, Any] = {"version": version}
    properties = _with_classes(properties or {}, classes)
    if properties or 0 < len(present) <= MAX_COLORS:
        content["colors"] = [
            {"label-value": label, "rgba": list(_color(label, classes))} for label in present
        ]
    if properties:
        content["properties"] = [
            {
                **{str(key): _json(value) for key, value in properties.get(label, {}).items()},
                "label-value": label,
            }
            for label in present
        ]
    if source is not None:
        content["source"] = {"image": source}
    return content


def _color(label: int, classes: ClassTable) -> tuple[int, int, int, int]:
    object_class = classes.named(classes.class_of(label))
    return label_color(label) if object_class is None else object_class.rgba


def _with_classes(properties: Properties, classes: ClassTable) -> Properties:
    named = {k: {**properties.get(k, {}), "class": v} for k, v in classes.of_label.items()}
    for label, probability in classes.predicted.items():
        named[label]["class_probability"] = probability
    return {**properties, **named}


def labels_in(block: NDArray[np.uint32]) -> Collection[int]:
    """Labels in a block, without 0.

    Parameters
    ----------
    block : ndarray
        uint32, any shape.

    Returns
    -------
    collection of int
        In increasing order.
    """
    # Sorting only the first pixel of each run of equal labels: runs are few in label images.
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
