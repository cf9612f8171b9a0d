"""Plates of high-content screening: from wells and fields to a plate of labels, and back."""

import csv
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import ome_zarr_models.v04
import ome_zarr_models.v05
import pytest
import tifffile
import zarr
from skimage.feature import graycomatrix, graycoprops

from napari_sam.cli.app import run
from napari_sam.cli.batch import REPORT
from napari_sam.image.read import read_image
from napari_sam.labels.files.write import write_labels
from tests.image.zarr_plate import write_plate

Segment = Callable[..., tuple[int, dict[str, Any], str]]
FIELDS = ["A/1/0", "A/1/1", "B/03/0"]
MODELS = {"0.4": ome_zarr_models.v04, "0.5": ome_zarr_models.v05}


@pytest.fixture
def plate(tmp_path: Path) -> Path:
    return write_plate(tmp_path / "screen.zarr")


@pytest.fixture
def segment(capsys: pytest.CaptureFixture[str]) -> Segment:
    def call(*words: object) -> tuple[int, dict[str, Any], str]:
        status = run(["segment", *map(str, words), "--no-cache", "--json"])
        out, error = capsys.readouterr()
        return status, json.loads(out) if out else {}, error

    return call


def table(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def listed(plate: Path, version: str) -> list[str]:
    """Fields that a plate lists, after a check of all its groups by another library."""
    models = MODELS[version]
    group = zarr.open_group(plate, mode="r")
    fields = []
    for entry in models.HCS.from_zarr(group).ome_attributes.plate.wells:
        well = models.Well.from_zarr(group[entry.path]).ome_attributes.well
        fields += [f"{entry.path}/{image.path}" for image in well.images]
    for field in fields:
        models.Image.from_zarr(group[field])
    return sorted(fields)


@pytest.mark.parametrize("version", ["0.4", "0.5"])
def test_a_plate_becomes_a_plate_of_labels(segment: Segment, tmp_path: Path, version: str) -> None:
    plate, out = write_plate(tmp_path / "screen.zarr", version), tmp_path / "out"
    status, summary, _ = segment(plate, "-o", out, "--ome-zarr-version", version)
    assert (status, summary["done"], summary["failed"]) == (0, 3, 0)
    assert summary["warnings"] == []
    labels = out / "screen_labels.ome.zarr"
    assert sorted(path.name for path in out.iterdir()) == [REPORT, "screen_labels.ome.zarr"]
    assert (
        listed(labels, version) == ["B/03/0", "A/1/0", "A/1/1"] or listed(labels, version) == FIELDS
    )
    for field in FIELDS:
        segment(plate / field, "-o", tmp_path / "one.tif", "--overwrite")
        alone = tifffile.imread(tmp_path / "one.tif")
        assert alone.max() == 1
        group = zarr.open_group(labels / field, mode="r")
        np.testing.assert_array_equal(group["0"][:], alone)
        attributes = group.attrs.asdict()
        source = attributes.get("ome", attributes)["image-label"]["source"]["image"]
        assert (labels / field / source).resolve() == plate / field


def test_the_report_names_plate_well_and_field(segment: Segment, plate: Path) -> None:
    out = plate.parent / "out"
    segment(plate, "-o", out, "--suffix", ".ome.tif", "--measure", ".csv")
    rows = table(out / REPORT)
    assert list(rows[0])[:7] == ["plate", "well", "row", "column", "field", "file", "output"]
    assert [(row["well"], row["row"], row["column"], row["field"]) for row in rows] == [
        ("A1", "A", "1", "0"),
        ("A1", "A", "1", "1"),
        ("B03", "B", "03", "0"),
    ]
    assert {row["plate"] for row in rows} == {"screen.zarr"}
    assert rows[2]["output"] == str(out / "screen_B03_0_labels.ome.tif")
    labels = tifffile.imread(rows[2]["output"])
    (measured,) = table(out / "screen_B03_0_labels.csv")
    assert list(measured)[:6] == ["plate", "well", "row", "column", "field", "label"]
    assert (measured["well"], int(measured["pixels"])) == ("B03", int((labels == 1).sum()))


def test_the_same_command_goes_on_where_it_was(segment: Segment, plate: Path) -> None:
    out = plate.parent / "out"
    segment(plate, "-o", out, "--wells", "A1")
    labels = out / "screen_labels.ome.zarr"
    assert listed(labels, "0.5") == ["A/1/0", "A/1/1"]
    shutil.rmtree(labels / "A" / "1" / "1")
    status, summary, _ = segment(plate, "-o", out, "--measure", ".csv")
    assert status == 0
    assert (summary["completed"], summary["done"]) == (1, 2)
    statuses = [row["status"] for row in table(out / REPORT)]
    assert statuses == ["completed", "done", "done"]
    assert listed(labels, "0.5") == FIELDS
    assert table(out / "screen_A1_0_labels.csv")[0]["well"] == "A1"
    status, summary, _ = segment(plate, "-o", out, "--measure", ".csv")
    assert (status, summary["exists"]) == (0, 3)


def test_labels_are_put_inside_the_fields_on_request(segment: Segment, plate: Path) -> None:
    out = plate.parent / "out"
    status, summary, _ = segment(plate, "-o", out, "--inside", "cells", "--measure", ".csv")
    assert (status, summary["done"]) == (0, 3)
    assert sorted(path.name for path in out.iterdir()) == [
        REPORT,
        "screen_A1_0_labels.csv",
        "screen_A1_1_labels.csv",
        "screen_B03_0_labels.csv",
    ]
    assert listed(plate, "0.5") == FIELDS
    for field in FIELDS:
        group = zarr.open_group(plate / field / "labels", mode="r")
        assert group.attrs["ome"]["labels"] == ["cells"]
        assert np.unique(group["cells/0"][:]).tolist() == [0, 1]
    status, summary, _ = segment(plate, "-o", out, "--inside", "cells")
    assert (status, summary["exists"]) == (0, 3)


def test_wells_and_single_fields(segment: Segment, plate: Path) -> None:
    out = plate.parent
    status, summary, _ = segment(plate, "-o", out / "w", "--wells", "b3")
    assert (status, summary["done"]) == (0, 1)
    status, summary, _ = segment(plate / "A" / "1", "-o", out / "a1", "--suffix", ".tif")
    assert (status, summary["done"]) == (0, 2)
    assert [row["well"] for row in table(out / "a1" / REPORT)] == ["A1", "A1"]
    status, summary, _ = segment(plate / "A" / "1" / "1", "-o", out / "one.tif")
    assert (status, summary["objects"]) == (0, 1)
    status, summary, _ = segment(plate, "--series", "A/1/1", "-o", out / "two.tif")
    assert (status, summary["objects"]) == (0, 1)
    np.testing.assert_array_equal(
        tifffile.imread(out / "one.tif"), tifffile.imread(out / "two.tif")
    )
    several = [plate / "A" / "1" / "0", plate / "B" / "03" / "0"]
    status, summary, _ = segment(*several, "-o", out / "two", "--suffix", ".ome.tif")
    assert sorted(path.name for path in (out / "two").glob("*.tif")) == [
        "screen_A1_0_labels.ome.tif",
        "screen_B03_0_labels.ome.tif",
    ]


def test_missing_wells_are_named_and_damaged_fields_fail(segment: Segment, plate: Path) -> None:
    shutil.rmtree(plate / "B")
    status, summary, _ = segment(plate, "-o", plate.parent / "out")
    assert (status, summary["done"]) == (0, 2)
    assert summary["warnings"] == [
        f"{plate} lists wells or fields that are not there: B/03; they are left out"
    ]
    (plate / "A" / "1" / "0" / "zarr.json").write_text("{")
    status, summary, error = segment(plate, "-o", plate.parent / "again")
    assert (status, summary["done"], summary["failed"]) == (1, 1, 1)
    assert "1 of 2 images" in error
    assert [row["status"] for row in table(plate.parent / "again" / REPORT)] == ["failed", "done"]
    labels = plate.parent / "again" / "screen_labels.ome.zarr"
    assert listed(labels, "0.5") == ["A/1/1"]  # what failed is not listed


def test_a_folder_may_hold_plates_and_images(segment: Segment, plate: Path) -> None:
    images = plate.parent / "images"
    images.mkdir()
    shutil.move(plate, images / "screen.zarr")
    disc = (np.hypot(*(np.mgrid[:64, :64] - 30)) < 9).astype(np.uint8)
    tifffile.imwrite(images / "alone.tif", 40 + 150 * disc)
    broken = write_plate(images / "broken.zarr")
    (broken / "zarr.json").write_text('{"zarr_format": 3, "node_type": "group", "attributes": '
                                      '{"ome": {"plate": 3}}}')  # fmt: skip
    out = plate.parent / "out"
    status, summary, _ = segment(images, "-o", out)
    assert (status, summary["done"], summary["failed"]) == (1, 4, 1)
    assert [(Path(row["file"]).name, row["well"]) for row in table(out / REPORT)] == [
        ("alone.tif", ""),
        ("broken.zarr", ""),
        ("0", "A1"),
        ("1", "A1"),
        ("0", "B03"),
    ]


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["--wells", "H12"], "has no well 'H12': choose from A1, B03"),
        (["--wells", "A1", "--series", "A/1/0"], "--series and --wells both choose from a plate"),
        (["--inside", "a/b"], "--inside 'a/b' is no name of labels"),
        (["--inside", "cells", "--suffix", ".tif"], "leave one of them out"),
        (["--ome-zarr-version", "0.3"], "OME-Zarr 0.3 is not written"),
    ],
)
def test_options_that_do_not_fit_are_told(
    segment: Segment, plate: Path, words: list[str], line: str
) -> None:
    status, _, error = segment(plate, "-o", plate.parent / "out", *words)
    assert status == 1
    assert line in error
    assert len(error.splitlines()) == 1
    assert not (plate.parent / "out" / REPORT).exists()


