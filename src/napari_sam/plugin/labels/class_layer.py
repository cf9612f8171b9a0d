"""Class layer: the classes of objects, where a Labels layer keeps such things; no Qt."""

from collections.abc import Mapping
from typing import Any

from napari.layers import Labels
from napari.utils.colormaps import DirectLabelColormap

from napari_sam.labels.classes import ClassTable
from napari_sam.plugin.layers.label_features import with_column

CLASSES_KEY = "napari-sam-classes"
"""Where a Labels layer's metadata keeps the table of classes."""

_COLUMN = "class"
_OTHERS = "#808080"


def classes_of_layer(metadata: Mapping[str, Any]) -> ClassTable:
    """The table in the metadata of a Labels layer; an empty one if there is none."""
    found = metadata.get(CLASSES_KEY)
    return found if isinstance(found, ClassTable) else ClassTable()


def set_classes(layer: Labels, table: ClassTable) -> None:
    """Keep a table in a Labels layer, and its column ``class`` in the layer's features.

    Parameters
    ----------
    layer : napari.layers.Labels
        Other columns of its features stay.
    table : ClassTable
        Classes, and of which class each object is.
    """
    before = classes_of_layer(layer.metadata)
    layer.metadata[CLASSES_KEY] = table
    if table.of_label != before.of_label:
        layer.features = with_column(layer.features, _COLUMN, table.of_label, "")


def class_colours(table: ClassTable) -> DirectLabelColormap:
    """Each object in the colour of its class, those without any in grey."""
    colours: dict[int | None, str] = {0: "transparent", None: _OTHERS}
    of_class = {one.name: one.color for one in table.classes}
    return DirectLabelColormap(
        color_dict=colours | {label: of_class[name] for label, name in table.of_label.items()}
    )
