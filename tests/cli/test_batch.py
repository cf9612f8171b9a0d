"""Many images in one command: each gets its labels and its row, and none stops the others."""

import csv
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile

from napari_sam.cli.app import run
from napari_sam.cli.batch import REPORT
from napari_sam.cli.find_images import find_tasks, is_one_image
from napari_sam.cli.label_places import LabelPlaces
from napari_sam.errors import ImageError, OutputError

Run = Callable[..., tuple[int, dict[str, Any], str]]


@pytest.fixture
def plate(tmp_path: Path) -> Path:
    """A folder of three small images, one of which is no image, and things that are none at all."""
    folder = tmp_path / "plate"
    folder.mkdir()
    y, x = np.mgrid[:64, :64]
    noise = np.random.default_rng(0).integers(0, 40, (64, 64))
    for name, places in {"a1": [(20, 20)], "b2": [(18, 18), (44, 44)]}.items():
        cells = np.any([(y - cy) ** 2 + (x - cx) ** 2 < 81 for cy, cx in places], axis=0)
        tifffile.imwrite(folder / f"{name}.tif", (noise + 160 * cells).astype(np.uint8))
    (folder / "broken.tif").write_bytes(b"not a TIFF")
    (folder / "notes.txt").write_text("seeded on Monday")
    (folder / ".hidden.tif").write_bytes(b"")
    (folder / "a1_labels.ome.tif").write_bytes(b"labels of last time")
    return folder


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str]) -> Run:
    def call(*words: object) -> tuple[int, dict[str, Any], str]:
        status = run(["segment", *map(str, words), "--no-cache", "--json"])
        out, error = capsys.readouterr()
        return status, json.loads(out) if out else {}, error

    return call


def rows(folder: Path) -> dict[str, dict[str, str]]:
    with (folder / REPORT).open(newline="") as file:
        return {Path(row["file"]).name: row for row in csv.DictReader(file)}


def test_a_folder_goes_on_past_a_bad_file_and_tells(cli: Run, plate: Path, tmp_path: Path) -> None:
    out = tmp_path / "labels"
    status, summary, error = cli(plate, "-o", out)
    assert status == 1
    assert (summary["done"], summary["failed"], summary["exists"]) == (2, 1, 0)
    assert "1 of 3 images" in error.splitlines()[-1]
    found = rows(out)
    assert set(found) == {"a1.tif", "b2.tif", "broken.tif"}
    assert found["broken.tif"]["status"] == "failed"
    assert "broken.tif is not an image" in found["broken.tif"]["error"]
    for name, count in {"a1": 1, "b2": 2}.items():
        labels = tifffile.imread(out / f"{name}_labels.ome.tif")
        assert int(found[f"{name}.tif"]["objects"]) == len(np.unique(labels)) - 1 >= count
    assert summary["objects"] == sum(int(found[f"{name}.tif"]["objects"]) for name in ("a1", "b2"))


def test_what_is_measured_is_what_is_in_the_labels(cli: Run, plate: Path, tmp_path: Path) -> None:
    out = tmp_path / "labels"
    cli(plate / "a1.tif", plate / "b2.tif", "-o", out, "--measure", ".csv", "--measure", ".geojson")
    for name in ("a1_labels", "b2_labels"):
        labels = tifffile.imread(out / f"{name}.ome.tif")
        with (out / f"{name}.csv").open(newline="") as file:
            table = {int(row["label"]): row for row in csv.DictReader(file)}
        pixels = {label: int(row["pixels"]) for label, row in table.items()}
        assert pixels == {int(n): int((labels == n).sum()) for n in np.unique(labels) if n}
        assert all(0 < float(row["score"]) <= 1 for row in table.values())
        features = json.loads((out / f"{name}.geojson").read_text())["features"]
        assert [f["properties"]["name"] for f in features] == [str(label) for label in table]


