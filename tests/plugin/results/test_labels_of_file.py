"""Labels that this plugin saved open as Labels layers, and are saved again without a loss."""

from pathlib import Path

import napari_builtins
import numpy as np
import pytest
import tifffile
from napari.components import ViewerModel
from napari.layers import Labels
from npe2 import PluginManager, PluginManifest

import napari_sam
from napari_sam.labels.classes import ClassTable, ObjectClass
from napari_sam.labels.files.read import read_label_file
from napari_sam.plugin.labels.class_layer import set_classes
from napari_sam.plugin.labels.rating import Look, Rating
from napari_sam.plugin.labels.ratings import RATINGS_KEY
from napari_sam.plugin.results.labels_of_file import labels_layer_data

PLUGIN = "napari-sam-microscopy"


@pytest.fixture
def viewer(npe2pm: PluginManager) -> ViewerModel:
    for module, name in ((napari_builtins, "builtins.yaml"), (napari_sam, "napari.yaml")):
        npe2pm.register(PluginManifest.from_file(Path(str(module.__file__)).with_name(name)))
    return ViewerModel()


@pytest.fixture
def labels() -> np.ndarray:
    array = np.zeros((3, 16, 20), np.uint32)
    array[1, 4:8, 5:9] = 1
    array[2, 10:12, 2:4] = 700
    array[1, 10:12, 2:5] = 700
    return array


@pytest.mark.parametrize("name", ["cells_labels.tif", "cells_labels.ome.tif", "cells.ome.zarr"])
def test_labels_open_as_they_were_saved(
    viewer: ViewerModel, labels: np.ndarray, tmp_path: Path, name: str
) -> None:
    path = tmp_path / name
    layer = viewer.add_labels(
        labels, scale=(2.0, 0.5, 0.5), units=("um",) * 3, axis_labels=("z", "y", "x")
    )
    table = ClassTable((ObjectClass("dead", "#ff0000"), ObjectClass("odd", "#00ff00")))
    set_classes(layer, table.assign({700: "dead"}))
    rating = Rating(0.75, (1,), {(1,): (10, 2, 12, 5), (2,): (10, 2, 12, 4)})
    layer.metadata[RATINGS_KEY] = {700: rating}
    layer.save(str(path), plugin=PLUGIN)
    data, attributes, kind = labels_layer_data(path)
    opened = Labels(data, **attributes)
    assert kind == "labels"
    assert opened.name == name.split(".")[0]
    np.testing.assert_array_equal(opened.data, labels)
    np.testing.assert_allclose(opened.scale, (2.0, 0.5, 0.5))
    assert {str(unit) for unit in opened.units} == {"micrometer"}
    assert opened.axis_labels == ("z", "y", "x")
    is_zarr = name.endswith(".zarr")
    assert opened.metadata[RATINGS_KEY] == ({700: rating} if is_zarr else {})
    assert rating.look is Look.WAITING
    assert opened.features.set_index("index")["class"][700] == "dead"
    opened.save(str(path), plugin=PLUGIN)
    again = read_label_file(path)
    np.testing.assert_array_equal(again.labels, labels)
    assert again.classes.class_of(700) == "dead"
    assert again.scores == ({700: 0.75} if is_zarr else {})


@pytest.mark.parametrize("name", ["raw.tif", "raw_labels.tif"])
def test_napari_asks_nobody_which_reader(viewer: ViewerModel, tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    tifffile.imwrite(path, np.full((8, 8), 7, np.uint8))
    (layer,) = viewer.open(str(path))  # one reader: with several, napari raises an error here
    assert layer._type_string == "image"
