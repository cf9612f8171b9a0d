"""Measurements are scikit-image's, outlines give the pixels back, files are read by others."""

import csv
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet
import pytest
import roifile
import tifffile
import zarr
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from skimage.draw import polygon2mask
from skimage.measure import regionprops_table

from napari_sam.cli.app import run
from napari_sam.errors import LabelError
from napari_sam.image.calibration import Calibration
from napari_sam.image.volume import Volume
from napari_sam.labels import blocks
from napari_sam.labels.classes import ClassTable
from napari_sam.labels.files.write import write_labels
from napari_sam.measure.measure import measure
from napari_sam.measure.measurements import Measurements
from napari_sam.measure.outlines import outlines, polygons_of
from napari_sam.measure.write_outlines import write_outlines
from napari_sam.measure.write_table import write_table

MASKS = arrays(np.bool_, st.tuples(st.integers(1, 9), st.integers(1, 9)))


def some_labels(*shape: int, seed: int = 0, count: int = 9) -> np.ndarray:
    """Boxes that overlap, with gaps in their numbers, on some planes each."""
    rng = np.random.default_rng(seed)
    labels = np.zeros(shape, np.uint32)
    for label in rng.choice(1000, count, replace=False) + 1:
        start = [int(rng.integers(0, n)) for n in shape]
        labels[tuple(slice(s, s + 1 + n // 2) for s, n in zip(start, shape, strict=True))] = label
    return labels


def by_skimage(labels: np.ndarray, image: np.ndarray) -> dict[str, np.ndarray]:
    names = ("label", "area", "centroid", "bbox", "intensity_mean")
    found: dict[str, np.ndarray] = regionprops_table(labels.astype(int), image, properties=names)
    return found


def rasterized(polygons: tuple[tuple[np.ndarray, ...], ...], shape: tuple[int, int]) -> np.ndarray:
    """Pixels whose centres are inside, by the even-odd rule that ImageJ and QuPath use."""
    mask = np.zeros(shape, bool)
    for ring in (ring for rings in polygons for ring in rings):
        mask ^= polygon2mask(shape, ring[:, ::-1] - 0.5)
    return mask


# --- the table -------------------------------------------------------------------------------


@pytest.mark.parametrize("block", [blocks.BLOCK_ELEMENTS, 200])
@pytest.mark.parametrize("axes", ["YX", "ZYX"])
def test_a_table_says_what_regionprops_says(
    axes: str, block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blocks, "BLOCK_ELEMENTS", block)  # many blocks, each object in several
    shape = (5, 40, 36)[-len(axes) :]
    labels = some_labels(*shape)
    image = np.random.default_rng(1).integers(0, 4000, shape).astype(np.uint16)
    volume = Volume.from_array(image, axes=axes)
    table = measure(labels, volume.calibration, volume).columns
    expected = by_skimage(labels, image)
    np.testing.assert_array_equal(table["label"], expected["label"])
    np.testing.assert_array_equal(table["pixels"], expected["area"])
    np.testing.assert_array_equal(table["area" if axes == "YX" else "volume"], expected["area"])
    np.testing.assert_allclose(table["intensity_mean"], expected["intensity_mean"])
    for i, axis in enumerate(axes.lower()):
        np.testing.assert_allclose(table[f"centroid_{axis}"], expected[f"centroid-{i}"])
        np.testing.assert_array_equal(table[f"bbox_{axis}0"], expected[f"bbox-{i}"])
        np.testing.assert_array_equal(table[f"bbox_{axis}1"], expected[f"bbox-{i + len(axes)}"])


def test_lengths_are_of_the_world() -> None:
    labels = np.zeros((2, 10, 10), np.uint8)
    labels[1, 2:4, 5:8] = 3
    volume = Volume.from_array(
        labels, axes="ZYX", scale=(2, 0.5, 0.25), translate=(100, 10, 0), units=("um",) * 3
    )
    (row,) = measure(labels, volume.calibration, shape=False).rows()
    assert row == {
        "label": 3, "pixels": 6, "volume": 1.5, "unit": "um",
        "centroid_z": 102.0, "centroid_y": 11.25, "centroid_x": 1.5,
        "bbox_z0": 1, "bbox_y0": 2, "bbox_x0": 5, "bbox_z1": 2, "bbox_y1": 4, "bbox_x1": 8,
    }  # fmt: skip


def test_a_series_has_a_row_for_each_frame() -> None:
    labels = np.zeros((3, 4, 6), np.uint8)
    labels[0, :2, :2], labels[2, 1:4, 3:5], labels[2, 0, 0] = 7, 7, 2
    table = measure(labels, Volume.from_array(labels, axes="TYX").calibration)
    rows = [(row["label"], row["t"], row["area"], row["bbox_x0"]) for row in table.rows()]
    assert rows == [(2, 2, 1.0, 0), (7, 0, 4.0, 0), (7, 2, 6.0, 3)]


@pytest.mark.parametrize("axes", ["CZYX", "ZYXC"])
def test_every_channel_is_measured_also_those_that_the_model_does_not_see(axes: str) -> None:
    image = np.random.default_rng(2).integers(0, 99, (5, 3, 12, 10)).astype(np.uint8)
    labels = some_labels(3, 12, 10)
    given = image if axes == "CZYX" else np.moveaxis(image, 0, -1)
    volume = Volume.from_array(given, axes=axes, channels=(1,))
    table = measure(labels, volume.calibration, volume).columns
    assert [name for name in table if name.startswith("intensity_mean")] == [
        f"intensity_mean_{i}" for i in range(5)
    ]
    for i in range(5):
        expected = by_skimage(labels, image[i])["intensity_mean"]
        np.testing.assert_allclose(table[f"intensity_mean_{i}"], expected)


def test_classes_and_scores_are_columns_where_there_are_some() -> None:
    labels = np.array([[1, 1, 2, 0]], np.uint8)
    volume = Volume.from_array(labels)
    assert not {"class", "score"} & set(measure(labels, volume.calibration).columns)
    classes = ClassTable().add("round").assign({2: "round"})
    table = measure(labels, volume.calibration, classes=classes, scores={1: 0.75}).columns
    assert table["class"].tolist() == ["", "round"]
    np.testing.assert_array_equal(table["score"], [0.75, np.nan])


@pytest.mark.parametrize("image", [None, np.zeros((3, 8, 8), np.uint8)])
def test_labels_without_objects_give_a_table_without_rows(image: Any, tmp_path: Path) -> None:
    labels = np.zeros((8, 8), np.uint16)
    seen = None if image is None else Volume.from_array(image, axes="CYX")
    table = measure(labels, Volume.from_array(labels).calibration, seen)
    assert len(table) == 0
    write_table(tmp_path / "none.csv", table)
    header = (tmp_path / "none.csv").read_text().splitlines()
    assert header == [",".join(table.columns)]
    assert ("intensity_mean_2" in table.columns) == (image is not None)


def test_labels_of_another_shape_or_kind_are_refused() -> None:
    volume = Volume.from_array(np.zeros((8, 8), np.uint8))
    with pytest.raises(LabelError, match="choose the image that was segmented"):
        measure(np.zeros((8, 9), np.uint8), volume.calibration, volume)
    with pytest.raises(LabelError, match="do not have the axes YX"):
        measure(np.zeros((2, 8, 8), np.uint8), volume.calibration)
    with pytest.raises(LabelError, match="choose a label image"):
        measure(np.zeros((8, 8), np.float32), volume.calibration)


def test_tables_are_read_by_others(tmp_path: Path) -> None:
    labels = some_labels(30, 40)
    table = measure(
        labels, Volume.from_array(labels, scale=(0.1, 0.1)).calibration, scores={1: 0.5}
    )
    write_table(tmp_path / "cells.csv", table)
    write_table(tmp_path / "cells.parquet", table)
    parquet = pyarrow.parquet.read_table(tmp_path / "cells.parquet").to_pydict()
    assert list(parquet) == list(table.columns)
    with (tmp_path / "cells.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert (
        [int(row["label"]) for row in rows] == parquet["label"] == table.columns["label"].tolist()
    )
    np.testing.assert_allclose([float(row["area"]) for row in rows], parquet["area"])
    assert {row["score"] for row in rows} == {""}


# --- outlines --------------------------------------------------------------------------------


@given(MASKS)
@settings(max_examples=150, deadline=None)
def test_polygons_hold_exactly_the_pixels_of_a_mask(pixels: np.ndarray) -> None:
    if pixels.any():
        np.testing.assert_array_equal(rasterized(polygons_of(pixels), pixels.shape), pixels)


def test_a_ring_has_a_hole_and_an_island_is_a_piece_of_its_own() -> None:
    pixels = np.zeros((9, 9), bool)
    pixels[:7, :7], pixels[1:6, 1:6], pixels[3, 3] = True, False, True
    polygons = polygons_of(pixels, corner=(100, 10))
    assert [len(rings) for rings in polygons] == [2, 1]
    assert polygons[0][0].min(axis=0).tolist() == [100, 10]
    assert polygons[0][0].max(axis=0).tolist() == [107, 17]
    assert len(polygons[0][0]) == 9  # a square, its corners cut: straight lines have no points


def outlined(labels: np.ndarray, axes: str) -> tuple[Measurements, list[Any]]:
    table = measure(labels, Volume.from_array(labels, axes=axes).calibration)
    return table, list(outlines(labels, axes[:-2], table))


def test_geojson_says_what_and_where_objects_are(tmp_path: Path) -> None:
    labels = np.zeros((2, 3, 16, 20), np.uint8)
    labels[1, 2, 2:9, 3:12], labels[1, 2, 4:6, 5:7] = 5, 0
    labels[0, 0, 0, 0], labels[0, 0, 9, 9] = 8, 8
    _, found = outlined(labels, "TZYX")
    classes = ClassTable().add("round", "#112233").assign({5: "round"})
    path = tmp_path / "cells.geojson"
    write_outlines(path, found, "TZ", classes=classes, scores={5: 0.123456})
    written = json.loads(path.read_text())
    assert written["type"] == "FeatureCollection"
    ring, pieces = written["features"]
    assert ring["type"] == pieces["type"] == "Feature"
    assert ring["properties"] == {
        "objectType": "detection",
        "name": "5",
        "classification": {"name": "round", "color": [0x11, 0x22, 0x33]},
        "measurements": {"label": 5, "score": 0.1235},
    }
    assert ring["geometry"]["plane"] == {"c": -1, "z": 2, "t": 1}
    assert ring["geometry"]["type"] == "Polygon"
    rings = tuple(np.array(r) for r in ring["geometry"]["coordinates"])
    assert len(rings) == 2
    np.testing.assert_array_equal(rasterized((rings,), (16, 20)), labels[1, 2] == 5)
    assert all((r[0] == r[-1]).all() for r in rings)
    assert pieces["geometry"]["type"] == "MultiPolygon"
    assert "classification" not in pieces["properties"]


@pytest.mark.parametrize("axes", ["YX", "ZYX", "TYX", "TZYX"])
def test_rois_hold_the_pixels_at_their_place_in_the_stack(axes: str, tmp_path: Path) -> None:
    labels = some_labels(*(2, 3, 24, 30)[-len(axes) :], seed=3)
    _, found = outlined(labels, axes)
    path = tmp_path / "cells.zip"
    write_outlines(path, found, axes[:-2])
    again = np.zeros_like(labels)
    rois = roifile.roiread(path)
    assert len({roi.name for roi in rois}) == len(rois) == len(found) > 3
    for roi in rois:
        plane = tuple(
            {"Z": roi.z_position or roi.position, "T": roi.t_position or roi.position}[axis] - 1
            for axis in axes[:-2]
        )
        rings = roi.coordinates(multi=True)
        rings = rings if isinstance(rings, list) else [rings]
        again[plane][rasterized((tuple(rings),), labels.shape[-2:])] = int(roi.name.split("-")[0])
    np.testing.assert_array_equal(again, labels)


def test_a_roi_with_a_hole_is_one_shape(tmp_path: Path) -> None:
    labels = np.zeros((12, 12), np.uint8)
    labels[1:9, 1:9], labels[3:5, 3:5] = 1, 0
    _, found = outlined(labels, "YX")
    classes = ClassTable().add("round", "#ff8000").assign({1: "round"})
    write_outlines(tmp_path / "one.zip", found, "", classes=classes)
    (roi,) = roifile.roiread(tmp_path / "one.zip")
    assert roi.composite
    assert (roi.left, roi.top, roi.right, roi.bottom) == (1, 1, 10, 10)
    assert roi.stroke_color == bytes((255, 255, 128, 0))
    assert roi.props == "class: round\n"
    rings = tuple(roi.coordinates(multi=True))
    np.testing.assert_array_equal(rasterized((rings,), (12, 12)), labels == 1)


# --- the command -----------------------------------------------------------------------------


def test_saved_labels_are_measured_with_their_classes(tmp_path: Path) -> None:
    labels = some_labels(3, 30, 40)
    image = np.random.default_rng(0).integers(0, 255, (3, 30, 40)).astype(np.uint8)
    tifffile.imwrite(tmp_path / "image.tif", image, photometric="minisblack")
    label = int(labels.max())
    classes = ClassTable().add("round").assign({label: "round"})
    write_labels(tmp_path / "labels.ome.zarr", labels, axes="ZYX", scale=(2, 1, 1), classes=classes)
    outputs = [tmp_path / name for name in ("a.csv", "a.parquet", "a.geojson", "a.zip")]
    options = [part for path in outputs for part in ("-o", str(path))]
    given = [str(tmp_path / "labels.ome.zarr"), "--image", str(tmp_path / "image.tif")]
    assert run(["measure", *given, *options]) == 0
    with outputs[0].open(newline="") as file:
        rows = {int(row["label"]): row for row in csv.DictReader(file)}
    expected = by_skimage(labels, image)
    assert list(rows) == expected["label"].tolist()
    assert rows[label]["class"] == "round"
    means = [float(row["intensity_mean"]) for row in rows.values()]
    np.testing.assert_allclose(means, expected["intensity_mean"])
    planes = len({(z, n) for z in range(3) for n in np.unique(labels[z]) if n})
    assert len(json.loads(outputs[2].read_text())["features"]) == planes
    assert len(zipfile.ZipFile(outputs[3]).namelist()) == planes


def test_without_the_image_the_labels_say_the_size_of_a_pixel(tmp_path: Path) -> None:
    labels = np.zeros((8, 8), np.uint8)
    labels[2:4] = 1
    write_labels(tmp_path / "a.ome.tif", labels, axes="YX", scale=(0.5, 0.5), units=("um", "um"))
    assert run(["measure", str(tmp_path / "a.ome.tif"), "-o", str(tmp_path / "a.csv")]) == 0
    with (tmp_path / "a.csv").open(newline="") as file:
        (row,) = csv.DictReader(file)
    assert (row["area"], row["unit"], row["centroid_y"]) == ("4", "micrometer", "1.25")


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["-o", "table.xlsx"], "use .csv or .parquet"),
        (["-o", "nowhere/table.csv"], "does not exist: create it"),
        (["-o", "there.csv"], "exists already"),
        (["-o", "new.csv", "--image", "other.npy"], "choose the image that was segmented"),
        (["-o", "new.csv", "--axes", "CYX"], "has channels"),
    ],
)
def test_what_cannot_be_measured_is_one_line(
    arguments: list[str], line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    np.save("labels.npy", np.ones((3, 8, 8), np.uint8))
    np.save("other.npy", np.ones((3, 8, 9), np.uint8))
    Path("there.csv").write_text("mine")
    assert run(["measure", "labels.npy", *arguments]) == 1
    error = capsys.readouterr().err
    assert line in error
    assert len(error.splitlines()) == 1
    assert Path("there.csv").read_text() == "mine"
    assert not Path("new.csv").exists()


def test_labels_in_chunks_are_read_in_chunks(tmp_path: Path) -> None:
    labels = some_labels(700, 900, count=40)
    stored = zarr.create_array(tmp_path / "a.zarr", data=labels, chunks=(256, 256))
    volume = Volume.from_array(labels)
    one, other = measure(labels, volume.calibration), measure(stored, volume.calibration)
    for name in one.columns:
        np.testing.assert_array_equal(one.columns[name], other.columns[name])


def test_axes_of_length_one_of_the_image_are_no_obstacle() -> None:
    image = Volume.from_array(np.ones((2, 1, 20, 24)), axes="TZYX", scale=(3, 2, 0.5, 0.5))
    labels = np.zeros((2, 20, 24), np.uint8)
    labels[1, 4:8, 5:9] = 3
    calibration = Calibration.checked("TYX", (3, 0.25, 0.25))
    table = measure(labels, calibration, image)
    (row,) = table.rows()
    assert (row["label"], row["t"], row["pixels"], row["intensity_mean"]) == (3, 1, 16, 1.0)
    assert row["volume"] == 16 * 2 * 0.25 * 0.25
