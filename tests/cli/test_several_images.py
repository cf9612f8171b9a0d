"""Command line: several images in a file, an image in several files, and what of it is missing."""

import csv
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
import tifffile
import zarr

from napari_sam.image.read import read_image
from napari_sam.labels.files.write import write_labels
from tests.cli.process import Run, assert_one_line, read_labels
from tests.image.split_tiff import write_split
from tests.image.zarr_image import write_image

FILM = np.random.default_rng(3).integers(0, 255, (2, 1, 32, 40), np.uint8)


@pytest.fixture
def two(tmp_path: Path) -> Path:
    """A TIFF of a thumbnail and an image."""
    path = tmp_path / "two.ome.tif"
    with tifffile.TiffWriter(path, ome=True) as tiff:
        tiff.write(FILM[0, 0, :16, :16], metadata={"axes": "YX", "Name": "thumbnail"})
        tiff.write(FILM[0, 0], metadata={"axes": "YX", "Name": "cells"})
    return path


@pytest.mark.parametrize(("series", "shape"), [((), (16, 16)), (("--series", "cells"), (32, 40))])
def test_segment_says_which_image_it_took(
    cli: Run, two: Path, weights: Path, tmp_path: Path, series: tuple[str, ...], shape: tuple[int]
) -> None:
    output = tmp_path / "labels.ome.tif"
    status, out, err = cli("segment", two, "-o", output, "--model", weights, "--json", *series)
    assert status == 0
    assert read_labels(output).shape == shape
    warnings = json.loads(out)["warnings"]
    assert [line for line in warnings if "holds 2 images" in line] == (
        [] if series else [line for line in err.removeprefix("napari-sam: warning: ").splitlines()]
    )
    assert ("holds 2 images" in err) == (not series)


def test_embed_and_measure_say_it_too(cli: Run, two: Path, weights: Path, tmp_path: Path) -> None:
    _, _, err = cli("embed", two, "--model", weights)
    assert "holds 2 images, and the first 'thumbnail' is taken" in err
    labels = tmp_path / "labels.tif"
    tifffile.imwrite(labels, np.ones((32, 40), np.uint16))
    words = ["measure", labels, "--image", two, "-o"]
    status, out, err = cli(*words, tmp_path / "a.csv", "--series", "1", "--json")
    assert (status, err, json.loads(out)["warnings"]) == (0, "", [])
    status, _, err = cli(*words, tmp_path / "b.csv")
    assert status == 1
    assert_one_line(err, "give the labels of this image")


def test_a_series_that_is_not_there(cli: Run, two: Path, tmp_path: Path) -> None:
    status, _, err = cli("segment", two, "-o", tmp_path / "l.tif", "--series", "2")
    assert status == 1
    assert_one_line(err, "has no series '2': choose from 0 'thumbnail', 1 'cells'")


def test_an_image_inside_a_zarr(cli: Run, weights: Path, tmp_path: Path) -> None:
    root = tmp_path / "c.zarr"
    zarr.create_group(root, attributes={"ome": {"version": "0.5", "bioformats2raw.layout": 3}})
    for i in range(2):
        write_image(root / str(i), FILM[i, 0, : 16 + i], "yx")
    for words in ((root, "--series", "1"), (root / "1",)):
        output = tmp_path / f"labels{len(words)}.ome.zarr"
        status, out, _ = cli("segment", *words, "-o", output, "--model", weights, "--json")
        assert status == 0
        assert json.loads(out)["warnings"] == []
        assert read_labels(output).shape == (17, 40)
        source = zarr.open_group(output).attrs["ome"]["image-label"]["source"]
        assert source == {"image": "../c.zarr/1"}


def test_a_set_of_files_is_segmented_once(cli: Run, weights: Path, tmp_path: Path) -> None:
    folder = tmp_path / "film"
    folder.mkdir()
    paths = write_split(folder, FILM, "apart")
    tifffile.imwrite(folder / "other.tif", FILM[0, 0])
    for words in ([folder], [f"{folder}/*.tif"], [*paths, folder / "other.tif"]):
        output = tmp_path / f"out{len(words)}{len(str(words[0]))}"
        status, out, err = cli("segment", *words, "-o", output, "--model", weights, "--json")
        assert status == 0
        assert "t0.ome.tif is an image in 2 files (t0.ome.tif, t1.ome.tif), segmented once" in err
        assert json.loads(out)["done"] == 2
        assert read_labels(output / "t0_labels.ome.tif").shape == (2, 32, 40)
        assert not (output / "t1_labels.ome.tif").exists()


