"""Labels of other programs are whole numbers, whatever type and file they are stored in."""

from pathlib import Path

import numpy as np
import pytest
import tifffile
import zarr
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image

from napari_sam.errors import ImageError, LabelError
from napari_sam.image.labels_of_image import read_labels_of_image
from napari_sam.image.read import read_image
from napari_sam.image.whole_numbers import WholeNumbers


@pytest.fixture
def labels() -> np.ndarray:
    labels = np.zeros((40, 60), np.uint16)
    labels[5:15, 5:20], labels[20:35, 30:50] = 1, 200
    return labels


def test_floats_without_fractions_bool_and_palettes_are_labels(
    labels: np.ndarray, tmp_path: Path
) -> None:
    tifffile.imwrite(tmp_path / "float.tif", labels.astype(np.float32))
    np.save(tmp_path / "double.npy", labels.astype(np.float64))
    zarr.create_array(str(tmp_path / "half.zarr"), data=labels.astype(np.float16))
    palette = Image.fromarray(labels.astype(np.uint8)).convert("P")
    palette.putpalette([i * 53 % 256 for i in range(768)])
    palette.save(tmp_path / "palette.png")
    colours = np.arange(3 * 256, dtype=np.uint16).reshape(3, 256) * 77
    indices = labels.astype(np.uint8)
    tifffile.imwrite(tmp_path / "palette.tif", indices, photometric="palette", colormap=colours)
    for name in ("float.tif", "double.npy", "half.zarr", "palette.png", "palette.tif"):
        volume = read_labels_of_image(tmp_path / name)
        assert (volume.axes, volume.dtype.kind) == ("YX", "u"), name
        np.testing.assert_array_equal(volume.data[:], labels, name)
    tifffile.imwrite(tmp_path / "mask.tif", labels > 0)  # whose tag says that 0 is white
    mask = read_labels_of_image(tmp_path / "mask.tif")
    assert mask.dtype == np.uint8
    np.testing.assert_array_equal(mask.data[3:9, 5], (labels > 0)[3:9, 5])


def test_values_beyond_float32_stay_exact(tmp_path: Path) -> None:
    largest = np.array([[0, 2**24 + 1, 2**32 - 1]])
    np.save(tmp_path / "integers.npy", largest)
    assert read_labels_of_image(tmp_path / "integers.npy").data[:].tolist() == largest.tolist()
    np.save(tmp_path / "doubles.npy", largest.astype(np.float64))
    assert read_labels_of_image(tmp_path / "doubles.npy").data[:].tolist() == largest.tolist()


def test_a_negative_integer_is_no_object(labels: np.ndarray, tmp_path: Path) -> None:
    np.save(tmp_path / "lines.npy", np.where(labels == 200, -1, labels.astype(np.int16)))
    volume = read_labels_of_image(tmp_path / "lines.npy")
    assert volume.data[5:15, 5:20].tolist() == labels[5:15, 5:20].tolist()
    with pytest.raises(LabelError, match=r"lines\.npy holds -1: labels are whole numbers from 0"):
        volume.data[:]


def test_labels_in_a_jpeg_are_read_with_a_warning(labels: np.ndarray, tmp_path: Path) -> None:
    indices = labels.astype(np.uint8)
    Image.fromarray(indices).save(tmp_path / "a.jpg")
    Image.fromarray(indices).save(tmp_path / "b.png", "JPEG")
    Image.fromarray(indices).save(tmp_path / "c.tif", compression="jpeg")
    Image.fromarray(indices).save(tmp_path / "d.png")
    Image.fromarray(indices).save(tmp_path / "e.tif", compression="tiff_lzw")
    for name in ("a.jpg", "b.png", "c.tif"):
        (warning,) = read_labels_of_image(tmp_path / name).warnings
        assert warning.startswith(f"{tmp_path / name} is compressed as JPEG, which changes values")
        assert read_image(tmp_path / name).warnings == (), "an image is made for the eye"
    for name in ("d.png", "e.tif"):
        assert read_labels_of_image(tmp_path / name).warnings == ()


@pytest.mark.parametrize(
    ("value", "words"),
    [(1.5, "1.5"), (-1.0, "-1"), (np.nan, "nan"), (np.inf, "inf"), (2.0**33, "8.58993e+09")],
)
def test_other_floats_are_refused_with_one_line(value: float, words: str, tmp_path: Path) -> None:
    np.save(tmp_path / "l.npy", np.array([[0.0, 1.0], [2.0, value]]))
    data = read_labels_of_image(tmp_path / "l.npy").data
    assert data[0].tolist() == [0, 1]  # only what is read is looked at
    with pytest.raises(LabelError, match="whole numbers from 0") as raised:
        data[1]
    assert f"holds {words}:" in str(raised.value)
    assert "l.npy" in str(raised.value)
    assert "\n" not in str(raised.value)


def test_values_of_no_label_are_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(LabelError, match="complex64"):
        WholeNumbers(np.zeros((2, 2), np.complex64), "l")
    (tmp_path / "l.png").write_bytes(b"no picture")
    with pytest.raises(ImageError, match=r"l\.png is not an image"):
        read_labels_of_image(tmp_path / "l.png")


def test_pixels_that_cannot_be_read_are_one_line(labels: np.ndarray, tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "whole.tif", labels)
    whole = (tmp_path / "whole.tif").read_bytes()
    (tmp_path / "half.tif").write_bytes(whole[: len(whole) // 2])
    zarr.create_array(str(tmp_path / "l.zarr"), data=labels)
    (chunk,) = (path for path in (tmp_path / "l.zarr" / "c").rglob("*") if path.is_file())
    chunk.write_bytes(chunk.read_bytes()[:9])
    for name in ("half.tif", "l.zarr"):
        data = read_labels_of_image(tmp_path / name).data
        with pytest.raises((LabelError, ImageError), match="file is whole") as raised:
            data[:]
        assert name in str(raised.value)
        assert "\n" not in str(raised.value)


@given(hnp.arrays(st.sampled_from([np.float32, np.float64]), (3, 4)))
def test_a_float_is_its_label_or_refused(values: np.ndarray) -> None:
    try:
        labels = WholeNumbers(values, "l")[:]
    except LabelError:
        assert not all(v.is_integer() and 0 <= v < 2**32 for v in values.ravel().tolist())
    else:
        np.testing.assert_array_equal(labels.astype(np.float64), values.astype(np.float64))


def test_labels_of_a_file_are_not_painted_into() -> None:
    with pytest.raises(LabelError, match="read only"):
        WholeNumbers(np.zeros((2, 2), int), "l")[0, 0] = 1