def test_a_plate_where_it_cannot_be_written_or_read(segment: Segment, plate: Path) -> None:
    out = plate.parent / "out"
    status, _, error = segment(plate, "-o", plate.parent / "labels.ome.zarr")
    assert (status, "name a folder" in error) == (1, True)
    status, _, error = segment(plate / "A" / "1" / "0", "-o", out, "--wells", "B3")
    assert (status, "has no well 'B3'" in error) == (1, True)
    status, _, error = segment(plate / "A" / "1" / "0", "-o", out, "--inside", "cells")
    assert (status, f"give -o {plate}/A/1/0/labels/cells" in error) == (1, True)
    disc = plate.parent / "disc.tif"
    tifffile.imwrite(disc, np.zeros((64, 64), np.uint8))
    status, _, error = segment(disc, "-o", out, "--wells", "B3")
    assert (status, "--wells chooses wells of an OME-Zarr plate" in error) == (1, True)
    status, _, error = segment(disc, disc, "-o", out, "--inside", "cells")
    assert (status, "is not the folder of an OME-Zarr" in error) == (1, True)
    zarr.create_array(out / "screen_labels.ome.zarr", shape=(4, 4), dtype="u1")
    status, _, error = segment(plate, "-o", out)
    assert (status, "is not a plate of labels" in error) == (1, True)
    shutil.rmtree(out)
    segment(plate, "-o", out, "--wells", "A1", "--ome-zarr-version", "0.4")
    status, _, error = segment(plate, "-o", out, "--ome-zarr-version", "0.5")
    assert (status, "is OME-Zarr 0.4: leave the version out" in error) == (1, True)
    status, summary, _ = segment(plate, "-o", out)
    assert (status, summary["done"], summary["exists"]) == (0, 1, 2)
    assert listed(out / "screen_labels.ome.zarr", "0.4") == FIELDS
    shutil.rmtree(plate / "A")
    shutil.rmtree(plate / "B")
    status, _, error = segment(plate, "-o", out)
    assert (status, "is a plate of which no field is there" in error) == (1, True)


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str]) -> Segment:
    def call(*words: object) -> tuple[int, dict[str, Any], str]:
        status = run([*map(str, words), "--json"])
        out, error = capsys.readouterr()
        return status, json.loads(out) if out else {}, error

    return call


