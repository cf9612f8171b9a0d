"""The command line: results with recipes, made again from them elsewhere."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
import zarr
from ome_zarr_models.v05.image_label import ImageLabel
from skimage import data

from napari_sam import PointPrompt, Session
from napari_sam.journal.entry import ACCEPTED, Entry, Origin
from napari_sam.journal.journal import Journal
from napari_sam.journal.subject import Subject
from napari_sam.labels.files.write import write_labels
from napari_sam.labels.packed_edit import PackedEdit
from napari_sam.learning.delta import Delta
from napari_sam.learning.delta import Origin as LearnedFrom
from napari_sam.recipe.place import ATTRIBUTE
from napari_sam.recipe.read import read_recipe
from napari_sam.weights.load import load_model, save_weights, weights_hash
from tests.cli.process import Run, assert_one_line, read_labels
from tests.plugin.sure_model import discs, sure_model

SAME = "equal to those of the recipe"

Elsewhere = Callable[..., Path]


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small model that finds an object under every click."""
    path = tmp_path_factory.mktemp("weights") / "sure.safetensors"
    save_weights(sure_model(), path)
    return path


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """Discs on noise."""
    tifffile.imwrite(tmp_path / "cells.tif", discs())
    return tmp_path / "cells.tif"


@pytest.fixture
def elsewhere(tmp_path: Path) -> Elsewhere:
    """Copy files into a new folder, the first one under another name, and take the old ones away.

    Returns the folder.
    """

    def move(renamed: Path, *others: Path) -> Path:
        folder = tmp_path / "elsewhere" / "deep"
        folder.mkdir(parents=True)
        shutil.move(renamed, folder / f"renamed{renamed.suffix}")
        for file in others:
            shutil.move(file, folder / file.name)
        return folder

    return move


def assert_equal(output: Path, again: Path) -> None:
    """Labels with objects, and equal."""
    labels = read_labels(output)
    assert labels.any()
    assert np.array_equal(labels, read_labels(again))


def recipe_of(path: Path) -> dict[str, Any]:
    """JSON of the recipe beside a file."""
    return dict(json.loads(path.with_name(f"{path.name}.recipe.json").read_text("utf-8")))


