"""Labels of a file: pixels, scale, classes and scores for a Labels layer."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd  # type: ignore[import-untyped]
from scipy.ndimage import find_objects

from napari_sam.image.volume import Plane
from napari_sam.labels.files.read import read_label_file
from napari_sam.labels.files.write import SUFFIXES
from napari_sam.labels.label_array import LabelArray
from napari_sam.plugin.labels.class_layer import CLASS, CLASSES_KEY, PROBABILITY
from napari_sam.plugin.labels.ratings import RATINGS_KEY, SCORE, Rating
from napari_sam.plugin.layers.conventions import AXES_KEY
from napari_sam.plugin.layers.label_features import with_columns
from napari_sam.tiles.bbox import BBox

LayerData = tuple[Any, dict[str, Any], str]
"""napari's tuple for a layer: data, attributes and type."""


def labels_layer_data(path: Path) -> LayerData:
    """Labels, scale, units, classes and scores of a file for a Labels layer.

    Raises
    ------
    NapariSamError
        See :func:`~napari_sam.labels.files.read.read_label_file`.
    """
    file = read_label_file(path)
    place = file.calibration
    columns = {
        SCORE: file.scores,
        CLASS: file.classes.of_label,
        PROBABILITY: file.classes.predicted,
    }
    attributes: dict[str, Any] = {
        "name": _name(path),
        "scale": place.scale,
        "translate": place.translate,
        "units": place.units,
        "axis_labels": tuple(place.axes.lower()),
        "metadata": {
            AXES_KEY: place.axes,
            CLASSES_KEY: file.classes,
            RATINGS_KEY: _ratings(file.labels, file.scores),
        },
    }
    if any(columns.values()):
        named = {name: values for name, values in columns.items() if values}
        attributes["features"] = with_columns(pd.DataFrame(), named, None)
    return file.labels, attributes, "labels"


def _ratings(labels: LabelArray, scores: Mapping[int, float]) -> dict[int, Rating]:
    """Ratings of automatically found objects, for review: nobody is known to have looked."""
    boxes: dict[int, dict[Plane, BBox]] = {label: {} for label in scores}
    for plane in np.ndindex(labels.shape[:-2]) if scores else ():
        numbers, ranks = np.unique(np.asarray(labels[plane]), return_inverse=True)
        places = find_objects(ranks.reshape(labels.shape[-2:]) + 1)
        for number, (y, x) in zip(numbers.tolist(), places, strict=True):
            if number in boxes:
                boxes[number][plane] = (y.start, x.start, y.stop, x.stop)
    return {k: Rating(scores[k], min(of), of) for k, of in boxes.items() if of}


def _name(path: Path) -> str:
    ending = next((each for each in SUFFIXES if path.name.lower().endswith(each)), "")
    return path.name[: len(path.name) - len(ending)]