@pytest.fixture
def labels(plate: Path) -> Path:
    """A plate of labels of two fields; object 7 is the left half, object 9 a row of 5 pixels."""
    array = np.zeros((64, 64), np.uint32)
    array[:, :32] = 7
    array[3, 40:45] = 9
    path = write_plate(plate.parent / "labels.zarr", layout={"A/1": ("0",), "B/03": ("0",)})
    for field in ("A/1/0", "B/03/0"):
        shutil.rmtree(path / field)
        write_labels(path / f"{field}.zarr", array, axes="YX")
        (path / f"{field}.zarr").rename(path / field)
        array = array * 2
    return path


def test_all_fields_are_measured_into_one_table(cli: Segment, plate: Path, labels: Path) -> None:
    out = plate.parent / "all.csv"
    status, summary, _ = cli("measure", labels, "-o", out, "--image", plate, "--no-shape")
    assert (status, summary["files"], summary["warnings"]) == (0, [str(out)], [])
    rows = table(out)
    assert [(row["plate"], row["well"], row["label"], row["pixels"]) for row in rows] == [
        ("labels.zarr", "A1", "7", "2048"),
        ("labels.zarr", "A1", "9", "5"),
        ("labels.zarr", "B03", "14", "2048"),
        ("labels.zarr", "B03", "18", "5"),
    ]
    half = read_image(plate / "B" / "03" / "0").data[:, :32]
    assert float(rows[2]["intensity_mean"]) == pytest.approx(half.mean())
    texture = ("--image", plate, "--texture", "--contrast", "0", "256", "--overwrite")
    status, _, _ = cli("measure", labels, "-o", out, *texture)
    levels = np.asarray(half) // 8
    pairs = graycomatrix(levels, [1], np.arange(4) * np.pi / 4, levels=32, symmetric=True)
    expected = graycoprops(pairs, "homogeneity").mean()
    assert float(table(out)[2]["texture_homogeneity"]) == pytest.approx(expected, rel=1e-6)
    status, _, _ = cli("measure", labels, "-o", out, "--wells", "b3", "--overwrite")
    assert (status, {row["well"] for row in table(out)}) == (0, {"B03"})


