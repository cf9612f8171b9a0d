"""Class layer: classes of objects in the metadata and features of a Labels layer; no Qt."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from napari.layers import Labels
from napari.utils.colormaps import DirectLabelColormap

from napari_sam.labels.classes import ClassTable
from napari_sam.plugin.layers.label_features import with_column

CLASSES_KEY = "napari-sam-classes"
"""Key of the table of classes in the metadata of a Labels layer."""

CLASS = "class"
"""Name of the column of a Labels layer's features with the classes."""

PROBABILITY = "class_probability"
"""Name of the column with the probabilities of predicted classes; NaN for given classes."""

_LIGHTER = 0.55
"""Share of white in the colour of an object with a predicted class."""

_OTHERS = "#808080"


def classes_of_layer(metadata: Mapping[str, Any]) -> ClassTable:
    """Table of classes from the metadata of a Labels layer; empty by default."""
    table = metadata.get(CLASSES_KEY)
    return table if isinstance(table, ClassTable) else ClassTable()


def set_classes(layer: Labels, table: ClassTable) -> None:
    """Write a table into the metadata, and classes and probabilities into the features.

    Parameters
    ----------
    layer : napari.layers.Labels
        Other columns of its features stay.
    table : ClassTable
        Classes, and the class of each label.
    """
    before = classes_of_layer(layer.metadata)
    layer.metadata[CLASSES_KEY] = table
    if table.of_label != before.of_label:
        layer.features = with_column(layer.features, CLASS, table.of_label, "")
    if table.predicted != before.predicted:
        layer.features = with_column(layer.features, PROBABILITY, table.predicted, math.nan)


def class_colours(table: ClassTable) -> DirectLabelColormap:
    """Colormap with objects in the colours of classes.

    Objects with a predicted class have a lighter colour, objects without a class are grey.
    """
    colours: dict[int | None, str] = {0: "transparent", None: _OTHERS}
    given = {each.name: each.color for each in table.classes}
    predicted = {each.name: _lighter(each.rgba) for each in table.classes}
    return DirectLabelColormap(
        color_dict=colours
        | {
            label: (predicted if label in table.predicted else given)[name]
            for label, name in table.of_label.items()
        }
    )


def _lighter(rgba: Sequence[int]) -> str:
    return "#" + "".join(f"{round(v + (255 - v) * _LIGHTER):02x}" for v in rgba[:3])
