"""Training data for other programs, read back as they read it."""

import json
from pathlib import Path

import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image
from pycocotools import mask as coco_mask
from pycocotools.coco import COCO
from skimage.draw import polygon2mask

from napari_sam.cli.app import run
from napari_sam.export.rings import joined
from napari_sam.export.run_lengths import run_lengths
from napari_sam.image.volume import Volume
from napari_sam.labels.classes import ClassTable
from napari_sam.labels.files.write import write_labels
from napari_sam.measure.outlines import polygons_of

MASKS = arrays(np.bool_, st.tuples(st.integers(1, 12), st.integers(1, 12)))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two images of 16 bits, one a stack; an object with a hole, one of two pieces, classes."""
    labels = np.zeros((40, 50), np.uint16)
    labels[5:20, 5:25] = 7
    labels[9:13, 10:16] = 0  # a hole
    labels[25:30, 30:40] = labels[35:39, 44:50] = 3  # two pieces, one at the border
    image = np.random.default_rng(0).integers(100, 900, labels.shape).astype(np.uint16)
    place = tmp_path / "cells"
    place.mkdir()
    tifffile.imwrite(place / "a.tif", image)
    classes = ClassTable().add("round").add("long").assign({7: "round"})
    volume = Volume.from_array(labels)
    write_labels(place / "a_labels.ome.tif", labels, volume.calibration, classes=classes)
    stack = np.stack([labels, 0 * labels, labels[::-1]])
    tifffile.imwrite(place / "b.tif", np.stack(3 * [image]), metadata={"axes": "ZYX"}, imagej=True)
    tifffile.imwrite(place / "b_labels.tif", stack, metadata={"axes": "ZYX"}, imagej=True)
    return place


def export(folder: Path, layout: str, *options: str) -> Path:
    """Run the command; returns the new folder."""
    output = folder.parent / layout
    assert run(["export", str(folder), "-o", str(output), "--as", layout, *options]) == 0
    return output


def expected(folder: Path) -> dict[str, np.ndarray]:
    """Labels of each exported plane."""
    a, b = (tifffile.imread(folder / name) for name in ("a_labels.ome.tif", "b_labels.tif"))
    return {"a": a, "b_z0000": b[0], "b_z0002": b[2]}


def same_objects(masks: list[np.ndarray], labels: np.ndarray) -> bool:
    """Whether masks are the objects of a label image, in any order."""
    objects = sorted((labels == n).tobytes() for n in np.unique(labels[labels > 0]))
    return sorted(mask.astype(bool).tobytes() for mask in masks) == objects


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # its decoder's
@pytest.mark.parametrize("layout", ["coco", "coco-polygons"])
def test_coco_is_read_by_its_own_tool(folder: Path, layout: str) -> None:
    """Masks, boxes, areas and classes, with a hole and with two pieces."""
    output = export(folder, layout)
    data = COCO(str(output / "train.json"))
    labels = expected(folder)
    images = {Path(image["file_name"]).stem: image for image in data.dataset["images"]}
    assert set(images) == set(labels)
    for name, image in images.items():
        annotations = data.imgToAnns[image["id"]]
        masks = [data.annToMask(annotation) for annotation in annotations]
        assert same_objects(masks, labels[name])
        for annotation, mask in zip(annotations, masks, strict=True):
            rows, cols = np.nonzero(mask)
            x, y, width, height = annotation["bbox"]
            assert (x, y) == (cols.min(), rows.min())
            assert (x + width, y + height) == (cols.max() + 1, rows.max() + 1)
            assert annotation["area"] == mask.sum()
        shown = np.asarray(Image.open(output / "images" / image["file_name"]))
        assert (shown.shape, shown.dtype) == (labels[name].shape, np.uint8)
    names = {entry["id"]: entry["name"] for entry in data.dataset["categories"]}
    of_a = [names[a["category_id"]] for a in data.imgToAnns[images["a"]["id"]]]
    assert of_a == ["object", "round"]  # label 3 has no class


def test_yolo_polygons_fill_to_the_pixels(folder: Path) -> None:
    """One line for each object, by the even-odd rule exactly its pixels."""
    output = export(folder, "yolo", "--apart", "0.4")
    data = json.loads((output / "data.yaml").read_text(encoding="utf-8"))
    assert data == {
        "train": "images/train",
        "val": "images/val",
        "names": ["object", "round"],
    }
    texts = {path.stem: path for path in output.glob("labels/*/*.txt")}
    labels = expected(folder)
    assert set(texts) == set(labels)
    assert [path.stem for path in output.glob("images/val/*.png")] == ["b_z0002"]
    for name, path in texts.items():
        masks = []
        for line in path.read_text(encoding="utf-8").splitlines():
            _, *numbers = line.split()
            ring = np.array(numbers, float).reshape(-1, 2) * labels[name].shape[::-1]
            masks.append(polygon2mask(labels[name].shape, ring[:, ::-1] - 0.5))
        assert same_objects(masks, labels[name])
    lines = texts["a"].read_text(encoding="utf-8").splitlines()
    assert [line.split()[0] for line in lines] == ["0", "1"]


def test_folders_of_cellpose_and_stardist(folder: Path) -> None:
    """The values as they were, and labels from 1 on; `train` of ours reads them too."""
    labels = expected(folder)
    image = tifffile.imread(folder / "a.tif")
    for layout, values, masks in (
        ("cellpose", "train/{}.tif", "train/{}_masks.tif"),
        ("stardist", "train/images/{}.tif", "train/masks/{}.tif"),
    ):
        output = export(folder, layout)
        for name, truth in labels.items():
            np.testing.assert_array_equal(tifffile.imread(output / values.format(name)), image)
            written = tifffile.imread(output / masks.format(name))
            assert written.dtype == np.uint16
            assert set(np.unique(written)) == {0, 1, 2}
            objects = [written == n for n in (1, 2)]
            assert same_objects(objects, truth)
        assert run(["export", str(output / "train"), "-o", str(output / "again")]) == 0


@given(MASKS)
@settings(deadline=None)
def test_run_lengths_are_those_of_coco(mask: np.ndarray) -> None:
    text = coco_mask.encode(np.asfortranarray(mask.astype(np.uint8)))["counts"].decode()
    assert run_lengths(mask) == text


@given(MASKS.filter(np.any))
@settings(deadline=None)
def test_a_joined_ring_holds_the_pixels(mask: np.ndarray) -> None:
    rings = [ring for piece in polygons_of(mask) for ring in piece]
    line = joined(rings)
    np.testing.assert_array_equal(line[0], line[-1])
    np.testing.assert_array_equal(polygon2mask(mask.shape, line[:-1, ::-1] - 0.5), mask)


def test_a_folder_of_something_else_is_never_replaced(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Not even with --overwrite; an older export is, with it."""
    output = export(folder, "coco")
    words = ["export", str(folder), "-o", str(output), "--as", "yolo"]
    assert run(words) == 1
    assert "exists already" in capsys.readouterr().err
    assert run([*words, "--overwrite"]) == 0
    assert (output / "data.yaml").exists()
    assert not (output / "train.json").exists()
    assert run(["export", str(folder), "-o", str(folder), "--overwrite"]) == 1
    assert "holds something else" in capsys.readouterr().err
    assert (folder / "a.tif").exists()


def test_an_error_leaves_nothing_behind(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A damaged image after a good one."""
    (folder / "b.tif").write_bytes((folder / "b.tif").read_bytes()[:600])
    assert run(["export", str(folder), "-o", str(folder.parent / "out")]) == 1
    assert "b.tif" in capsys.readouterr().err
    assert sorted(path.name for path in folder.parent.iterdir()) == ["cells"]
