"""Labels of the dock are saved with a recipe, and painted again from it without a window."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from napari.components import ViewerModel
from napari.layers import Labels
from napari.utils.notifications import notification_manager

from napari_sam.cli.app import run
from napari_sam.plugin.results.writers import write_labels_layer
from tests.cli.process import read_labels
from tests.plugin.bench import Open, picture


def save(layer: Any, path: Path) -> None:
    write_labels_layer(str(path), *layer.as_layer_data_tuple()[:2])


@pytest.mark.parametrize("name", ["labels.ome.tif", "labels.ome.zarr"])
def test_clicks_and_strokes_are_painted_again(open_dock: Open, tmp_path: Path, name: str) -> None:
    image, output, again = tmp_path / "cells.tif", tmp_path / name, tmp_path / "again" / name
    tifffile.imwrite(image, picture(40, 48))
    bench = open_dock()
    bench.viewer.open(str(image), plugin="napari")
    bench.idle()
    bench.add(20, 24)
    bench.idle()
    bench.accept()
    bench.idle()
    labels = bench.layer("labels")
    labels.brush_size = 5
    labels.paint((5, 5), 7)  # a stroke of napari's own brush
    bench.idle()
    save(labels, output)
    again.parent.mkdir()
    assert run(["recipe", str(output), "--validate"]) == 0
    assert run(["rerun", str(output), "-o", str(again)]) == 0
    assert {7} < set(np.unique(read_labels(again)).tolist()) - {0}
    np.testing.assert_array_equal(read_labels(again), labels.data)
    if output.is_file():
        assert output.read_bytes() == again.read_bytes()
        recipe = json.loads((tmp_path / f"{name}.recipe.json").read_text("utf-8"))
        assert recipe["paint"]["entries"][0]["prompts"] == [{"point": [20.0, 24.0], "label": 1}]
        assert recipe["image"]["file"]["path"] == "cells.tif"


def test_labels_that_were_there_before_the_dock_are_in_the_recipe(
    open_dock: Open, tmp_path: Path
) -> None:
    bench = open_dock(picture(40, 48))
    before = np.zeros((40, 48), np.uint32)
    before[30:35, 30:40] = 4
    layer = bench.viewer.add_labels(before, name="mine")
    bench.idle()
    save(layer, tmp_path / "mine.tif")  # no layer of the dock, so nothing is known of it
    assert [path.name for path in tmp_path.glob("mine*")] == ["mine.tif"]
    labels = bench.layer("labels")
    labels.data[2:6, 2:6] = 3  # by a program, behind everybody's back
    labels.refresh()
    bench.add(20, 24)
    bench.idle()
    bench.accept()
    bench.idle()
    save(labels, tmp_path / "labels.tif")
    assert run(["rerun", str(tmp_path / "labels.tif"), "-o", str(tmp_path / "again.tif")]) == 0
    np.testing.assert_array_equal(tifffile.imread(tmp_path / "again.tif"), labels.data)


def test_a_file_of_somebody_in_the_place_of_the_recipe_stays(
    open_dock: Open, tmp_path: Path
) -> None:
    (tmp_path / "labels.tif.recipe.json").write_text("apples")
    bench = open_dock(picture(40, 48))
    bench.add(20, 24)
    bench.idle()
    bench.accept()
    bench.idle()
    save(bench.layer("labels"), tmp_path / "labels.tif")
    assert "saved, but without a recipe" in notification_manager.records[-1].message
    assert (tmp_path / "labels.tif.recipe.json").read_text() == "apples"
    np.testing.assert_array_equal(
        tifffile.imread(tmp_path / "labels.tif"), bench.layer("labels").data
    )


def test_labels_without_the_dock_have_no_recipe(tmp_path: Path) -> None:
    viewer = ViewerModel()
    layer = viewer.add_layer(Labels(np.ones((4, 5), np.uint8)))
    save(layer, tmp_path / "labels.tif")
    assert [path.name for path in tmp_path.iterdir()] == ["labels.tif"]
