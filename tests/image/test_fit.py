"""Fit: labels belong to an image with or without axes of length 1, whatever their file kept."""

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_sam.errors import LabelError
from napari_sam.image.fit import fit_dimensions, fit_labels
from napari_sam.image.labels_of_image import read_labels_of_image
from napari_sam.image.volume import Volume
from napari_sam.labels.files.write import write_labels

AXES = st.sampled_from(
    ["YX", "ZYX", "TYX", "CYX", "YXC", "TZYX", "ZTYX", "CZYX", "ZCYX", "TCYX", "TCZYX", "TZCYX"]
)
LENGTHS = st.fixed_dictionaries(
    {"T": st.integers(1, 3), "C": st.integers(1, 2), "Z": st.integers(1, 3)}
    | {"Y": st.integers(5, 6), "X": st.integers(7, 8)}
)


@settings(deadline=None, max_examples=60)
@given(axes=AXES, lengths=LENGTHS, suffix=st.sampled_from([".ome.zarr", ".ome.tif", ".tif"]))
def test_labels_that_we_wrote_fit_their_image(axes, lengths, suffix):
    image = Volume.from_array(np.zeros([lengths[axis] for axis in axes], np.uint8), axes=axes)
    size = int(np.prod(image.label_shape))
    labels = np.arange(size, dtype=np.uint16).reshape(image.label_shape)
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"labels{suffix}"
        write_labels(path, labels, image.calibration)
        fitted = read_labels_of_image(path, image)
        assert fitted.axes == image.label_axes
        np.testing.assert_array_equal(np.asarray(fitted.data[:]), labels)
        for plane in image.planes():
            region = fitted.read(plane, 0, 0, 5, 7)[..., 0]
            np.testing.assert_array_equal(region, labels[plane][:5, :7])


@given(st.lists(st.tuples(st.integers(1, 4), st.booleans(), st.booleans()), min_size=1, max_size=5))
def test_axes_of_length_one_come_and_go(axes):
    """An axis of length 1 may be in the image, in the labels, or in both."""
    shape = [n for n, _, kept in axes if n > 1 or kept]
    image_shape = [n for n, kept, _ in axes if n > 1 or kept]
    dimensions = fit_dimensions(None, shape, "TCZYX"[: len(image_shape)], image_shape)
    assert dimensions is not None
    data = np.arange(np.prod(shape, dtype=int)).reshape(shape)
    named = [data.shape[source[0]] if source else 1 for source in dimensions]
    assert named == image_shape


def test_known_axes_are_matched_by_letter_and_unknown_ones_by_order():
    image = Volume.from_array(np.zeros((3, 3, 4, 5)), axes="ZTYX")
    labels = np.arange(180).reshape(3, 3, 4, 5)
    by_letter = fit_labels("l", labels, "TZYX", image)
    np.testing.assert_array_equal(by_letter[:], labels.transpose(1, 0, 2, 3))
    assert fit_labels("l", labels, None, image) is labels
    assert fit_labels("l", labels, ("", "", "Y", "X"), image) is labels
    film = Volume.from_array(np.zeros((3, 4, 5)), axes="TYX")
    stack = labels[0]
    assert fit_labels("l", stack, "ZYX", film) is stack  # as it always was


@pytest.mark.parametrize("shape", [(4, 5, 3), (2, 4, 5), (4, 6), (5, 4), (3, 1, 4, 6), (60,)])
def test_labels_of_another_image(shape):
    image = Volume.from_array(np.zeros((3, 4, 5)), axes="ZYX")
    with pytest.raises(LabelError, match="give the labels of this image, without channels"):
        fit_labels("labels.tif", np.zeros(shape, int), None, image)


def test_labels_alone_have_no_channels(tmp_path):
    np.save(tmp_path / "a.npy", np.ones((1, 4, 5), np.uint8))
    assert read_labels_of_image(tmp_path / "a.npy", axes="CYX").label_shape == (4, 5)
    np.save(tmp_path / "b.npy", np.ones((2, 4, 5), np.uint8))
    with pytest.raises(LabelError, match="has channels"):
        read_labels_of_image(tmp_path / "b.npy", axes="CYX")
