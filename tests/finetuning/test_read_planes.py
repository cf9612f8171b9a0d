"""Images and labels in memory: blocks of large ones, parts on planes of stacks."""

from pathlib import Path

import numpy as np
import pytest
import tifffile

from napari_sam.evaluate.ground_truth import Pair
from napari_sam.finetuning import labelled_plane
from napari_sam.finetuning.labelled_plane import LabelledPlane, read_planes


def pair(folder: Path, image: np.ndarray, labels: np.ndarray) -> Pair:
    paths = folder / "a.tif", folder / "a_labels.tif"
    for path, array in zip(paths, (image, labels), strict=True):
        tifffile.imwrite(path, array, photometric="minisblack")
    return Pair(*paths)


def planes_of(*pairs: Pair) -> list[LabelledPlane]:
    return [plane for planes, _ in read_planes(pairs) for plane in planes]


def test_objects_are_numbered_from_one_and_specks_are_left_out(tmp_path: Path) -> None:
    labels = np.zeros((40, 60), np.uint16)
    labels[2:10, 3:9], labels[20:30, 30:50], labels[0, 0] = 900, 7, 12
    image = np.where(labels > 0, 3000, 100).astype(np.uint16)
    (plane,) = planes_of(pair(tmp_path, image, labels))
    assert sorted(plane.boxes.values()) == [(2, 3, 10, 9), (20, 30, 30, 50)]
    assert np.unique(plane.labels).tolist() == [0, 1, 2, 3]
    assert (plane.rgb.shape, plane.rgb.dtype) == ((40, 60, 3), np.uint8)
    assert plane.rgb[5, 5, 0] > plane.rgb[15, 15, 0]


def test_a_large_image_is_cut_and_a_large_folder_thinned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    labels = np.arange(1, 9).repeat(10)[None].repeat(40, 0).astype(np.uint8)
    monkeypatch.setattr(labelled_plane, "BLOCK", 20)
    of = pair(tmp_path, labels * 20, labels)
    blocks = planes_of(of)
    assert [plane.labels.shape for plane in blocks] == [(20, 20)] * 8
    assert {plane.image for plane in blocks} == {0}
    assert [len(plane.boxes) for plane in blocks] == [2] * 8
    monkeypatch.setattr(labelled_plane, "MOST_PIXELS", labels.size // 3)
    ((planes, warnings),) = read_planes([of])
    assert len(planes) == 2
    assert "one of 4 parts of them is used" in warnings[0]


def test_planes_without_an_object_are_left_out(tmp_path: Path) -> None:
    labels = np.zeros((9, 30, 30), np.uint8)
    labels[4, 2:10, 2:10] = labels[4, 15:25, 15:25] = 5
    (plane,) = planes_of(pair(tmp_path, np.full_like(labels, 9) + labels, labels))
    assert plane.name == "a.tif (4,)"
    assert len(plane.boxes) == 2  # two parts of one object of the stack
