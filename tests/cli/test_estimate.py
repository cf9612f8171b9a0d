"""``napari-sam evaluate --estimate``: tables for a person, and the check against true objects."""

import csv
import json
import tempfile
from pathlib import Path

import numpy as np
import pytest
import tifffile
from hypothesis import given
from hypothesis import strategies as st

from napari_sam.cli.looks_table import Decision, read_decisions, write_looks
from napari_sam.labels.files.write import write_labels
from tests.cli.process import Run, assert_one_line

ESTIMATE = ("evaluate", "--estimate")


@pytest.fixture
def found(tmp_path: Path) -> Path:
    """Table of 100 found objects, and one that was drawn by hand."""
    path = tmp_path / "found.csv"
    rows = [f"{label},{label / 100:.2f},50" for label in range(1, 101)]
    path.write_text("\n".join(["label,score,pixels", *rows, "101,,50"]) + "\n")
    return path


def decide(path: Path, wrong: set[int]) -> None:
    """Fill in the verdicts of a table of looks."""
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        row["verdict"] = "wrong" if int(row["label"]) in wrong else "Right"
    with path.open("w", newline="") as file:
        table = csv.DictWriter(file, rows[0])
        table.writeheader()
        table.writerows(rows)


def test_a_table_of_looks_is_filled_in_and_gives_the_estimate(
    cli: Run, found: Path, tmp_path: Path
) -> None:
    looks = tmp_path / "looks.csv"
    assert cli(*ESTIMATE, found, "--looks", 25, "-o", looks)[0] == 0
    with looks.open(newline="") as file:
        rows = list(csv.DictReader(file))
    labels = [int(row["label"]) for row in rows]
    assert len(set(labels)) == 25
    assert sorted((label - 1) // 4 for label in labels) == list(range(25))  # from all scores
    assert {(row["verdict"], row["random"]) for row in rows} == {("", "yes")}
    assert rows[0]["score"] == f"{labels[0] / 100:.4f}"
    decide(looks, wrong=set(labels[:5]))
    status, output, error = cli(*ESTIMATE, found, "--decisions", looks)
    assert (status, error) == (0, "")
    assert output.startswith("About 20 of 100 are wrong (9 to 36), by 25 looks.\n")
    figures = json.loads(cli(*ESTIMATE, found, "--decisions", looks, "--json")[1])
    assert figures["low"] < figures["wrong"] == 20 < figures["high"] < 40
    assert output.endswith(f"{figures['looks_to_halve']} more looks halve this range.\n")


def test_all_looked_at_is_a_count(cli: Run, found: Path, tmp_path: Path) -> None:
    looks = tmp_path / "looks.csv"
    cli(*ESTIMATE, found, "--looks", 500, "-o", looks)
    decide(looks, wrong={1, 2, 3})
    status, output, _ = cli(*ESTIMATE, found, "--decisions", looks)
    assert (status, output) == (0, "3 of 100 are wrong, by 100 looks.\n")


def test_looks_that_nobody_drew_say_nothing_about_the_others(
    cli: Run, found: Path, tmp_path: Path
) -> None:
    (tmp_path / "own.csv").write_text("label,verdict\n1,dropped\n2,kept\n3,\n")
    status, output, error = cli(*ESTIMATE, found, "--decisions", tmp_path / "own.csv")
    assert status == 0
    assert output.startswith("About 50 of 100 are wrong (1 to 99), by 2 looks.")
    assert "no look is marked as random" in error


def test_scores_of_labels_that_the_dock_saved(cli: Run, tmp_path: Path) -> None:
    labels = np.arange(64).reshape(8, 8)
    scores = {label: {"score": label / 64} for label in range(1, 64)}
    write_labels(tmp_path / "found.ome.zarr", labels, axes="YX", scale=(1, 1), properties=scores)
    looks = tmp_path / "looks.csv"
    arguments = (*ESTIMATE, tmp_path / "found.ome.zarr", "-o", looks, "--json")
    summary = json.loads(cli(*arguments)[1])
    assert (summary["looks"], summary["objects"]) == (40, 63)
    decide(looks, wrong=set())
    output = cli(*ESTIMATE, tmp_path / "found.ome.zarr", "--decisions", looks)[1]
    assert "of 63 are wrong (0 to " in output


def test_true_labels_answer_and_check_the_range(cli: Run, image: Path, tmp_path: Path) -> None:
    y, x = np.mgrid[:96, :128]
    truth = np.zeros((96, 128), np.uint16)
    truth[(y - 30) ** 2 + (x - 40) ** 2 < 200] = 1  # one of the two discs of the image
    tifffile.imwrite(tmp_path / "truth.tif", truth)
    arguments = (*ESTIMATE, image, tmp_path / "truth.tif")
    figures = json.loads(cli(*arguments, "--looks", 1, "--json")[1])["sets"]["cells"]["cells-tiny"]
    assert (figures["total"], figures["true_wrong"], figures["looks"]) == (2, 1, 1)
    assert figures["low"] <= 1 <= figures["high"]
    assert figures["held"] == 1  # one look leaves both numbers open
    status, output, error = cli(*arguments)
    assert (status, error) == (0, "")
    heading, _, row = output.splitlines()
    assert heading == "| set | method | objects | wrong | estimate | 95 % interval | held |"
    assert row == "| cells | cells-tiny | 2 | 1 | 1 | 1 to 1 | 100.0% |"


def test_nothing_found_is_no_estimate(cli: Run, tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "blank.tif", np.full((64, 64), 40, np.uint8))
    np.save(tmp_path / "truth.npy", np.eye(64, dtype=int))
    status, output, error = cli(*ESTIMATE, tmp_path / "blank.tif", tmp_path / "truth.npy")
    assert (status, output) == (1, "")
    assert_one_line(error, "nothing was found in")


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ("label,verdict\n200,right\n", "line 2: no found object has the label 200"),
        ("label,verdict\n101,right\n", "line 2: no found object has the label 101"),
        ("label,verdict\n1,maybe\n", "line 2: the verdict is right or wrong, not 'maybe'"),
        ("label,verdict\n1,right\n1,wrong\n", "line 3: label 1 has a verdict already"),
        ("label,verdict,random\n1,right,perhaps\n", "random is yes or no"),
        ("label,verdict\none,right\n", "line 2: label"),
        ("number,verdict\n1,right\n", "line 2: label"),
        ("label\n1\n", "line 2: verdict"),
        ("label,verdict\n1,\n", "has no verdict"),
        ("", "has no verdict"),
        ("\0\xff", "is not a table that can be read"),
        (None, "cannot be read (No such file or directory)"),
    ],
)
def test_a_table_that_says_no_decisions(
    cli: Run, found: Path, tmp_path: Path, table: str | None, words: str
) -> None:
    path = tmp_path / "looks.csv"
    if table is not None:
        path.write_bytes(table.encode("latin-1"))
    status, output, error = cli(*ESTIMATE, found, "--decisions", path)
    assert (status, output) == (1, "")
    assert_one_line(error, words)


