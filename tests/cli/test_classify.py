"""The command line: classes of all objects from a few examples."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
import tifffile

from napari_sam.labels.files.class_files import read_classes
from napari_sam.labels.files.write import write_labels
from tests.classify.drawing import kind, two_kinds
from tests.cli.process import Run, assert_one_line, read_labels


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path, Path]:
    """An image, its labels, and a table with the classes of six of its objects."""
    image, labels = two_kinds()
    paths = tmp_path / "cells.tif", tmp_path / "labels.tif", tmp_path / "examples.csv"
    tifffile.imwrite(paths[0], image)
    tifffile.imwrite(paths[1], labels.astype(np.uint16))
    rows = [f"{label},{kind(label)}" for label in range(1, 7)]
    paths[2].write_text("\n".join(["label,class", *rows, "9,"]))
    return paths


def test_classes_are_written_with_the_labels_and_probabilities_into_a_table(
    cli: Run, files: tuple[Path, Path, Path], weights: Path, tmp_path: Path
) -> None:
    image, labels, examples = files
    zarr, tiff, table = tmp_path / "out.ome.zarr", tmp_path / "out.tif", tmp_path / "out.csv"
    command = ("classify", image, labels, "--model", weights, "--json")
    outputs = ("-o", zarr, "-o", tiff, "-o", table)
    status, out, _ = cli(*command, "--examples", examples, *outputs)
    summary = json.loads(out)
    assert status == 0
    assert (summary["objects"], summary["examples"]) == (12, 6)
    assert summary["classes"] == {"large": 6, "small": 6}
    assert summary["files"] == [str(zarr), str(tiff), str(table)]
    for path in (zarr, tiff):
        classes = read_classes(path)
        assert classes.of_label == {label: kind(label) for label in range(1, 13)}
        assert classes.given.keys() == set(range(1, 7))
        np.testing.assert_array_equal(read_labels(path), read_labels(labels))
    rows = list(csv.DictReader(table.read_text().splitlines()))
    assert rows[0] == {
        "label": "1",
        "class": "large",
        "source": "given",
        "probability_large": "1.0000",
        "probability_small": "0.0000",
    }
    assert [row["source"] for row in rows] == ["given"] * 6 + ["predicted"] * 6
    assert all(
        float(row["probability_large"]) == pytest.approx(1 - float(row["probability_small"]))
        for row in rows
    )
    # the saved classes are the examples of the next run; what was predicted is not
    again = tmp_path / "again.csv"
    assert cli(*command[:2], tiff, *command[3:], "-o", again)[0] == 0
    assert again.read_bytes() == table.read_bytes()
    exports = tmp_path / "m.csv", tmp_path / "m.geojson"
    assert cli("measure", zarr, "-o", exports[0], "-o", exports[1], "--json")[0] == 0
    measured = {row["label"]: row for row in csv.DictReader(exports[0].read_text().splitlines())}
    assert (measured["1"]["class"], measured["1"]["class_probability"]) == ("large", "")
    assert 0.5 < float(measured["12"]["class_probability"]) <= 1
    features = json.loads(exports[1].read_text())["features"]
    probability = [each["properties"]["measurements"].get("class_probability") for each in features]
    assert probability[:6] == [None] * 6
    assert all(0.5 < each <= 1 for each in probability[6:])
    assert features[11]["properties"]["classification"]["name"] == "small"


def test_scores_and_colours_of_the_labels_stay(
    cli: Run, files: tuple[Path, Path, Path], weights: Path, tmp_path: Path
) -> None:
    image, labels, examples = files
    scored, output = tmp_path / "scored.ome.zarr", tmp_path / "out.ome.zarr"
    write_labels(scored, read_labels(labels), axes="YX", properties={3: {"score": 0.5}})
    examples.write_text("label,class,color\n1,large,#102030\n2,small,\n")
    command = ("classify", image, scored, "--model", weights, "--examples", examples)
    status, out, error = cli(*command, "-o", output)
    assert status == 0
    assert "the class 'large' has 1 of the 3 examples that are advisable" in error
    assert "examples  2" in out
    attributes = json.loads((output / "zarr.json").read_text())["attributes"]
    properties = attributes["ome"]["image-label"]["properties"]
    assert properties[2]["score"] == 0.5
    assert attributes["ome"]["image-label"]["colors"][0]["rgba"] == [16, 32, 48, 255]


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ("label,kind\n1,a\n", ["needs the columns label and class"]),
        ("label,class\n1,a\n2,a\n", ["all objects with a class are 'a'"]),
        ("label,class\n1,a\n99,b\n", ["no object with the label 99"]),
        ("label,class\n1,a\n1,b\n", ["row 3: label 1 has two classes"]),
        ("label,class\nx,a\n2,b\n", ["row 2", "label"]),
        ("label,class,color\n1,a,red\n2,b,\n", ["'red' is no colour"]),
        ("", ["needs the columns label and class"]),
    ],
)
def test_bad_examples_are_one_line_and_nothing_is_written(
    cli: Run,
    files: tuple[Path, Path, Path],
    weights: Path,
    tmp_path: Path,
    table: str,
    words: list[str],
) -> None:
    image, labels, examples = files
    examples.write_text(table)
    output = tmp_path / "out.csv"
    command = ("classify", image, labels, "--model", weights, "-o", output)
    status, _, error = cli(*command, "--examples", examples)
    assert status == 1
    assert_one_line(error, *words)
    assert not output.exists()


def test_outputs_that_would_replace_something_are_refused(
    cli: Run, files: tuple[Path, Path, Path], tmp_path: Path
) -> None:
    image, labels, examples = files
    command = ("classify", image, labels, "--examples", examples, "-o")
    there = tmp_path / "there.csv"
    there.write_text("mine")
    for output, words in (
        (labels, "label image"),
        (examples, "table of examples"),
        (there, "--overwrite"),
        (tmp_path / "no" / "out.csv", "does not exist"),
        (tmp_path / "out.png", "out.png"),
    ):
        status, _, error = cli(*command, output)
        assert status == 1
        assert_one_line(error, words)
    assert there.read_text() == "mine"
    status, _, error = cli("classify", image, labels, "-o", tmp_path / "out.csv")
    assert_one_line(error, "no class was saved with the labels", "--examples")
