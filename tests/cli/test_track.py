"""napari-sam track: labels through time, a lineage table, CTC and GEFF; one line for bad input."""

import csv
import json
import sys
from pathlib import Path

import numpy as np
import pytest
import tifffile

from napari_sam.labels.classes import ClassTable
from napari_sam.labels.files.class_files import read_classes
from napari_sam.labels.files.write import write_labels
from tests.cli.process import Run, assert_one_line, read_labels
from tests.tracking.discs import dividing


@pytest.fixture
def labels(tmp_path: Path) -> Path:
    path = tmp_path / "cells.ome.tif"
    classes = ClassTable().add("dying").assign({9: "dying"})
    write_labels(path, dividing(), axes="TYX", scale=(5, 0.5, 0.5), classes=classes)
    return path


def expected() -> np.ndarray:
    numbers = np.zeros(10, np.uint32)
    numbers[[5, 9, 1, 2]] = 1, 2, 3, 4
    return numbers[dividing()]


@pytest.mark.parametrize("name", ["tracked.ome.zarr", "tracked.ome.tif", "tracked.tif"])
def test_objects_keep_their_number_and_a_table_has_the_lineage(
    cli: Run, tmp_path: Path, labels: Path, name: str
) -> None:
    status, out, error = cli("track", str(labels), "-o", str(tmp_path / name), "--json")
    assert (status, error) == (0, "")
    table = tmp_path / "tracked_lineage.csv"
    assert json.loads(out) == {
        "objects": 15,
        "tracks": 4,
        "divisions": 1,
        "unsure": 0,
        "files": [str(tmp_path / name), str(table)],
        "warnings": [],
    }
    np.testing.assert_array_equal(read_labels(tmp_path / name), expected())
    rows = list(csv.reader(table.read_text("utf-8").splitlines()))
    assert rows == [
        ["track", "parent", "first", "last", "doubt"],
        ["1", "", "0", "2", ""],
        ["2", "", "0", "5", ""],
        ["3", "1", "3", "5", ""],
        ["4", "1", "3", "5", ""],
    ]
    assert read_classes(tmp_path / name).of_label == {2: "dying"}


def test_ctc_is_written_and_can_be_tracked_again(cli: Run, tmp_path: Path, labels: Path) -> None:
    folder = tmp_path / "01_RES"
    assert cli("track", str(labels), "-o", str(folder), "--as", "ctc")[0] == 0
    assert (folder / "res_track.txt").read_text() == "1 0 2 0\n2 0 5 0\n3 3 5 1\n4 3 5 1\n"
    again = tmp_path / "again.tif"
    assert cli("track", str(folder), "-o", str(again))[0] == 0
    np.testing.assert_array_equal(read_labels(again), expected())


def test_geff_is_read_by_its_own_reader_in_units_of_the_world(
    cli: Run, tmp_path: Path, labels: Path
) -> None:
    import geff

    path = tmp_path / "tracks.geff"
    assert cli("track", str(labels), "-o", str(path), "--as", "geff")[0] == 0
    graph, metadata = geff.read(path)
    assert [axis.name for axis in metadata.axes] == ["t", "y", "x"]
    assert (graph.number_of_nodes(), graph.number_of_edges()) == (15, 13)
    divided = [node for node, degree in graph.out_degree() if degree == 2]
    assert [graph.nodes[node] for node in divided] == [{"label": 1, "t": 2.0, "y": 15.0, "x": 11.0}]
    assert {graph.nodes[child]["label"] for child in graph.successors(divided[0])} == {3, 4}


