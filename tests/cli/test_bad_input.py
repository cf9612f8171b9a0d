"""The command line: input that it refuses, with one line that says what to do."""

import os
from pathlib import Path

import numpy as np
import pytest

from tests.cli.process import Run, assert_one_line


def boxes(path: Path, *corners: float) -> Path:
    y0, x0, y1, x1 = corners
    path.write_text(
        "index,shape-type,vertex-index,axis-0,axis-1\n"
        f"0,rectangle,0,{y0},{x0}\n0,rectangle,1,{y0},{x1}\n"
        f"0,rectangle,2,{y1},{x1}\n0,rectangle,3,{y1},{x0}\n"
    )
    return path


def save_npy(folder: Path, pixels: np.ndarray) -> Path:
    np.save(folder / "image.npy", pixels)
    return folder / "image.npy"


@pytest.mark.parametrize(
    "pixels",
    [
        np.zeros((0, 5), np.uint8),
        np.zeros((5, 5), np.complex64),
        np.zeros((1, 1, 1, 1, 1, 4, 4), np.uint8),
        np.zeros(5, np.uint8),
    ],
    ids=["empty", "complex", "7 dimensions", "1 dimension"],
)
def test_arrays_that_are_no_images(
    cli: Run, weights: Path, tmp_path: Path, pixels: np.ndarray
) -> None:
    output = tmp_path / "labels.tif"
    image = save_npy(tmp_path, pixels)
    status, out, error = cli("segment", image, "-o", output, "--model", weights)
    assert (status, out) == (1, "")
    assert_one_line(error, "image")
    assert not output.exists()


@pytest.mark.parametrize("name", ["notes.txt", "torn.tif", "torn.png", "torn.npy", "torn.ome.zarr"])
def test_files_that_are_no_images(cli: Run, weights: Path, tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"II*\0this is not an image")
    output = tmp_path / "labels.tif"
    status, out, error = cli("segment", tmp_path / name, "-o", output, "--model", weights)
    assert (status, out) == (1, "")
    assert_one_line(error, name)
    assert not output.exists()


def test_missing_image(cli: Run, tmp_path: Path) -> None:
    status, _, error = cli("segment", tmp_path / "no.tif", "-o", tmp_path / "labels.tif")
    assert status == 1
    assert_one_line(error, "no.tif")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--axes", "ZYX"), ("axes", "ZYX")),
        (("--axes", "YY"), ("axes", "YY")),
        (("--channels", "4"), ("channel",)),
        (("--channels", "red"), ("--channels", "'red'")),
        (("--contrast", "5", "5"), ("contrast",)),
        (("--contrast", "nan", "5"), ("contrast",)),
        (("--model", "huge"), ("'huge'", "napari-sam models")),
        (("--device", "abacus"), ("abacus",)),
        (("--device", "cuda:99"), ("cuda:99",)),
        (("--propagate",), ("--propagate", "--points")),
        (("--along", "t"), ("--along", "--propagate", "--link")),
        (("--link",), ("single plane",)),
        (("--tracks", "tracks.csv"), ("no time axis", "--axes")),
        (("--tracks", "tracks.xml"), (".csv or .geff",)),
        (("--link", "--points", "clicks.csv"), ("--link", "--propagate")),
        (("--no-such-option",), ("--no-such-option",)),
    ],
)
def test_options_that_do_not_fit(
    cli: Run,
    image: Path,
    weights: Path,
    tmp_path: Path,
    options: tuple[str, ...],
    words: tuple[str, ...],
) -> None:
    output = tmp_path / "labels.tif"
    status, out, error = cli("segment", image, "-o", output, "--model", weights, *options)
    assert (status, out) == (1, "")
    assert_one_line(error, *words)
    assert not output.exists()


def test_a_single_plane_cannot_be_propagated(
    cli: Run, image: Path, clicks: Path, weights: Path
) -> None:
    output = image.with_name("labels.tif")
    prompts = ("--points", clicks, "--propagate")
    status, _, error = cli("segment", image, "-o", output, *prompts, "--model", weights)
    assert status == 1
    assert_one_line(error, "single plane")
    assert not output.exists()


def test_missing_argument(cli: Run, image: Path) -> None:
    status, _, error = cli("segment", image)
    assert status == 1
    assert_one_line(error, "--output")


