"""Labels that were written are read again, whole, and no image is taken for labels."""

from pathlib import Path

import numpy as np
import pytest
import tifffile
import zarr
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from napari_sam.errors import LabelError
from napari_sam.image.calibration import Calibration
from napari_sam.labels.classes import ClassTable, ObjectClass
from napari_sam.labels.files.read import copy_labels, read_label_file
from napari_sam.labels.files.write import write_labels

SUFFIXES = (".tif", ".ome.tif", ".ome.zarr")
CLASSES = ClassTable((ObjectClass("dead", "#ff0000"), ObjectClass("odd", "#00ff00")))


@settings(max_examples=30, deadline=None)
@given(
    labels=arrays(
        st.sampled_from([np.uint8, np.int16, np.uint32, np.int64]),
        array_shapes(min_dims=2, max_dims=4, min_side=2, max_side=5),
        elements=st.integers(0, 120),
    ),
    suffix=st.sampled_from(SUFFIXES),
)
def test_labels_scale_units_and_classes_come_back(
    labels: np.ndarray, suffix: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("labels") / f"cells{suffix}"
    axes = "TZYX"[-labels.ndim :]
    place = Calibration(
        axes,
        (2.0, 0.5, 0.25, 0.25)[-labels.ndim :],
        (0.0,) * labels.ndim,
        ("second", "micrometer", "micrometer", "micrometer")[-labels.ndim :],
    )
    present = sorted(set(labels.ravel().tolist()) - {0})
    classes = CLASSES.assign(dict.fromkeys(present[:2], "dead"))
    write_labels(path, labels, place, classes=classes)
    file = read_label_file(path)
    np.testing.assert_array_equal(np.asarray(file.labels).reshape(labels.shape), labels)
    assert file.labels.dtype == np.uint32
    assert file.classes.of_label == classes.of_label
    assert file.calibration.axes == axes
    assert file.calibration.scale == pytest.approx(place.scale)
    assert file.calibration.units == place.units
    file.labels[...] = 121
    np.testing.assert_array_equal(np.ravel(read_label_file(path).labels), labels.ravel())


def test_scores_come_back_from_a_zarr(tmp_path: Path) -> None:
    labels = np.eye(6, dtype=np.uint32) * 3
    path = tmp_path / "cells.ome.zarr"
    write_labels(path, labels, properties={3: {"score": 0.75, "note": "odd"}})
    assert read_label_file(path).scores == {3: 0.75}
    group = zarr.open_group(path)
    ome = dict(group.attrs["ome"])
    ome["image-label"] = {"version": "0.5", "properties": [{"label-value": 3}]}
    group.attrs["ome"] = ome
    assert read_label_file(path).scores == {}


def test_channels_and_negative_numbers_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "colours.tif"
    tifffile.imwrite(path, np.zeros((8, 8, 3), np.uint8), photometric="rgb")
    with pytest.raises(LabelError, match="has channels"):
        read_label_file(path)
    with pytest.raises(LabelError, match="label -1 "):
        copy_labels(np.full((4, 4), -1))
    with pytest.raises(LabelError, match="are not labels"):
        copy_labels(np.zeros((4, 4)))