def test_labels_inside_the_fields_are_measured_by_name(cli: Segment, plate: Path) -> None:
    ones = np.ones((64, 64), np.uint32)
    for name, value in {"nuclei": 3, "cells": 5}.items():
        write_labels(plate / "A" / "1" / "0" / "labels" / name, ones * value, axes="YX")
    out = plate.parent / "all.csv"
    for words, label in {(): "3", ("--series", "cells"): "5"}.items():
        status, _, _ = cli("measure", plate, "-o", out, "--no-shape", "--overwrite", *words)
        assert status == 0
        assert [(row["well"], row["field"], row["label"]) for row in table(out)] == [
            ("A1", "0", label)
        ]


def test_what_cannot_be_measured_is_told(cli: Segment, plate: Path, labels: Path) -> None:
    out = plate.parent
    status, _, error = cli("measure", plate, "-o", out / "all.csv")
    assert (status, f"no field of the plate {plate} has labels" in error) == (1, True)
    status, _, error = cli("measure", labels, "-o", out / "all.geojson")
    assert (status, "of a plate write a table" in error) == (1, True)
    status, _, error = cli("measure", labels, "-o", out / "all.csv", "--image", plate / "A" / "1")
    assert (status, "has no B/03/0" in error) == (1, True)
    tifffile.imwrite(out / "disc.tif", np.zeros((64, 64), np.uint8))
    status, _, error = cli("measure", labels, "-o", out / "all.csv", "--image", out / "disc.tif")
    assert (status, "disc.tif is no plate" in error) == (1, True)
    assert not (out / "all.csv").exists()


def test_fields_with_labels_are_training_data(cli: Segment, plate: Path, labels: Path) -> None:
    coco = plate.parent / "coco"
    status, summary, _ = cli("export", plate, labels, "-o", coco)
    assert (status, summary["images"], summary["objects"]) == (0, 2, 4)
    status, _, error = cli("export", plate, "-o", plate.parent / "none")
    assert (status, "has labels inside: segment it first" in error) == (1, True)
    inside = plate / "A" / "1" / "1" / "labels" / "cells"
    write_labels(inside, np.eye(64, dtype=np.uint32), axes="YX")
    status, summary, _ = cli("export", plate, "-o", plate.parent / "inside")
    assert (status, summary["images"], summary["objects"]) == (0, 1, 1)
    files = plate.parent / "files"
    files.mkdir()
    write_labels(files / "screen_B03_0_labels.tif", np.eye(64, dtype=np.uint32), axes="YX")
    status, summary, _ = cli("export", plate, files, "-o", plate.parent / "of_files")
    assert (status, summary["images"], summary["objects"]) == (0, 1, 1)