@pytest.mark.long
def test_a_fresh_process_makes_equal_files_of_a_renamed_image(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir()
    second.mkdir()
    tifffile.imwrite(first / "ihc.tif", data.immunohistochemistry()[:192, :192], photometric="rgb")
    command = [sys.executable, "-c", "from napari_sam.cli import main; main()"]
    files = ["-o", "labels.ome.tif", "--no-cache", "--measure", "cells.csv"]
    subprocess.run([*command, "segment", "ihc.tif", *files], cwd=first, check=True, timeout=300)
    shutil.copy(first / "labels.ome.tif.recipe.json", second / "how.recipe.json")
    shutil.copy(first / "ihc.tif", second / "other.tif")
    moved = ["--input", "ihc.tif=other.tif", "-o", "labels.ome.tif", "--no-cache", "--json"]
    done = subprocess.run(
        [*command, "rerun", "how.recipe.json", *moved],
        cwd=second,
        check=True,
        capture_output=True,
        timeout=300,
    )
    summary = json.loads(done.stdout)
    assert (summary["labels"], summary["warnings"]) == (SAME, [])
    assert summary["objects"] > 5
    for name in ("labels.ome.tif", "cells.csv"):
        assert (first / name).read_bytes() == (second / name).read_bytes()


@pytest.mark.parametrize("name", ["labels.ome.tif", "labels.tif", "labels.ome.zarr"])
def test_prompts_are_in_the_recipe_and_give_the_same_labels(
    cli: Run,
    image: Path,
    clicks: Path,
    weights: Path,
    tmp_path: Path,
    elsewhere: Elsewhere,
    name: str,
) -> None:
    output, again = tmp_path / name, tmp_path / "elsewhere" / name
    command = ("segment", image, "-o", output, "--points", clicks, "--model", weights)
    assert cli(*command)[0] == 0
    clicks.unlink()
    elsewhere(image)
    moved = ("--input", "cells.tif=renamed.tif")
    status, _, error = cli("rerun", output, "-o", again, *moved)
    assert status == 1
    assert_one_line(error, "renamed.tif", "--input cells.tif=FILE")
    moved = ("--input", f"image={tmp_path / 'elsewhere' / 'deep' / 'renamed.tif'}")
    status, out, _ = cli("rerun", output, "-o", again, *moved, "--json")
    assert (status, json.loads(out)["labels"]) == (0, SAME)
    assert_equal(output, again)
    if output.is_file():
        assert output.read_bytes() == again.read_bytes()
    recipe = read_recipe(again)  # of the new labels: it names the image where it is now
    assert Path(recipe.image.file.path) == tmp_path / "elsewhere" / "deep" / "renamed.tif"


def test_all_options_are_followed_whatever_the_defaults_are_then(
    cli: Run, tmp_path: Path, weights: Path
) -> None:
    rng = np.random.default_rng(0)
    stack = (rng.integers(0, 300, (2, 3, 96, 96)) + 3 * discs()).astype(np.uint16)
    tifffile.imwrite(tmp_path / "stack.tif", stack, photometric="minisblack")
    (tmp_path / "boxes.csv").write_text(
        "index,shape-type,vertex-index,axis-0,axis-1,axis-2,object\n"
        "0,rectangle,0,1,10,20,7\n0,rectangle,1,1,50,60,7\n"
    )
    output, again = tmp_path / "labels.ome.tif", tmp_path / "again.ome.tif"
    status, _, error = cli(
        *("segment", tmp_path / "stack.tif", "-o", output, "--axes", "CZYX", "--channels", "1,0"),
        *("--contrast", 100, 700, "--boxes", tmp_path / "boxes.csv", "--propagate", "--along", "z"),
        *("--model", weights, "--quick", "--no-skip-empty", "--precision", "fp32"),
    )
    assert (status, error) == (0, "")
    recipe = recipe_of(output)
    assert recipe["contrast"] == {
        "limits": [[100, 700], [100, 700]],
        "colours": [],
        "automatic": False,
    }
    assert recipe["image"]["channels"] == [1, 0]
    assert recipe["image"]["given_axes"] == "CZYX"
    assert (recipe["model"]["precision"], recipe["model"]["closer"]) == ("fp32", False)
    segment = recipe["segment"]
    assert (segment["propagate"], segment["along"], segment["skip_empty"]) == (True, "z", False)
    status, out, _ = cli("rerun", output, "-o", again, "--json")
    assert (status, json.loads(out)["labels"]) == (0, SAME)
    assert_equal(output, again)
    assert recipe_of(again)["segment"] == segment
    assert recipe_of(again)["contrast"] == recipe["contrast"]


def test_what_the_model_had_learned_is_in_the_recipe(
    cli: Run, image: Path, clicks: Path, weights: Path, tmp_path: Path
) -> None:
    model = load_model(weights)
    name, tensor = next((n, t) for n, t in model.state_dict().items() if "mask_decoder" in n)
    difference = np.random.default_rng(0).normal(0, 0.5, tensor.shape).astype(np.float16)
    origin = LearnedFrom(weights_hash(model), "tiny", True, 5, 1.0, 0.5, 0.6)
    learned = tmp_path / "learned.safetensors"
    Delta(origin, {name: difference}).save(learned)
    output, again = tmp_path / "labels.ome.tif", tmp_path / "again.ome.tif"
    command = ("segment", image, "--points", clicks, "--model", weights, "--json", "-o")
    assert cli(*command, output, "--learned", learned)[0] == 0
    learned.unlink()
    status, out, _ = cli("rerun", output, "-o", again, "--json")
    assert (status, json.loads(out)["labels"]) == (0, SAME)
    assert_equal(output, again)
    path = tmp_path / "labels.ome.tif.recipe.json"
    recipe = recipe_of(output)
    assert recipe["model"]["learned"]["objects"] == 5
    recipe["model"]["learned"]["content"] = "AAAA"
    path.write_text(json.dumps(recipe))
    status, _, error = cli("rerun", path, "-o", tmp_path / "x.ome.tif")
    assert status == 1
    assert_one_line(error, "the learned weights of the recipe are damaged")


def test_recipes_of_a_batch_are_followed_together(
    cli: Run, image: Path, weights: Path, tmp_path: Path
) -> None:
    folder, out_folder, again = tmp_path / "images", tmp_path / "out", tmp_path / "again"
    folder.mkdir()
    pixels = tifffile.imread(image)
    for i, name in enumerate(("a.tif", "b.tif")):
        tifffile.imwrite(folder / name, np.roll(pixels, 10 * i))
    assert cli("segment", folder, "-o", out_folder, "--model", weights)[0] == 0
    moved = folder.rename(tmp_path / "moved")
    recipes = sorted(out_folder.glob("*.recipe.json"))
    names = ["a_labels.ome.tif", "b_labels.ome.tif"]
    assert [path.name for path in recipes] == [f"{name}.recipe.json" for name in names]
    status, out, _ = cli("rerun", *recipes, "-o", again, "--inputs", moved, "--json")
    assert status == 0
    assert [json.loads(line)["labels"] for line in out.splitlines()] == [SAME, SAME]
    for name in names:
        assert (out_folder / name).read_bytes() == (again / name).read_bytes()
    status, _, error = cli("rerun", *recipes, "-o", tmp_path / "x.ome.tif", "--inputs", moved)
    assert status == 1
    assert_one_line(error, "is one file, and there are several recipes")


def test_labels_inside_an_image_carry_their_recipe_and_stay_valid(
    cli: Run, weights: Path, tmp_path: Path
) -> None:
    image = tmp_path / "image.ome.zarr"
    write_labels(image, discs().astype(np.uint32))  # as good an image as any
    labels = image / "labels" / "cells"
    output = tmp_path / "again.ome.zarr"
    assert cli("segment", image, "-o", labels, "--model", weights)[0] == 0
    assert sorted(path.name for path in labels.parent.iterdir()) == ["cells", "zarr.json"]
    attributes = zarr.open_group(labels, mode="r").attrs
    assert attributes[ATTRIBUTE]["image"]["file"]["path"] == ".."
    ImageLabel.from_zarr(zarr.open_group(labels, mode="r"))
    status, out, _ = cli("rerun", labels, "-o", output, "--json")
    assert (status, json.loads(out)["labels"]) == (0, SAME)
    made = np.asarray(zarr.open_group(labels)["0"])
    assert made.any()
    assert np.array_equal(read_labels(output), made)
    assert cli("recipe", output, "--validate")[0] == 0


def test_another_image_is_refused_unless_forced(
    cli: Run, image: Path, clicks: Path, weights: Path, tmp_path: Path
) -> None:
    output, again = tmp_path / "labels.ome.tif", tmp_path / "again.ome.tif"
    command = ("segment", image, "-o", output, "--points", clicks, "--model", weights)
    assert cli(*command)[0] == 0
    pixels = tifffile.imread(image)
    pixels[0, 0] += 1
    tifffile.imwrite(image, pixels)
    status, _, error = cli("rerun", output, "-o", again)
    assert status == 1
    assert_one_line(error, str(image), "is not the image of the recipe", "--input", "--force")
    assert not again.exists()
    status, _, error = cli("rerun", output, "-o", again, "--force")
    assert status == 0
    assert "is not the image of the recipe" in error
    status, _, error = cli("recipe", output, "--validate")
    assert status == 1
    tifffile.imwrite(image, pixels[:50])
    status, _, error = cli("rerun", output, "-o", again, "--force", "--overwrite")
    assert status == 1
    assert_one_line(error, "is of shape (50, 96)", "(96, 96)")


def test_other_weights_and_a_missing_model_are_one_line(
    cli: Run, image: Path, clicks: Path, weights: Path, tmp_path: Path
) -> None:
    own = tmp_path / "own.safetensors"
    shutil.copy(weights, own)
    output = tmp_path / "labels.ome.tif"
    assert cli("segment", image, "-o", output, "--points", clicks, "--model", own)[0] == 0
    own.unlink()
    status, _, error = cli("rerun", output, "-o", tmp_path / "x.ome.tif")
    assert status == 1
    assert_one_line(error, "the file of weights of the recipe is not there", "own.safetensors=FILE")
    path = tmp_path / "labels.ome.tif.recipe.json"
    recipe = recipe_of(output)
    del recipe["model"]["file"]
    recipe["model"]["name"] = "cells-tiny"  # by name, and with the weights of another
    path.write_text(json.dumps(recipe))
    status, _, error = cli("rerun", path, "-o", tmp_path / "x.ome.tif")
    assert status == 1
    assert_one_line(error, "cells-tiny has other weights here", "--force")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"version": "2.0"}, ("version 2.0", "install a newer one")),
        ({"version": "1"}, ("is not a recipe",)),
        ({"format": "something"}, ("is not a recipe",)),
        ({"segment": None}, ("options of segment are missing",)),
        ({"image": None}, ("the image is missing",)),
        ({"contrast": {"limits": [[1]]}}, ("contrast.limits",)),
        ({"outputs": []}, ("no output is named",)),
        ({"command": "cook"}, ("command",)),
    ],
)
def test_a_recipe_that_was_edited_is_one_line(
    cli: Run,
    image: Path,
    clicks: Path,
    weights: Path,
    tmp_path: Path,
    change: dict[str, Any],
    words: tuple[str, ...],
) -> None:
    output = tmp_path / "labels.ome.tif"
    assert cli("segment", image, "-o", output, "--points", clicks, "--model", weights)[0] == 0
    edited = tmp_path / "edited.recipe.json"
    edited.write_text(json.dumps(recipe_of(output) | change))
    status, _, error = cli("rerun", edited, "-o", tmp_path / "x.ome.tif")
    assert status == 1
    assert_one_line(error, "edited.recipe.json", *words)
    newer = recipe_of(output) | {"version": "1.7", "mood": "good"}
    edited.write_text(json.dumps(newer))  # a later version of the same fields, with more of them
    assert cli("recipe", edited, "--validate")[0] == 0
    edited.write_bytes(edited.read_bytes()[:-40])
    status, _, error = cli("recipe", edited)
    assert status == 1
    assert_one_line(error, "edited.recipe.json")


