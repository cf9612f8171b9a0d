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
from napari_sam.labels.files.read import copy_labels, label_images, read_label_file
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
    assert label_images(path) == [path]
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


def test_the_labels_of_an_image_are_listed(tmp_path: Path) -> None:
    group = zarr.create_group(tmp_path / "image.zarr", zarr_format=3)
    group.create_array("0", data=np.full((8, 8), 7, np.uint8))
    scale = [{"type": "scale", "scale": [1.0, 1.0]}]
    axes = [{"name": name, "type": "space"} for name in "yx"]
    levels = [{"path": "0", "coordinateTransformations": scale}]
    group.attrs["ome"] = {"version": "0.5", "multiscales": [{"axes": axes, "datasets": levels}]}
    folder = tmp_path / "image.zarr" / "labels"
    for name in ("cells", "nuclei"):
        write_labels(folder / name, np.eye(8, dtype=np.uint32))
    assert label_images(folder) == [folder / "cells", folder / "nuclei"]
    assert label_images(folder / "cells") == [folder / "cells"]
    assert label_images(tmp_path / "image.zarr") == []
    assert label_images(tmp_path) == []


@pytest.mark.parametrize("name", ["image.tif", "image.ome.tif", "damaged.tif", "gone.tif"])
def test_images_are_no_labels(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    if name.startswith("image"):
        tifffile.imwrite(path, np.zeros((8, 8), np.uint32))
    elif name.startswith("damaged"):
        path.write_bytes(b"II*\0" + bytes(20))
    assert label_images(path) == []


def test_channels_and_negative_numbers_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "colours.tif"
    tifffile.imwrite(path, np.zeros((8, 8, 3), np.uint8), photometric="rgb")
    with pytest.raises(LabelError, match="has channels"):
        read_label_file(path)
    with pytest.raises(LabelError, match="label -1 "):
        copy_labels(np.full((4, 4), -1))
    with pytest.raises(LabelError, match="are not labels"):
        copy_labels(np.zeros((4, 4)))
