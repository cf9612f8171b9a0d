"""``napari-sam train``: from a folder to a model by name, its page, and the line when it cannot."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import tifffile
import torch

from napari_sam.weights.store import ModelStore
from tests.cli.process import Run, assert_one_line
from tests.learning.rings import rings
from tests.weights.test_recognise import state


@pytest.fixture(autouse=True)
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Folder of weights of the test's own."""
    monkeypatch.setenv("NAPARI_SAM_MODELS", str(tmp_path / "models"))
    return tmp_path / "models"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three images of rings with labels, as Cellpose has them."""
    folder = tmp_path / "rings"
    folder.mkdir()
    for number in range(3):
        image, labels = rings(number, 128)
        tifffile.imwrite(folder / f"{number}.tif", image)
        tifffile.imwrite(folder / f"{number}_masks.tif", labels.astype(np.uint16))
    return folder


@pytest.mark.parametrize("options", [(), ("--encoder",), ("--partial",)])
def test_a_folder_becomes_a_model_with_a_page(
    cli: Run, folder: Path, weights: Path, options: tuple[str, ...]
) -> None:
    command = ("train", folder, "--name", "my-rings", "--model", weights, "--steps", 2, "--json")
    status, output, error = cli(*command, *options)
    assert (status, error.count("\n")) == (0, len(json.loads(output)["warnings"]))
    summary = json.loads(output)
    assert summary["objects"] == 8  # of two images; one is kept apart
    assert summary["steps"] == 2
    assert {"click", "box"} <= summary["figures"].keys()
    assert ("AP@0.5" in summary["figures"]) is (options != ("--partial",))
    stored = ModelStore().find("my-rings")
    assert stored is not None
    assert str(stored.weights) == summary["weights"]
    assert "my-rings" in cli("models", "list")[1]
    assert cli("embed", folder / "0.tif", "--model", "my-rings", "--json")[0] == 0
    assert_page(Path(summary["page"]), ["0.tif", "1.tif", "2.tif", "2 steps"])


def assert_page(path: Path, words: list[str]) -> None:
    """The page has figures, pictures and a curve, and loads nothing."""
    text = path.read_text("utf-8")
    assert text.startswith("<!DOCTYPE html>")
    assert text.count("data:image/png;base64,") == 3
    assert "<svg" in text
    assert "IoU after one click" in text
    assert not re.search(r"(src|href)=.(?!data:)|https?://|@import", text)
    for word in words:
        assert word in text


def test_a_name_that_is_taken_is_refused_before_the_work(
    cli: Run, folder: Path, weights: Path, models: Path
) -> None:
    command = ("train", folder, "--name", "mine", "--model", weights, "--steps", 1)
    assert cli(*command)[0] == 0
    before = (models / "imported" / "mine" / "model.json").read_bytes()
    status, _, error = cli("train", folder / "nowhere", "--name", "mine")
    assert status == 1
    assert_one_line(error, "a model mine is there already", "--overwrite")
    assert (models / "imported" / "mine" / "model.json").read_bytes() == before
    assert cli(*command, "--seed-is-no-option")[0] == 1
    assert cli(*command, "--overwrite", "--encoder")[0] == 0
    assert (models / "imported" / "mine" / "model.json").read_bytes() != before


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("../mine", ("cannot be the name of a model",)),
        ("", ("cannot be the name of a model",)),
        ("vit_b", ("is the name of a published model",)),
    ],
)
def test_names_that_cannot_be(cli: Run, folder: Path, name: str, words: tuple[str, ...]) -> None:
    status, _, error = cli("train", folder, "--name", name)
    assert status == 1
    assert_one_line(error, *words)


@pytest.mark.parametrize(
    ("page", "words"),
    [
        ("0.tif", ("is an .html file: not 0.tif",)),
        ("there.html", ("exists", "--overwrite")),
        ("nowhere/page.html", ("nowhere",)),
    ],
)
def test_a_page_that_cannot_be_is_refused_before_the_work(
    cli: Run, folder: Path, page: str, words: tuple[str, ...]
) -> None:
    (folder / "there.html").write_text("mine")
    before = {path: path.read_bytes() for path in folder.iterdir()}
    status, _, error = cli("train", folder, "--name", "mine", "--page", folder / page)
    assert status == 1
    assert_one_line(error, *words)
    assert {path: path.read_bytes() for path in folder.iterdir()} == before


def labels_of(folder: Path, number: int) -> Path:
    return folder / f"{number}_masks.tif"


def no_pairs(folder: Path) -> None:
    for path in folder.glob("*_masks.tif"):
        path.unlink()


def another_size(folder: Path) -> None:
    tifffile.imwrite(labels_of(folder, 1), np.ones((20, 20), np.uint8))


def nothing_labelled(folder: Path) -> None:
    for number in range(3):
        tifffile.imwrite(labels_of(folder, number), np.zeros((128, 128), np.uint8))


def one_object(folder: Path) -> None:
    nothing_labelled(folder)
    labels = np.zeros((128, 128), np.uint8)
    labels[20:50, 20:50] = 1
    tifffile.imwrite(labels_of(folder, 2), labels)


def only_a_pickle(folder: Path) -> None:
    labels_of(folder, 1).rename(folder / "1_seg.npy")


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (no_pairs, ("no image with labels in", "a_labels.tif")),
        (another_size, ("1_masks.tif", "of shape (20, 20)")),
        (nothing_labelled, ("no object in the labels",)),
        (one_object, ("1 objects are too few", "label at least 3")),
        (only_a_pickle, ("1_seg.npy is a pickle",)),
    ],
)
def test_folders_that_cannot_be_learned(
    cli: Run, folder: Path, weights: Path, models: Path, spoil: object, words: tuple[str, ...]
) -> None:
    spoil(folder)  # type: ignore[operator]
    status, _, error = cli("train", folder, "--name", "mine", "--model", weights, "--steps", 1)
    assert status == 1
    assert_one_line(error, *words)
    assert not (models / "imported" / "mine").exists()


def test_images_without_labels_are_left_out_and_named(
    cli: Run, folder: Path, weights: Path
) -> None:
    labels_of(folder, 0).unlink()
    command = ("train", folder, "--name", "mine", "--model", weights, "--steps", 1, "--json")
    summary = json.loads(cli(*command)[1])
    assert "1 images have no labels and are left out: 0.tif" in summary["warnings"]
    assert summary["objects"] == 4


def test_a_single_image_keeps_objects_apart_and_says_so(
    cli: Run, folder: Path, weights: Path
) -> None:
    image, labels = folder / "0.tif", labels_of(folder, 0)
    command = ("train", image, labels, "--name", "mine", "--model", weights, "--steps", 1)
    status, output, error = cli(*command)
    assert status == 0
    assert "with a single image, none can be kept apart" in error
    assert "objects   3" in output


def test_images_of_a_folder_for_tests_are_kept_apart(cli: Run, folder: Path, weights: Path) -> None:
    for number, part in enumerate(("train", "test", "train")):
        for kind, path in (
            ("images", folder / f"{number}.tif"),
            ("masks", labels_of(folder, number)),
        ):
            (folder / part / kind).mkdir(parents=True, exist_ok=True)
            path.rename(folder / part / kind / f"{number}.tif")
    command = ("train", folder, "--name", "mine", "--model", weights, "--steps", 1, "--json")
    page = Path(json.loads(cli(*command)[1])["page"]).read_text("utf-8")
    assert "<dt>Kept apart</dt><dd>1.tif</dd>" in page


@pytest.mark.long
def test_a_killed_training_leaves_no_model_and_is_gone_on_with(
    cli: Run, folder: Path, weights: Path, models: Path
) -> None:
    command = ["train", str(folder), "--name", "mine", "--model", str(weights), "--steps", "4000"]
    script = "from napari_sam.cli.app import main; main()"
    process = subprocess.Popen(
        [sys.executable, "-c", script, *command, "--json"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=dict(os.environ),
    )  # fmt: skip
    progress = models / "training" / "mine" / "progress.safetensors"
    while not (models / "training").exists() and process.poll() is None:
        time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    _, error = process.communicate(timeout=300)
    assert process.returncode == 130
    assert "the same command goes on from here" in error
    assert progress.exists()
    assert ModelStore().find("mine") is None
    status, _, error = cli(*command[:-1], "2")
    assert status == 1
    assert_one_line(error, "a training under this name was stopped")
    assert cli(*command[:-1], "2", "--overwrite", "--json")[0] == 0
    assert not progress.exists()


@pytest.mark.slow
def test_the_decoder_of_a_published_model_learns(cli: Run, folder: Path, tmp_path: Path) -> None:
    torch.save(state("vit_t"), tmp_path / "vit_t.pt")
    command = ("train", folder, "--name", "mine", "--model", tmp_path / "vit_t.pt", "--steps", 1)
    status, output, _ = cli(*command, "--json")
    summary = json.loads(output)
    assert (status, summary["weights"][-3:]) == (0, ".pt")
    new = torch.load(summary["weights"], weights_only=True)
    old = state("vit_t")
    assert {key: tensor.shape for key, tensor in new.items()} == {
        key: tensor.shape for key, tensor in old.items()
    }
    changed = {key.split(".")[0] for key in new if not torch.equal(new[key], old[key])}
    assert changed == {"mask_decoder", "prompt_encoder"}