def test_the_report_of_a_batch_names_planes_that_are_missing(
    cli: Run, weights: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "film"
    folder.mkdir()
    paths = write_split(folder, FILM)
    paths[1].write_bytes(b"")
    tifffile.imwrite(folder / "other.tif", FILM[0, 0])
    words = ["segment", paths[0], folder / "other.tif", "-o", tmp_path / "out"]
    assert cli(*words, "--model", weights)[0] == 0
    with (tmp_path / "out" / "report.csv").open(newline="", encoding="utf-8") as file:
        rows = {Path(row["file"]).name: row["warnings"] for row in csv.DictReader(file)}
    assert "1 of 2 planes of" in rows["t0.ome.tif"]
    assert "missing or damaged: t1.ome.tif" in rows["t0.ome.tif"]
    assert "planes" not in rows["other.tif"]


@pytest.mark.parametrize("suffix", [".ome.zarr", ".ome.tif", ".tif"])
def test_our_own_labels_of_an_image_with_axes_of_length_one(
    cli: Run, weights: Path, tmp_path: Path, suffix: str
) -> None:
    image = write_image(tmp_path / "image.ome.zarr", FILM[:, :, None], "tczyx", "0.4")
    volume = read_image(image)
    labels = np.zeros(volume.label_shape, np.uint16)
    labels[..., 5:20, 8:30] = 1
    path = tmp_path / f"labels{suffix}"
    write_labels(path, labels, volume.calibration)
    table = tmp_path / "t.csv"
    assert cli("measure", path, "--image", image, "-o", table)[0] == 0
    with table.open(newline="", encoding="utf-8") as file:
        rows = [(row["t"], row["pixels"], row["unit"]) for row in csv.DictReader(file)]
    assert rows == [("0", "330", "micrometer"), ("1", "330", "micrometer")]
    words = ["--only", "boxes", "--objects", "2", "--model", weights, "--json"]
    status, out, _ = cli("evaluate", image, path, *words)
    assert status == 0
    assert "box_iou" in out


def test_labels_in_another_version_of_ome_zarr(
    cli: Run, image: Path, weights: Path, tmp_path: Path
) -> None:
    output = tmp_path / "labels.ome.zarr"
    words = ["segment", image, "-o", output, "--model", weights, "--ome-zarr-version"]
    assert cli(*words, "0.4")[0] == 0
    assert zarr.open_group(output, mode="r").attrs["multiscales"][0]["version"] == "0.4"
    status, _, err = cli(*words, "0.6", "--overwrite")
    assert status == 1
    assert_one_line(err, "OME-Zarr 0.6 is not written: choose 0.4 or 0.5")
    tiff = ["segment", image, "-o", tmp_path / "l.tif", "--ome-zarr-version", "0.4"]
    assert_one_line(cli(*tiff)[2], "is no OME-Zarr")


def test_labels_are_not_put_into_a_zip(cli: Run, image: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.ozx", "w") as content:
        content.writestr("zarr.json", "{}")
    status, _, err = cli("segment", image, "-o", tmp_path / "a.ozx" / "labels" / "cells")
    assert status == 1
    assert_one_line(err, "is a zip, into which labels cannot be put", "a.labels.ome.zarr")


def test_zips_of_zarrs_are_images_of_a_folder_and_others_are_not(
    cli: Run, weights: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "images"
    write_image(tmp_path / "a", FILM[0, 0], "yx")
    folder.mkdir()
    for name in ("a.ozx", "b.ome.zarr.zip"):
        with zipfile.ZipFile(folder / name, "w") as content:
            for file in (tmp_path / "a").rglob("*"):
                content.write(file, file.relative_to(tmp_path / "a"))
    with zipfile.ZipFile(folder / "rois.zip", "w") as content:
        content.writestr("1.roi", b"Iout")
    status, out, _ = cli("segment", folder, "-o", tmp_path / "o", "--model", weights, "--json")
    assert (status, json.loads(out)["done"]) == (0, 2)
    assert {path.name for path in (tmp_path / "o").glob("*.tif")} == {
        "a_labels.ome.tif",
        "b_labels.ome.tif",
    }


def test_nothing_is_put_beside_an_image_inside_a_collection(cli: Run, tmp_path: Path) -> None:
    root = tmp_path / "c.zarr"
    zarr.create_group(root, attributes={"ome": {"version": "0.5", "bioformats2raw.layout": 3}})
    write_image(root / "0", FILM[0, 0], "yx")
    for image, output in ((root / "0", root / "l.ome.zarr"), (root, root / "0" / "l.ome.zarr")):
        status, _, err = cli("segment", image, "-o", output)
        assert status == 1
        assert_one_line(err, "choose a place outside it")
        assert not output.exists()
