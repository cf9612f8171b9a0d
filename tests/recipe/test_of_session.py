"""Recipes of a program: a session saves what it did, and the command line does it again."""

import json
from pathlib import Path

import numpy as np
import pytest
import tifffile
import zarr

from napari_sam import Session
from napari_sam.cli.app import run
from napari_sam.labels.paint import OverlapPolicy
from napari_sam.masks.mask import Mask
from napari_sam.model.sam import Sam
from napari_sam.recipe.place import ATTRIBUTE
from tests.plugin.sure_model import discs, sure_model


@pytest.fixture(scope="module")
def model() -> Sam:
    return sure_model()


def rerun(recipe: Path, output: Path, *arguments: str) -> int:
    return run(["rerun", str(recipe), "-o", str(output), *arguments])


def test_commits_with_prompts_are_painted_again(
    model: Sam, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    session = Session.open(discs(), model=model, cache_dir=False)
    session.commit(session.predict(points=[(12, 12)]))
    own = Mask((), (40, 40, 60, 60), np.ones((20, 20), bool), 1.0, 1.0)
    session.commit(own, policy=OverlapPolicy.REPLACE)
    session.commit(own, label=9, policy=OverlapPolicy.REPLACE)
    session.undo()
    session.undo()
    session.redo()
    files = session.save(tmp_path / "labels.ome.tif")
    assert files == [tmp_path / "labels.ome.tif"]
    recipe = json.loads((tmp_path / "labels.ome.tif.recipe.json").read_text("utf-8"))
    assert recipe["image"]["file"]["path"] == ""
    prompts = [entry["prompts"] for entry in recipe["paint"]["entries"]]
    assert [entry["label"] for entry in recipe["paint"]["entries"]] == [1, 2]
    assert prompts == [[{"point": [12.0, 12.0], "label": 1}], []]
    assert rerun(tmp_path / "labels.ome.tif", tmp_path / "again.ome.tif") == 0
    again = tifffile.imread(tmp_path / "again.ome.tif")
    assert again.any()
    np.testing.assert_array_equal(again, session.labels)
    assert "equal to those of the recipe" in capsys.readouterr().out


def test_objects_of_an_image_in_memory_are_found_again_in_its_file(
    model: Sam, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from napari_sam.weights.load import load_model, save_weights

    weights = tmp_path / "sure.safetensors"
    save_weights(model, weights)
    session = Session.open(discs(), model=load_model(weights), cache_dir=False, tile_size=64)
    for _ in session.segment_mosaic(tmp_path / "tiles"):
        pass
    session.save(tmp_path / "labels.ome.zarr")
    recipe = zarr.open_group(tmp_path / "labels.ome.zarr").attrs[ATTRIBUTE]
    assert (recipe["command"], recipe["model"]["tile_size"]) == ("segment", 64)
    recipe["model"]["file"] = {
        "role": "file of weights",
        "path": "sure.safetensors",
        "bytes": 0,
        "digest": "",
    }
    named = tmp_path / "how.recipe.json"
    named.write_text(json.dumps(recipe))
    assert rerun(named, tmp_path / "again.ome.zarr") == 1
    assert "the image of the recipe is not there (the image was an array" in capsys.readouterr().err
    tifffile.imwrite(tmp_path / "image.tif", discs())
    place = f"image={tmp_path / 'image.tif'}"
    assert rerun(named, tmp_path / "again.ome.zarr", "--input", place, "--force") == 0
    assert "equal to those of the recipe" in capsys.readouterr().out
    first, again = (
        zarr.open_group(tmp_path / f"{n}.ome.zarr")["0"][:] for n in ("labels", "again")
    )
    assert np.any(first)
    np.testing.assert_array_equal(first, again)


def test_labels_that_a_program_painted_itself_are_not_claimed(
    model: Sam, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    session = Session.open(discs(), model=model, cache_dir=False)
    session.commit(session.predict(points=[(12, 12)]))
    session.labels[80:90, 80:90] = 9
    session.save(tmp_path / "labels.tif")
    assert rerun(tmp_path / "labels.tif", tmp_path / "again.tif") == 1
    error = capsys.readouterr().err
    assert "the recipe does not make all of again.tif" in error
    assert rerun(tmp_path / "labels.tif", tmp_path / "again.tif", "--force") == 0
    assert "not those of the recipe" in capsys.readouterr().out
    assert 9 not in tifffile.imread(tmp_path / "again.tif")


def test_a_session_saves_without_a_recipe_on_request(model: Sam, tmp_path: Path) -> None:
    session = Session.open(discs(), model=model, cache_dir=False)
    session.save(tmp_path / "labels.tif", recipe=False)
    assert [path.name for path in tmp_path.iterdir()] == ["labels.tif"]
