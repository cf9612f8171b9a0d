"""Files of microscopes on the command line: scenes, and sizes that reach the outputs."""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
import zarr

from napari_sam.cli.app import run
from tests.image.czi_file import write_czi

Segment = Callable[..., tuple[int, dict[str, Any], str]]


@pytest.fixture(scope="module")
def slide(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two scenes of two frames; the first channel shows a disc, further right in the second."""
    y, x = np.mgrid[:64, :96]
    scenes = np.random.default_rng(0).integers(40, 60, (2, 2, 2, 1, 64, 96), np.uint8)
    for scene in range(2):
        scenes[scene, :, 0, 0, (y - 30) ** 2 + (x - 30 - 20 * scene) ** 2 < 150] = 200
    return write_czi(tmp_path_factory.mktemp("slide") / "slide.czi", scenes)


@pytest.fixture
def segment(capsys: pytest.CaptureFixture[str]) -> Segment:
    def call(*words: object) -> tuple[int, dict[str, Any], str]:
        status = run(["segment", *map(str, words), "--no-cache", "--channels", "0", "--json"])
        out, error = capsys.readouterr()
        return status, json.loads(out) if out else {}, error

    return call


def test_sizes_times_and_names_reach_the_outputs(
    segment: Segment, slide: Path, tmp_path: Path
) -> None:
    table = tmp_path / "cells.csv"
    status, summary, _ = segment(
        f"{slide}::left", "-o", tmp_path / "cells.ome.tif", "--measure", table
    )
    assert (status, summary["objects"], summary["warnings"]) == (0, 2, [])
    with tifffile.TiffFile(tmp_path / "cells.ome.tif") as tiff:
        pixels = tifffile.xml2dict(tiff.ome_metadata)["OME"]["Image"]["Pixels"]
    sizes = {name: pixels[name] for name in ("PhysicalSizeX", "TimeIncrement")}
    assert sizes == {"PhysicalSizeX": 0.2, "TimeIncrement": 5.0}
    with table.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [float(row["intensity_mean_DAPI"]) for row in rows] == pytest.approx([200, 200], abs=15)
    assert all(40 <= float(row["intensity_mean_GFP"]) < 60 for row in rows)
    assert {row["unit"] for row in rows} == {"micrometer"}
    segment(slide, "--series", "left", "-o", tmp_path / "cells.ome.zarr")
    multiscale = zarr.open_group(tmp_path / "cells.ome.zarr").attrs["ome"]["multiscales"][0]
    (scale, _) = multiscale["datasets"][0]["coordinateTransformations"]
    assert scale == {"type": "scale", "scale": [5.0, 0.2, 0.2]}
    assert [axis["unit"] for axis in multiscale["axes"]] == ["second", "micrometer", "micrometer"]


def test_scenes_are_images_of_a_batch(segment: Segment, slide: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    status, summary, _ = segment(f"{slide}::0", f"{slide}::right", "-o", out)
    assert (status, summary["done"]) == (0, 2)
    left, right = (tifffile.imread(out / f"slide_{name}_labels.ome.tif") for name in (0, "right"))
    assert np.argwhere(left[0])[:, 1].mean() == pytest.approx(30, abs=2)
    assert np.argwhere(right[0])[:, 1].mean() == pytest.approx(50, abs=2)


def test_a_folder_of_files_of_microscopes(segment: Segment, slide: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    (slide.parent / "broken.nd2").write_bytes(b"no ND2")
    status, summary, _ = segment(slide.parent, "-o", out)
    assert (status, summary["done"], summary["failed"]) == (1, 1, 1)
    with (out / "report.csv").open(newline="") as file:
        rows = {Path(row["file"]).name: row for row in csv.DictReader(file)}
    assert "holds 2 images, and the first 'left' is taken" in rows["slide.czi"]["warnings"]
    assert "broken.nd2 is not an image that can be read" in rows["broken.nd2"]["error"]


def test_a_scene_cannot_be_chosen_twice_or_be_missing(
    segment: Segment, slide: Path, tmp_path: Path
) -> None:
    for words, line in {
        (f"{slide}::1", "--series", "0"): "both choose an image",
        (f"{slide}::third",): "has no series 'third': choose from 0 'left', 1 'right'",
    }.items():
        status, _, error = segment(*words, "-o", tmp_path / "x.ome.tif")
        assert (status, line in error, len(error.splitlines())) == (1, True, 1)


def test_labels_never_replace_the_file_of_the_chosen_image(
    segment: Segment, tmp_path: Path
) -> None:
    path = tmp_path / "two.tif"
    with tifffile.TiffWriter(path) as tiff:
        for value in (1, 2):
            tiff.write(np.full((32, 32 * value), value, np.uint8), metadata=None)
    before = path.read_bytes()
    status, _, error = segment(f"{path}::1", "-o", path, "--overwrite")
    assert (status, "is the image itself" in error) == (1, True)
    assert path.read_bytes() == before