def test_without_a_recipe_there_is_none_and_an_old_one_goes(
    cli: Run, image: Path, clicks: Path, weights: Path, tmp_path: Path
) -> None:
    output, path = tmp_path / "labels.tif", tmp_path / "labels.tif.recipe.json"
    command = ("segment", image, "-o", output, "--points", clicks, "--model", weights)
    assert cli(*command, "--no-recipe")[0] == 0
    assert not path.exists()
    status, _, error = cli("rerun", output, "-o", tmp_path / "x.tif")
    assert status == 1
    assert_one_line(error, "there is no recipe", "labels.tif.recipe.json")
    path.write_text("notes of somebody")
    status, _, error = cli(*command, "--overwrite")
    assert status == 1
    assert_one_line(error, "is no recipe of napari-sam", "--no-recipe")
    path.unlink()
    assert cli(*command, "--overwrite")[0] == 0
    assert path.exists()
    assert cli(*command, "--overwrite", "--no-recipe")[0] == 0
    assert not path.exists()


def test_an_input_that_says_no_place_is_one_line(cli: Run, tmp_path: Path) -> None:
    for arguments in (("--input", "a.tif"), ("--inputs", tmp_path / "none")):
        status, _, error = cli("rerun", "x.recipe.json", "-o", tmp_path / "x.tif", *arguments)
        assert status == 1
        assert_one_line(error, str(arguments[0]))


