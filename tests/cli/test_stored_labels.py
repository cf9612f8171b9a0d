"""Labels with a palette or with white for 0 are the numbers in the file, not what is displayed."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from tests.cli.process import Run, assert_one_line

LABELS = np.zeros((40, 50), np.uint8)
LABELS[2:12, 3:20] = 1
LABELS[20:35, 10:30] = 7
PALETTE = np.random.default_rng(0).integers(0, 256, (3, 256)).astype(np.uint16) * 257


def write(path: Path) -> Path:
    if path.suffix == ".png":
        picture = Image.fromarray(LABELS)
        picture.putpalette((PALETTE.T // 257).astype(np.uint8).tobytes())
        picture.save(path)
    elif path.name.startswith("white"):
        tifffile.imwrite(path, LABELS, photometric="miniswhite")
    else:
        tifffile.imwrite(path, LABELS, photometric="palette", colormap=PALETTE)
    return path


@pytest.mark.parametrize("name", ["palette.png", "palette.tif", "white.tif"])
@pytest.mark.parametrize("with_image", [False, True])
def test_measure_takes_the_stored_numbers(cli: Run, tmp_path: Path, name, with_image) -> None:
    labels = write(tmp_path / name)
    image = []
    if with_image:
        Image.fromarray(LABELS).save(tmp_path / "image.png")
        image = ["--image", str(tmp_path / "image.png")]
    cli("measure", str(labels), "-o", str(tmp_path / "t.csv"), *image)
    rows = csv.DictReader((tmp_path / "t.csv").read_text("utf-8").splitlines())
    assert {int(row["label"]): int(row["pixels"]) for row in rows} == {1: 170, 7: 300}


def test_a_damaged_strip_is_told_in_one_line_with_its_place(cli: Run, tmp_path: Path) -> None:
    path = tmp_path / "half.tif"
    tifffile.imwrite(path, LABELS, compression="lzw", rowsperstrip=20)
    with tifffile.TiffFile(path) as tiff:
        start, size = tiff.pages[0].dataoffsets[1], tiff.pages[0].databytecounts[1]
    content = bytearray(path.read_bytes())
    content[start : start + size] = bytes(size)
    path.write_bytes(content)
    status, _, error = cli("measure", path, "-o", tmp_path / "t.csv")
    assert status == 1
    assert_one_line(error, f"part of {path} cannot be read", "strip at Y 20 to 39", "damaged (LZW")
    assert error.count("cannot be read") == 1


@pytest.mark.parametrize("name", ["palette.png", "palette.tif"])
def test_evaluate_takes_the_stored_numbers(cli: Run, tmp_path: Path, name) -> None:
    labels = write(tmp_path / name)
    Image.fromarray(LABELS * 30).save(tmp_path / "image.png")
    status, output, _ = cli("evaluate", tmp_path / "image.png", labels, "--only", "boxes", "--json")
    assert status == 0
    (figures,) = json.loads(output)["sets"]["image"].values()
    assert figures["box_iou"] > 0.8