def test_options_reach_the_tracking(cli: Run, tmp_path: Path, labels: Path) -> None:
    target = ["-o", str(tmp_path / "t.tif"), "--overwrite", "--json"]
    alone = json.loads(cli("track", str(labels), *target, "--no-divisions")[1])
    assert (alone["tracks"], alone["divisions"]) == (3, 0)
    gap = dividing()
    gap[2:4][gap[2:4] == 9] = 0
    tifffile.imwrite(tmp_path / "gap.tif", gap)
    closed = ["track", str(tmp_path / "gap.tif"), "--axes", "TYX", *target]
    assert json.loads(cli(*closed)[1])["tracks"] == 4
    assert json.loads(cli(*closed, "--max-gap", "1")[1])["tracks"] == 5
    still = json.loads(cli("track", str(labels), *target, "--max-distance", "0.5")[1])
    assert still["divisions"] == 1  # overlap links what moves further


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["-o", "t.xyz"], ["t.xyz", ".ome.zarr"]),
        (["-o", "t.csv", "--as", "geff"], ["t.csv", ".geff"]),
        (["-o", "no/t.tif"], ["does not exist"]),
        (["-o", "cells.ome.tif", "--overwrite"], ["label image"]),
        (["-o", "t.tif", "--axes", "ZYX"], ["no time axis", "--axes"]),
        (["-o", "t.tif", "--max-gap", "-1"], ["number of frames"]),
        (["-o", "t.tif", "--max-distance", "0"], ["above 0"]),
        (["-o", "t.tif", "--as", "trackmate"], ["trackmate", "ctc"]),
    ],
)
def test_bad_input_is_one_line_and_leaves_nothing(
    cli: Run, tmp_path: Path, labels: Path, monkeypatch, arguments: list[str], words: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    before = sorted(path.name for path in tmp_path.iterdir())
    status, out, error = cli("track", str(labels), *arguments)
    assert (status, out) == (1, "")
    assert_one_line(error, *words)
    assert sorted(path.name for path in tmp_path.iterdir()) == before


def test_a_foreign_table_is_not_replaced(cli: Run, tmp_path: Path, labels: Path) -> None:
    (tmp_path / "t_lineage.csv").write_text("name,age\n")
    status, _, error = cli("track", str(labels), "-o", str(tmp_path / "t.tif"), "--overwrite")
    assert status == 1
    assert_one_line(error, "t_lineage.csv is not a table of tracks")
    assert (tmp_path / "t_lineage.csv").read_text() == "name,age\n"


def test_without_the_extra_the_command_that_installs_it_is_told(
    cli: Run, tmp_path: Path, labels: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "laptrack", None)
    status, _, error = cli("track", str(labels), "-o", str(tmp_path / "t.tif"))
    assert status == 1
    assert_one_line(error, 'pip install "napari-sam-microscopy[tracking]"')


@pytest.mark.long
def test_segment_numbers_what_it_finds_through_time(cli: Run, tmp_path: Path, image: Path) -> None:
    frame = tifffile.imread(image)
    movie = np.stack([frame, np.roll(frame, 2, axis=1), np.roll(frame, 4, axis=1)])
    path = tmp_path / "movie.ome.tif"
    tifffile.imwrite(path, movie, metadata={"axes": "TYX"})
    common = [path, "--json"]
    found, tracked = tmp_path / "found.ome.tif", tmp_path / "tracked.ome.tif"
    tracks = tmp_path / "tracks.csv"
    assert cli("segment", *common, "-o", found)[0] == 0
    status, out, error = cli("segment", *common, "-o", tracked, "--track", "--tracks", tracks)
    assert (status, error) == (0, "")
    one, other = read_labels(found), read_labels(tracked)
    np.testing.assert_array_equal(other > 0, one > 0)
    assert json.loads(out)["objects"] == len(np.unique(other)) - 1 < len(np.unique(one)) - 1
    rows = list(csv.DictReader(tracks.read_text("utf-8").splitlines()))
    assert len(rows) == len(np.unique(one)) - 1  # an object of the search is one of a frame
    assert {int(row["label"]) for row in rows} == set(np.unique(other).tolist()) - {0}


def test_segment_refuses_to_track_what_has_numbers_or_no_time(
    cli: Run, tmp_path: Path, image: Path, clicks: Path, weights: Path
) -> None:
    common = [image, "-o", tmp_path / "l.tif", "--model", weights, "--track"]
    assert_one_line(cli("segment", *common, "--points", clicks)[2], "--track numbers all objects")
    assert_one_line(cli("segment", *common, "--link")[2], "--track numbers all objects")
    assert_one_line(cli("segment", *common)[2], "no time axis to track along", "leave --track out")