@pytest.mark.parametrize(
    "rows",
    [
        "axis-0,axis-1\n30,200\n",
        "axis-0,axis-1\n-1,3\n",
        "axis-0,axis-1,axis-2\n0,30,40\n",
        "axis-0,axis-1,label\n30,40,0\n",
    ],
    ids=["right of the image", "above the image", "three dimensions", "only background"],
)
def test_points_that_make_no_sense(cli: Run, image: Path, tmp_path: Path, rows: str) -> None:
    (tmp_path / "clicks.csv").write_text(rows)
    output = tmp_path / "labels.tif"
    status, _, error = cli(
        "segment", image, "-o", output, "--points", tmp_path / "clicks.csv", "--model", "unread"
    )
    assert status == 1
    assert_one_line(error)
    assert "'unread'" not in error
    assert not output.exists()


def test_box_of_no_area(cli: Run, image: Path, tmp_path: Path) -> None:
    shapes = boxes(tmp_path / "boxes.csv", 10, 20, 10, 40)
    output = tmp_path / "labels.tif"
    status, _, error = cli("segment", image, "-o", output, "--boxes", shapes)
    assert status == 1
    assert_one_line(error, "area")


def test_outputs_that_cannot_be_written(cli: Run, image: Path, tmp_path: Path) -> None:
    # the model is not even looked for: the output is checked before the long work
    def refuse(output: Path) -> str:
        status, out, error = cli("segment", image, "-o", output, "--model", "unread")
        assert (status, out) == (1, "")
        assert_one_line(error)
        assert "'unread'" not in error
        return error

    (tmp_path / "old.tif").write_bytes(b"precious")
    (tmp_path / "locked").mkdir()
    assert "missing does not exist" in refuse(tmp_path / "missing" / "labels.tif")
    assert "exists" in refuse(tmp_path / "old.tif")
    assert "--overwrite" in refuse(tmp_path / "old.tif")
    assert ".ome.zarr" in refuse(tmp_path / "labels.png")
    assert (tmp_path / "old.tif").read_bytes() == b"precious"
    assert "cannot be written" in refuse(unwritable_folder(tmp_path) / "labels.tif")


def unwritable_folder(tmp_path: Path) -> Path:
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        return Path("/sys")  # nobody makes files there, root included
    (tmp_path / "read-only").mkdir(mode=0o500)
    return tmp_path / "read-only"


def test_the_image_is_never_replaced(cli: Run, image: Path, tmp_path: Path) -> None:
    before = image.read_bytes()
    link = tmp_path / "link.tif"
    link.symlink_to(image)
    for output in (image, link):
        status, _, error = cli("segment", image, "-o", output, "--overwrite")
        assert status == 1
        assert_one_line(error, "the image itself")
    assert image.read_bytes() == before


def test_a_folder_of_other_things_is_never_replaced(
    cli: Run, image: Path, clicks: Path, weights: Path, tmp_path: Path
) -> None:
    output = tmp_path / "labels.ome.zarr"
    output.mkdir()
    (output / "thesis.txt").write_text("precious")
    status, _, error = cli(
        "segment", image, "-o", output, "--overwrite", "--points", clicks, "--model", weights
    )
    assert status == 1
    assert_one_line(error, "labels.ome.zarr")
    assert (output / "thesis.txt").read_text() == "precious"


def test_cache_folder_of_another_program(
    cli: Run, image: Path, weights: Path, tmp_path: Path
) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "cat.jpg").write_text("meow")
    folder = ("--cache-dir", tmp_path / "photos")
    for command in (
        ("embed", image, "--model", weights),
        ("segment", image, "-o", tmp_path / "labels.tif", "--model", weights),
        ("cache", "info"),
        ("cache", "clear"),
    ):
        status, out, error = cli(*command, *folder)
        assert (status, out) == (1, "")
        assert_one_line(error, "another program", "choose")
    assert [path.name for path in (tmp_path / "photos").iterdir()] == ["cat.jpg"]


def test_truncated_weights(cli: Run, image: Path, weights: Path, tmp_path: Path) -> None:
    torn = tmp_path / "torn.safetensors"
    torn.write_bytes(weights.read_bytes()[:5000])
    output = tmp_path / "labels.tif"
    status, _, error = cli("segment", image, "-o", output, "--model", torn)
    assert status == 1
    assert_one_line(error, "torn.safetensors", "damaged")
    assert not output.exists()