@pytest.fixture
def journal(tmp_path: Path, image: Path, weights: Path) -> Path:
    """A journal of two objects that the model of the weights made of clicks."""
    session = Session.open(image, model=weights, cache_dir=False)
    subject = Subject("cells.tif", str(image), "YX", session.volume.label_shape, "x")
    journal = Journal(tmp_path / "journal.jsonl", subject)
    for label, point in enumerate([(30.0, 40.0), (60.0, 90.0)], 1):
        mask = session.predict(points=[point])
        edit = session.commit(mask, label=label)
        origin = Origin((PointPrompt(point, 1),), "tiny-random", weights_hash(session.model))
        journal.append(Entry(ACCEPTED, (PackedEdit.of(edit),), origin, label))
    journal.close()
    return journal.path


@pytest.mark.parametrize("asks", [False, True])
def test_a_replayed_journal_is_in_the_recipe(
    cli: Run, journal: Path, image: Path, weights: Path, tmp_path: Path, asks: bool
) -> None:
    output, again = tmp_path / "labels.ome.tif", tmp_path / "again.ome.tif"
    model = ("--model", weights) if asks else ()
    assert cli("replay", journal, "-o", output, *model)[0] == 0
    journal.unlink()
    if not asks:
        image.unlink()  # pixels are painted: nobody asks for the image
    status, out, _ = cli("rerun", output, "-o", again, "--json")
    assert (status, json.loads(out)["labels"]) == (0, SAME)
    assert_equal(output, again)
    assert len(recipe_of(again)["paint"]["entries"]) == 2
    methods = cli("recipe", again, "--methods")[1]
    assert methods.count("The model was tiny-random (weights") == 1
    assert "2 edits, 2 of them masks" in methods
    output.unlink()
    recipe = tmp_path / "labels.ome.tif.recipe.json"
    status, _, error = cli("rerun", recipe, "-o", output)
    assert status == 1
    assert_one_line(error, "would replace", str(recipe), "--overwrite")
    recipe = recipe_of(output)
    recipe["paint"]["entries"][0]["edits"][0]["bbox"][0] += 1
    (tmp_path / "edited.recipe.json").write_text(json.dumps(recipe))
    status, _, error = cli("rerun", tmp_path / "edited.recipe.json", "-o", tmp_path / "x.tif")
    assert status == 1
    assert_one_line(error, "the journal in the recipe is damaged")