def test_one_image_is_measured_into_the_file_that_is_named(
    cli: Run, plate: Path, tmp_path: Path
) -> None:
    tables = [tmp_path / "cells.csv", tmp_path / "cells.zip"]
    measured = [word for path in tables for word in ("--measure", path)]
    status, summary, _ = cli(plate / "b2.tif", "-o", tmp_path / "b2.ome.zarr", *measured)
    assert status == 0
    assert summary["files"] == [str(path) for path in (tmp_path / "b2.ome.zarr", *tables)]
    assert len(tables[0].read_text().splitlines()) == summary["objects"] + 1
    status, _, error = cli(plate / "b2.tif", "-o", tmp_path / "again.tif", *measured)
    assert status == 1
    assert "cells.csv exists already" in error
    assert not (tmp_path / "again.tif").exists()


def test_the_same_command_again_does_only_what_is_missing(
    cli: Run, plate: Path, tmp_path: Path
) -> None:
    out = tmp_path / "labels"
    cli(plate, "-o", out)
    first = rows(out)
    written = (out / "a1_labels.ome.tif").stat().st_mtime_ns
    (out / "b2_labels.ome.tif").unlink()
    status, summary, _ = cli(plate, "-o", out)
    assert (status, summary["done"], summary["exists"], summary["failed"]) == (1, 1, 1, 1)
    assert (out / "a1_labels.ome.tif").stat().st_mtime_ns == written
    assert rows(out)["a1.tif"]["objects"] == first["a1.tif"]["objects"]
    (plate / "broken.tif").unlink()
    status, summary, _ = cli(plate, "-o", out, "--overwrite")
    assert (status, summary["done"]) == (0, 2)
    assert (out / "a1_labels.ome.tif").stat().st_mtime_ns != written


def test_a_pattern_and_a_table(cli: Run, plate: Path, tmp_path: Path) -> None:
    status, summary, _ = cli(plate / "?[12].tif", "-o", tmp_path / "p", "--suffix", ".ome.zarr")
    assert (status, summary["done"]) == (0, 2)
    assert (tmp_path / "p" / "a1_labels.ome.zarr" / "zarr.json").exists()
    (plate / "clicks.csv").write_text("index,axis-0,axis-1\n0,20,20\n")
    table = plate / "table.csv"
    table.write_text("image,output,points\na1.tif,one.tif,clicks.csv\nb2.tif,,\n")
    status, summary, _ = cli(table, "-o", tmp_path / "t")
    assert (status, summary["done"]) == (0, 2)
    assert np.unique(tifffile.imread(plate / "one.tif")).tolist() == [0, 1]
    assert (tmp_path / "t" / "b2_labels.ome.tif").exists()


def test_one_image_is_one_image(plate: Path, tmp_path: Path) -> None:
    assert is_one_image([str(plate / "a1.tif")])
    assert is_one_image([str(tmp_path / "missing.tif")])
    assert not is_one_image([str(plate)])
    assert not is_one_image([str(plate / "*.tif")])
    assert not is_one_image(["a.tif", "b.tif"])


@pytest.mark.parametrize(
    ("given", "output", "error", "words"),
    [
        ([], "out", ImageError, "no image"),
        (["a/cell.tif", "b/cell.tif"], "out", OutputError, "both be written"),
        (["a/cell.tif", "b/cell.png"], "out.ome.tif", OutputError, "name a folder"),
        (["table.csv"], "out", ImageError, "no column image"),
    ],
)
def test_what_cannot_be_is_said_before_anything_is_done(
    tmp_path: Path, given: list[str], output: str, error: type[Exception], words: str
) -> None:
    (tmp_path / "table.csv").write_text("picture\nx.tif\n")
    (tmp_path / "empty").mkdir()
    paths = [str(tmp_path / name) for name in given or ["empty"]]
    with pytest.raises(error, match=words):
        find_tasks(paths, LabelPlaces(tmp_path / output, ".ome.tif"))
    assert not (tmp_path / output).exists()


def test_one_table_is_not_for_several_images(cli: Run, plate: Path, tmp_path: Path) -> None:
    status, _, error = cli(plate, "-o", tmp_path / "labels", "--measure", "cells.csv")
    assert status == 1
    assert "--measure cells.csv is one file: for several images say .csv" in error