def test_what_cannot_be_estimated(cli: Run, found: Path, image: Path, tmp_path: Path) -> None:
    looks = tmp_path / "looks.csv"

    def refused(*arguments: object) -> str:
        status, output, error = cli("evaluate", *arguments)
        assert (status, output) == (1, "")
        assert_one_line(error)
        return error

    assert "no file" in refused(tmp_path / "none.csv", "--estimate", "-o", looks)
    assert "has no scores" in refused(image, "--estimate", "-o", looks)
    assert "go with --estimate" in refused(found, "-o", looks)
    assert "-o FILE.csv draws" in refused(found, "--estimate")
    assert "LABELS are the truth" in refused(found, image, "--estimate", "-o", looks)
    both = ("-o", looks, "--decisions", looks)
    assert "give --decisions" in refused(found, "--estimate", *both)
    assert "not looks.txt" in refused(found, "--estimate", "-o", tmp_path / "looks.txt")
    assert "found objects itself" in refused(found, "--estimate", "-o", found, "--overwrite")
    looks.write_text("mine")
    assert "exists" in refused(found, "--estimate", "-o", looks)
    assert looks.read_text() == "mine"
    assert cli("evaluate", found, "--estimate", "-o", looks, "--overwrite")[0] == 0
    (tmp_path / "blank.csv").write_text("label,score\n")
    assert "has no scores" in refused(tmp_path / "blank.csv", "--estimate", "-o", looks)


@given(st.sets(st.integers(1, 2**32 - 1), max_size=30), st.data())
def test_tables_of_looks_are_read_as_they_are_filled_in(
    labels: set[int], data: st.DataObject
) -> None:
    scores = dict.fromkeys(sorted(labels), 0.5)
    wrong = data.draw(st.sets(st.sampled_from(sorted(labels)))) if labels else set()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "looks.csv"
        write_looks(path, list(scores), scores)
        if labels:
            decide(path, wrong)
        expected = [Decision(label, label in wrong, True) for label in scores]
        assert read_decisions(path, scores) == expected
