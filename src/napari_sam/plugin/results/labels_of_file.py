"""Labels of a file: pixels, scale, classes and scores for a Labels layer."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd  # type: ignore[import-untyped]

from napari_sam.image.outlines.read import SUFFIXES as OUTLINES
from napari_sam.image.volume import Volume
from napari_sam.labels.files.read import read_label_file
from napari_sam.labels.files.write import SUFFIXES
from napari_sam.labels.label_array import LabelArray
from napari_sam.labels.label_boxes import boxes_by_label, label_boxes
from napari_sam.plugin.labels.class_layer import CLASS, CLASSES_KEY, PROBABILITY
from napari_sam.plugin.labels.rating import Rating
from napari_sam.plugin.labels.ratings import RATINGS_KEY, SCORE
from napari_sam.plugin.layers.conventions import AXES_KEY
from napari_sam.plugin.layers.label_features import with_columns

LayerData = tuple[Any, dict[str, Any], str]
"""napari's tuple for a layer: data, attributes and type."""


WARNINGS_KEY = "napari-sam-warnings"
"""Key in a layer's metadata for sentences about what reading had to decide or leave out."""


def labels_layer_data(path: Path, image: Volume | None = None) -> LayerData:
    """Labels, scale, units, classes and scores of a file for a Labels layer.

    Parameters
    ----------
    path : Path
        Labels or outlines.
    image : Volume, optional
        Image of the outlines.

    Returns
    -------
    tuple
        Data, attributes and type of the layer; sentences about what was left out are in its
        metadata, under :data:`WARNINGS_KEY`.

    Raises
    ------
    NapariSamError
        See :func:`~napari_sam.labels.files.read.read_label_file`.
    """
    file = read_label_file(path, image)
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
            WARNINGS_KEY: file.warnings,
        },
    }
    if any(columns.values()):
        named = {name: values for name, values in columns.items() if values}
        attributes["features"] = with_columns(pd.DataFrame(), named, None)
    return file.labels, attributes, "labels"


def _ratings(labels: LabelArray, scores: Mapping[int, float]) -> dict[int, Rating]:
    """Ratings of automatically found objects, for review: nobody is known to have looked."""
    boxes = boxes_by_label(label_boxes(labels)) if scores else {}
    return {k: Rating(scores[k], min(of), of) for k, of in boxes.items() if k in scores}


def _name(path: Path) -> str:
    endings = (*SUFFIXES, *OUTLINES)
    ending = next((each for each in endings if path.name.lower().endswith(each)), "")
    return path.name[: len(path.name) - len(ending)]