def test_clicks_of_one_image_are_not_given_to_all(cli: Run, plate: Path, tmp_path: Path) -> None:
    status, _, error = cli(plate, "-o", tmp_path / "x", "--points", plate / "notes.txt")
    assert status == 1
    assert "table" in error
    assert error.count("\n") == 1


def test_measures_that_are_asked_for_later_are_of_the_labels_that_are_there(
    cli: Run, plate: Path, tmp_path: Path
) -> None:
    out, images = tmp_path / "labels", (plate / "a1.tif", plate / "b2.tif")
    cli(*images, "-o", out)
    corrected = np.zeros((64, 64), np.uint16)
    corrected[3:9, 4:14] = 7
    tifffile.imwrite(out / "a1_labels.ome.tif", corrected)
    (out / ".a1_labels.ome.tif.tiles").mkdir()
    (out / ".a1_labels.ome.tif.tiles" / "plan.json").write_text("{}")  # of a killed process
    first = rows(out)
    words = [*images, "-o", out, "--measure", ".csv", "--measure", ".geojson"]
    status, summary, _ = cli(*words, "--model", "no model is needed for it")
    assert status == 0
    assert [summary[name] for name in ("done", "completed", "exists", "failed")] == [0, 2, 0, 0]
    assert {row["status"] for row in rows(out).values()} == {"completed"}
    assert rows(out)["a1.tif"]["objects"] == first["a1.tif"]["objects"]
    with (out / "a1_labels.csv").open(newline="") as file:
        (row,) = csv.DictReader(file)
    pixels = tifffile.imread(plate / "a1.tif")[3:9, 4:14]
    assert (row["label"], row["pixels"]) == ("7", "60")
    assert float(row["intensity_mean"]) == pytest.approx(pixels.mean())
    (feature,) = json.loads((out / "a1_labels.geojson").read_text())["features"]
    assert feature["properties"]["name"] == "7"
    assert not list(out.glob(".*.tiles"))
    written = (out / "a1_labels.csv").stat().st_mtime_ns
    (out / "b2_labels.csv").unlink()
    status, summary, _ = cli(*words)
    assert [summary[name] for name in ("done", "completed", "exists")] == [0, 1, 1]
    assert (out / "a1_labels.csv").stat().st_mtime_ns == written
    assert (out / "b2_labels.csv").exists()


def test_labels_that_cannot_be_read_fail_alone(cli: Run, plate: Path, tmp_path: Path) -> None:
    out, images = tmp_path / "labels", (plate / "a1.tif", plate / "b2.tif")
    cli(*images, "-o", out)
    (out / "a1_labels.ome.tif").write_bytes(b"labels of last time")
    status, summary, _ = cli(*images, "-o", out, "--measure", ".csv")
    assert (status, summary["completed"], summary["failed"]) == (1, 1, 1)
    assert "a1_labels.ome.tif is not an image" in rows(out)["a1.tif"]["error"]
    assert not (out / "a1_labels.csv").exists()


def test_tracks_that_were_lost_are_made_again_with_their_mothers(
    cli: Run, plate: Path, tmp_path: Path
) -> None:
    movie = np.stack([tifffile.imread(plate / "b2.tif")] * 2)
    tifffile.imwrite(plate / "m.tif", movie, imagej=True, metadata={"axes": "TYX"})
    (plate / "p.csv").write_text(
        "index,axis-0,axis-1,axis-2,object,parent\n0,0,18,18,1,\n1,1,44,44,2,1\n"
    )
    table = plate / "table.csv"
    table.write_text("image,output,points,tracks\nm.tif,m_l.ome.tif,p.csv,m.csv\n")
    assert cli(table, "-o", tmp_path / "t", "--propagate")[0] == 0
    tracks = (plate / "m.csv").read_text()
    assert [line.split(",")[:2] for line in tracks.splitlines()[1:]] == [["1", ""], ["2", "1"]]
    (plate / "m.csv").unlink()
    status, summary, _ = cli(table, "-o", tmp_path / "t", "--propagate")
    assert (status, summary["completed"]) == (0, 1)
    assert (plate / "m.csv").read_text() == tracks


