"""Images of classes, as ilastik and Fiji save them, become objects."""

from pathlib import Path

import numpy as np
import tifffile

from napari_sam.labels.files.class_image import split_classes
from napari_sam.labels.files.read import read_label_file


def spots(*numbers: int, background: int = 0) -> np.ndarray:
    """Rows of ten spots, a number for each row."""
    image = np.full((6 * len(numbers), 60), background, np.uint8)
    for row, number in enumerate(numbers):
        for column in range(10):
            image[6 * row + 1 : 6 * row + 4, 6 * column + 1 : 6 * column + 5] = number
    return image


def test_pieces_of_each_class_of_ilastik_are_objects(tmp_path: Path) -> None:
    path = tmp_path / "cells_Simple Segmentation.tif"
    image = spots(1, 3, background=2)
    tifffile.imwrite(path, image)
    file = read_label_file(path)
    assert len(np.unique(file.labels)) == 21
    np.testing.assert_array_equal(np.asarray(file.labels) > 0, image != 2)
    assert file.classes.names == ("class 1", "class 3")
    assert [file.classes.class_of(label) for label in (1, 10, 11, 20)] == [
        "class 1", "class 1", "class 3", "class 3"
    ]  # fmt: skip
    (warning,) = file.warnings
    assert warning.startswith(f"{path}: the 2 numbers without 2, the background, are classes")
    assert "the 20 connected pieces are the objects" in warning


def test_a_mask_is_split_without_classes() -> None:
    split = split_classes(spots(255), "YX")
    assert split is not None
    assert int(split.labels.max()) == 10
    assert split.classes.names == ()


def test_labels_of_objects_stay_as_they_are(tmp_path: Path) -> None:
    neuron = spots(5)
    neuron[:, 30:] = 0  # five pieces
    many = np.arange(100, dtype=np.uint8).reshape(10, 10)
    for labels in (neuron, many, np.zeros((4, 4), np.uint8)):
        tifffile.imwrite(tmp_path / "a.tif", labels)
        file = read_label_file(tmp_path / "a.tif")
        np.testing.assert_array_equal(file.labels, labels)
        assert file.warnings == ()


def test_pieces_are_connected_through_depth_and_not_through_time() -> None:
    stack = np.stack([spots(1), spots(1)])
    in_depth, in_time = split_classes(stack, "ZYX"), split_classes(stack, "TYX")
    assert in_depth is not None
    assert in_time is not None
    assert (int(in_depth.labels.max()), int(in_time.labels.max())) == (10, 20)
