"""``napari-sam evaluate``: what it says about labelled images, and the line when it cannot."""

import json
from pathlib import Path

import numpy as np
import pytest
import tifffile
import torch
import zarr

from napari_sam.labels.files.write import write_labels
from napari_sam.weights.load import save_weights
from tests.cli.process import Run
from tests.tiny import tiny_sam


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("weights") / "tiny.safetensors"
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        save_weights(tiny_sam(), path)
    return path


def discs(planes: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Two bright discs on a dark ground, and their labels."""
    y, x = np.mgrid[:64, :80]
    labels = np.zeros((64, 80), np.uint16)
    labels[(y - 20) ** 2 + (x - 25) ** 2 < 100] = 1
    labels[(y - 45) ** 2 + (x - 55) ** 2 < 150] = 2
    image = (40 + 150 * (labels > 0)).astype(np.uint8)
    return (np.stack([image] * planes), np.stack([labels] * planes)) if planes else (image, labels)


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Path, Path]:
    image, labels = discs()
    paths = tmp_path / "cells.tif", tmp_path / "truth.tif"
    tifffile.imwrite(paths[0], image)
    tifffile.imwrite(paths[1], labels)
    return paths


def evaluated(cli: Run, *arguments: object) -> dict[str, dict[str, dict[str, float]]]:
    status, output, error = cli("evaluate", *arguments, "--json")
    assert (status, error) == (0, "")
    sets: dict[str, dict[str, dict[str, float]]] = json.loads(output)["sets"]
    return sets


def refused(cli: Run, *arguments: object) -> str:
    status, output, error = cli("evaluate", *arguments)
    assert (status, output) == (1, "")
    assert error.startswith("napari-sam: ")
    assert error.count("\n") == 1
    return error


def test_an_image_and_its_labels(cli: Run, pair: tuple[Path, Path], weights: Path) -> None:
    found = evaluated(cli, *pair, "--model", weights, "--clicks", 3)
    (figures,) = found["cells"].values()
    assert figures["objects"] == figures["plane_objects"] == 2
    assert 0 <= figures["click_3_iou"] <= 1
    assert 0 <= figures["box_iou"] <= 1
    assert 1 <= figures["noc"] <= 3
    assert figures["background_clicks"] == 20
    assert "stack_objects" not in figures


def test_figures_of_others_stand_below_those_of_a_public_set(
    cli: Run, tmp_path: Path, weights: Path
) -> None:
    image, labels = discs()
    for name in ("LIVECell", "mine"):
        (tmp_path / name).mkdir()
        np.savez(tmp_path / name / "a.npz", image=image, labels=labels)
    status, output, error = cli("evaluate", tmp_path, "--model", weights, "--only", "automatic")
    assert (status, error) == (0, "")
    _, below = output.split("**Published mSA**")
    assert "not your images" in below
    row = below.splitlines()[-1]
    assert row == "| LIVECell (LIVECell) | 0.403 | 0.311 | 0.405 | 0.380 |"
    status, output, _ = cli("evaluate", tmp_path, "--model", weights, "--only", "boxes")
    assert status == 0
    assert "Published" not in output


def test_a_table_for_people(cli: Run, pair: tuple[Path, Path], weights: Path) -> None:
    other = weights.with_name("other.safetensors")
    other.write_bytes(weights.read_bytes())
    status, output, error = cli(
        "evaluate", *pair, "--model", weights, "--model", other, "--only", "clicks, boxes",
        "--clicks", 1,
    )  # fmt: skip
    assert (status, error) == (0, "")
    title, _, heading, _, one, two = output.splitlines()
    assert title == "**Clicks and boxes**"
    assert heading.startswith("| set | method | objects | click 1 |")
    assert one.startswith(f"| cells | {weights} | 2 |")
    assert two.startswith(f"| cells | {other} | 2 |")


def test_as_many_objects_as_asked_for(cli: Run, pair: tuple[Path, Path], weights: Path) -> None:
    arguments = ("--model", weights, "--only", "boxes", "--objects", 1)
    (figures,) = evaluated(cli, *pair, *arguments)["cells"].values()
    assert set(figures) == {"box_iou", "box_under_half", "box_iou_error"}


def test_a_stack_is_looked_at_in_3d_too(cli: Run, tmp_path: Path, weights: Path) -> None:
    image, labels = discs(planes=3)
    tifffile.imwrite(tmp_path / "stack.tif", image, imagej=True, metadata={"axes": "ZYX"})
    write_labels(tmp_path / "truth.ome.zarr", labels, axes="ZYX", scale=(1, 1, 1))
    found = evaluated(
        cli, tmp_path / "stack.tif", tmp_path / "truth.ome.zarr", "--model", weights,
        "--only", "automatic",
    )  # fmt: skip
    (figures,) = found["stack"].values()
    assert figures["stack_objects"] == 2
    assert figures["plane_objects"] == 2  # one plane of three
    assert "objects" not in figures


def test_folders_are_paired_by_name(cli: Run, tmp_path: Path, weights: Path) -> None:
    image, labels = discs()
    for folder in ("images", "truth"):
        (tmp_path / folder).mkdir()
    for name in ("a", "b"):
        tifffile.imwrite(tmp_path / "images" / f"{name}.tif", image)
    tifffile.imwrite(tmp_path / "truth" / "a_labels.ome.tif", labels)
    np.save(tmp_path / "truth" / "b.npy", labels)
    arguments = (tmp_path / "images", tmp_path / "truth", "--model", weights, "--only", "clicks")
    (figures,) = evaluated(cli, *arguments, "--clicks", 1)["images"].values()
    assert figures["objects"] == 4
    (tmp_path / "truth" / "b.npy").unlink()
    assert "no labels of b.tif" in refused(cli, *arguments)


def test_images_and_labels_in_one_folder(cli: Run, pair: tuple[Path, Path], weights: Path) -> None:
    image, truth = pair
    truth.rename(image.with_name("cells_labels.tif"))
    arguments = (image.parent, image.parent, "--model", weights, "--only", "boxes")
    assert list(evaluated(cli, *arguments)) == [image.parent.name]


def test_sets_of_files_that_hold_both(cli: Run, tmp_path: Path, weights: Path) -> None:
    image, labels = discs()
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        np.savez(tmp_path / name / "a.npz", image=image, labels=labels)
    found = evaluated(cli, tmp_path, "--model", weights, "--only", "boxes")
    assert list(found) == ["one", "two", "mean over sets"]
    assert found["one"] == found["two"] == found["mean over sets"]


def test_nothing_is_kept_where_no_cache_is_wanted(
    cli: Run, pair: tuple[Path, Path], weights: Path, tmp_path: Path
) -> None:
    arguments = (*pair, "--model", weights, "--only", "boxes", "--cache-dir", tmp_path / "kept")
    evaluated(cli, *arguments)
    assert list((tmp_path / "kept").rglob("zarr.json"))


def test_what_cannot_be_compared(
    cli: Run, pair: tuple[Path, Path], weights: Path, tmp_path: Path
) -> None:
    image, truth = pair
    model = ("--model", weights)
    assert "no file" in refused(cli, tmp_path / "none.tif", truth, *model)
    assert "no file" in refused(cli, image, tmp_path / "none.tif", *model)
    assert "has no labels" in refused(cli, image, *model)
    assert "has no labels" in refused(cli, tmp_path, *model)
    assert "no image in" in refused(cli, _folder(tmp_path / "empty"), truth, *model)
    assert "clicks,boxes,automatic" in refused(cli, image, truth, *model, "--only", "everything")
    assert "no model" in refused(cli, image, truth, "--model", "cells-huge")

    np.save(tmp_path / "small.npy", np.zeros((8, 8), int))
    assert "is of shape (8, 8)" in refused(cli, image, tmp_path / "small.npy", *model)
    np.save(tmp_path / "float.npy", np.full((64, 80), 0.5))
    assert "labels are whole numbers" in refused(cli, image, tmp_path / "float.npy", *model)
    np.save(tmp_path / "blank.npy", np.zeros((64, 80), int))
    only = ("--only", "clicks")
    assert "there is no object" in refused(cli, image, tmp_path / "blank.npy", *model, *only)
    np.savez(tmp_path / "half.npz", image=np.zeros((8, 8)))
    assert "no arrays image and labels" in refused(cli, tmp_path / "half.npz", *model)
    (tmp_path / "torn.npz").write_bytes(b"PK\x03\x04 and no more")
    assert "no arrays image and labels" in refused(cli, tmp_path / "torn.npz", *model)


def _folder(path: Path) -> Path:
    path.mkdir()
    return path


def test_labels_in_a_zarr_array(cli: Run, pair: tuple[Path, Path], weights: Path) -> None:
    image, _ = pair
    path = image.with_name("truth.zarr")
    stored = zarr.create_array(path, shape=(64, 80), chunks=(32, 32), dtype="uint16")
    stored[:] = discs()[1]
    (figures,) = evaluated(cli, image, path, "--model", weights, "--only", "automatic")[
        "cells"
    ].values()
    assert figures["plane_objects"] == 2
