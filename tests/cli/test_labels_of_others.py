"""`measure` and `evaluate` take labels of other programs, or say in one line what is wrong."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from tests.cli.process import Run, assert_one_line


@pytest.fixture
def labels(tmp_path: Path) -> np.ndarray:
    labels = np.zeros((96, 128), np.uint8)
    labels[20:40, 30:50], labels[50:70, 80:100] = 1, 2
    return labels


def pixels(table: Path) -> list[int]:
    with table.open(newline="") as file:
        return [int(row["pixels"]) for row in csv.DictReader(file)]


def test_measure_takes_float_bool_and_palette(cli: Run, labels: np.ndarray, tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "float.tif", labels.astype(np.float32))
    tifffile.imwrite(tmp_path / "bool.tif", labels > 0)
    palette = Image.fromarray(labels).convert("P")
    palette.putpalette([i * 53 % 256 for i in range(768)])
    palette.save(tmp_path / "palette.png")
    for name, expected in {
        "float.tif": [400, 400], "bool.tif": [800], "palette.png": [400, 400]
    }.items():  # fmt: skip
        outputs = [tmp_path / f"{name}.csv", tmp_path / f"{name}.geojson"]
        status, _, error = cli("measure", tmp_path / name, "-o", outputs[0], "-o", outputs[1])
        assert (status, error) == (0, "")
        assert pixels(outputs[0]) == expected
        features = json.loads(outputs[1].read_text())["features"]
        assert len(features) == len(expected)


@pytest.mark.parametrize("command", ["measure", "evaluate"])
def test_fractions_and_cut_files_are_one_line(
    cli: Run, labels: np.ndarray, command: str, image: Path, weights: Path, tmp_path: Path
) -> None:
    tifffile.imwrite(tmp_path / "probability.tif", labels.astype(np.float32) / 4)
    tifffile.imwrite(tmp_path / "whole.tif", labels)
    whole = (tmp_path / "whole.tif").read_bytes()
    (tmp_path / "half.tif").write_bytes(whole[: len(whole) // 2])
    for name, words in {"probability.tif": "holds 0.25", "half.tif": "cannot be read"}.items():
        path, table = tmp_path / name, tmp_path / "t.csv"
        words_of = {
            "measure": ["measure", path, "-o", table],
            "evaluate": ["evaluate", image, path, "--only", "boxes", "--model", weights],
        }
        status, out, error = cli(*words_of[command])
        assert (status, out) == (1, "")
        assert_one_line(error, name, words)
        assert not table.exists()


def test_evaluate_takes_float_labels_as_their_integers(
    cli: Run, labels: np.ndarray, image: Path, weights: Path, tmp_path: Path
) -> None:
    figures = []
    for dtype in (np.uint8, np.float32):
        path = tmp_path / f"{np.dtype(dtype)}.tif"
        tifffile.imwrite(path, labels.astype(dtype))
        status, out, _ = cli(
            "evaluate", image, path, "--only", "boxes", "--model", weights, "--json"
        )
        assert status == 0
        figures.append(json.loads(out)["sets"])
    assert figures[0] == figures[1]