def test_measurements_and_training_data_are_made_again(
    cli: Run, image: Path, clicks: Path, weights: Path, tmp_path: Path
) -> None:
    labels = tmp_path / "cells_labels.tif"
    assert cli("segment", image, "-o", labels, "--points", clicks, "--model", weights)[0] == 0
    table, outlines = tmp_path / "cells.csv", tmp_path / "cells.geojson"
    command = ("measure", labels, "-o", table, "-o", outlines, "--image", image, "--no-shape")
    assert cli(*command)[0] == 0
    again = tmp_path / "again"
    again.mkdir()
    status, _, error = cli("rerun", table, "-o", again / "cells.csv", "--json")
    assert (status, error) == (0, "")
    assert (again / "cells.csv").read_bytes() == table.read_bytes()
    assert (again / "cells.geojson").read_bytes() == outlines.read_bytes()
    assert recipe_of(again / "cells.csv")["measure"]["shape"] is False
    assert cli("export", image, labels, "-o", tmp_path / "coco", "--as", "yolo")[0] == 0
    status, _, error = cli("rerun", tmp_path / "coco", "-o", again / "data")
    assert (status, error) == (0, "")
    names = sorted(p.relative_to(again / "data") for p in (again / "data").rglob("*"))
    assert names == sorted(p.relative_to(tmp_path / "coco") for p in (tmp_path / "coco").rglob("*"))
    tifffile.imwrite(labels, np.zeros((96, 96), np.uint16))
    for recipe in (table, tmp_path / "coco"):
        status, _, error = cli("rerun", recipe, "-o", again / "more", "--overwrite")
        assert status == 1
        assert_one_line(error, "is not the labels of the recipe")


def test_a_recipe_reads_as_text_and_as_methods(
    cli: Run, image: Path, clicks: Path, weights: Path, tmp_path: Path
) -> None:
    output = tmp_path / "labels.ome.zarr"
    assert cli("segment", image, "-o", output, "--points", clicks, "--model", weights)[0] == 0
    status, out, _ = cli("recipe", output)
    assert status == 0
    for words in ("cells.tif", "tiny-random", "of prompts in clicks.csv", "torch", "96 x 96"):
        assert words in out
    status, out, _ = cli("recipe", output, "--methods")
    text, _, references = out.partition("\n\n")
    assert status == 0
    assert "\n" not in text
    for words in ("96 x 96 pixels", "tiny-random", "prompted with points", "OME-Zarr", "[1]"):
        assert words in text
    numbers = [line.split()[0] for line in references.strip().splitlines()]
    assert numbers == [f"[{i}]" for i in range(1, len(numbers) + 1)]
    assert all(number in text for number in numbers)
    assert "Kirillov" in references


@pytest.mark.slow
def test_workers_of_a_cluster_follow_a_recipe(cli: Run, weights: Path, tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "stack.tif", discs(3), metadata={"axes": "ZYX"}, imagej=True)
    output, again = tmp_path / "labels.ome.tif", tmp_path / "again.ome.tif"
    assert cli("segment", tmp_path / "stack.tif", "-o", output, "--model", weights)[0] == 0
    status, out, _ = cli("rerun", output, "-o", again, "--scheduler", "local:2", "--json")
    summary = json.loads(out)
    assert (status, summary["labels"], summary["device"]) == (0, SAME, "2 workers")
    assert recipe_of(again)["segment"] == recipe_of(output)["segment"]
    assert_equal(output, again)