def test_rows_of_one_image_are_tasks_of_their_own(cli: Run, plate: Path, tmp_path: Path) -> None:
    for name, y, x in (("one", 18, 18), ("two", 44, 44)):
        (plate / f"{name}.csv").write_text(f"index,axis-0,axis-1\n0,{y},{x}\n")
    table = plate / "table.csv"
    lines = ["image,output,points", "b2.tif,one.tif,one.csv", "b2.tif,two.tif,two.csv", ",,", ""]
    table.write_text("\n".join(lines))
    status, summary, _ = cli(table, "-o", tmp_path / "t")
    assert (status, summary["done"]) == (0, 2)
    first, second = (tifffile.imread(plate / name) for name in ("one.tif", "two.tif"))
    assert first[18, 18] == second[44, 44] == 1
    assert (first != second).any()
    with (tmp_path / "t" / REPORT).open(newline="") as file:
        outputs = [Path(row["output"]).name for row in csv.DictReader(file)]
    assert outputs == ["one.tif", "two.tif"]
    for rest in ("one.tif,two.csv", ",one.csv\nb2.tif,,two.csv"):
        table.write_text(f"image,output,points\nb2.tif,one.tif,one.csv\nb2.tif,{rest}\n")
        status, _, error = cli(table, "-o", tmp_path / "u")
        assert status == 1
        assert "both be written" in error
    assert not (tmp_path / "u").exists()
    table.write_text("image,output,points\nb2.tif,one.tif,one.csv\nb2.tif,one.tif,one.csv\n")
    assert (
        len(find_tasks([str(table)], LabelPlaces(tmp_path / "u", ".ome.tif"))) == 1
    )  # the same row twice


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("image,output\na1.tif,x.tif\n,y.tif\n", "line 3: Value error, there is no image"),
        ("image\na1\0.tif\n", "line 2: Value error, a path has a character of number 0"),
        ("image,output\n" + "x" * 140_000, "not a table that can be read"),
    ],
)
def test_a_damaged_table_is_one_line(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "table.csv").write_text(text)
    with pytest.raises(ImageError, match=words) as raised:
        find_tasks([str(tmp_path / "table.csv")], LabelPlaces(tmp_path / "out", ".ome.tif"))
    assert "table.csv" in str(raised.value)


def test_rows_of_a_report_that_a_spreadsheet_damaged_are_unknown(
    cli: Run, plate: Path, tmp_path: Path
) -> None:
    out, images = tmp_path / "labels", (plate / "a1.tif", plate / "b2.tif")
    cli(*images, "-o", out)
    objects = {name: row["objects"] for name, row in rows(out).items()}
    report = out / REPORT
    report.write_text(report.read_text().replace(f"done,{objects['a1.tif']},", "done,1.06,x", 1))
    status, summary, _ = cli(*images, "-o", out)
    assert (status, summary["exists"], summary["objects"]) == (0, 2, int(objects["b2.tif"]))
    assert {name: row["objects"] for name, row in rows(out).items()} == objects | {"a1.tif": ""}
    with report.open("a") as file:
        file.write("x" * 140_000)  # longer than a cell may be
    assert cli(*images, "-o", out)[0] == 0


@pytest.mark.long
def test_the_report_is_whole_after_a_kill(plate: Path, tmp_path: Path) -> None:
    out = tmp_path / "labels"
    code = (
        "import os, sys, signal, napari_sam.cli.batch as batch\n"
        "write = batch._write\n"
        "def once(*args):\n    write(*args)\n    os.kill(os.getpid(), signal.SIGTERM)\n"
        "batch._write = once\n"
        "from napari_sam.cli.app import run\n"
        "run(sys.argv[1:])\n"
    )
    words = ["segment", str(plate), "-o", str(out), "--no-cache"]
    done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, check=False)
    assert done.returncode != 0
    assert set(rows(out)) == {"a1.tif"}
    assert run([*words, "--json"]) == 1
    assert {row["status"] for row in rows(out).values()} == {"exists", "done", "failed"}
