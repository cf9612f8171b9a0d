"""The sample tells an image from others by pixels, and is cheap however large the image is."""

from dataclasses import replace
from typing import Any

import dask.array as da
import numpy as np
import pytest
import zarr
from napari.layers import Image

from napari_sam.plugin.image.image_sample import old_sample_of, sample_of
from napari_sam.plugin.image.image_source import ImageSource, read_image_layer


def source_of(data: Any, **kwargs: Any) -> ImageSource:
    layer = Image(data, contrast_limits=(0, 255), name="cells", **kwargs)
    return read_image_layer(layer, (0.0,) * layer.ndim, auto_contrast=False)


def spot(size: int, y: int, x: int) -> np.ndarray:
    """A picture with a black corner and a black middle."""
    data = np.zeros((size, size), np.uint8)
    data[y : y + 12, x : x + 12] = np.random.default_rng(0).integers(9, 255, (12, 12))
    return data


@pytest.mark.parametrize("size", [512, 3000])
def test_a_black_corner_and_middle_make_no_images_equal(size: int) -> None:
    one, other = (source_of(spot(size, size // 5, x * size // 10)) for x in (1, 3))
    assert old_sample_of(one) == (old_sample_of(other)[0], False)
    if size == 512:  # all pixels
        assert sample_of(one, "") == sample_of(source_of(spot(size, size // 5, size // 10)), "")
        assert sample_of(one, "") != sample_of(other, "")
    else:  # a spot that no window need meet: the file decides
        assert sample_of(one, "a.tif") != sample_of(other, "b.tif")


def slide(seed: int, holding: float = 0.02) -> np.ndarray:
    """A slide scan: mostly empty, with some tissue."""
    data = np.zeros((4096, 4096), np.uint8)
    side = int(4096 * holding**0.5)
    data[300 : 300 + side, 2500 : 2500 + side] = np.random.default_rng(seed).integers(
        1, 255, (side, side)
    )
    return data


def test_tissue_on_two_hundredths_of_a_slide_is_found() -> None:
    one, other = source_of(slide(0)), source_of(slide(1))
    assert sample_of(one, "a") == sample_of(replace(one, name="renamed"), "moved")
    assert sample_of(one, "a") != sample_of(other, "a")


def test_of_constant_images_the_file_tells() -> None:
    black = source_of(np.zeros((3000, 3000), np.uint8))
    assert sample_of(black, "a.tif") == sample_of(black, "a.tif")
    assert sample_of(black, "a.tif") != sample_of(black, "b.tif")
    assert not old_sample_of(black)[1]


@pytest.mark.parametrize(
    "shape", [(2100, 2100), (7, 900, 1000), (2, 3, 900, 1000), (5, 2000, 1000)]
)
def test_numpy_zarr_and_dask_of_the_same_pixels_are_the_same_image(shape: tuple[int, ...]) -> None:
    data = np.random.default_rng(0).integers(0, 60000, shape, dtype=np.uint16)
    stored = zarr.create_array(
        zarr.storage.MemoryStore(), shape=shape, chunks=(*(1 for _ in shape[:-2]), 512, 512),
        dtype="uint16",
    )  # fmt: skip
    stored[:] = data
    expected = sample_of(source_of(data), "")
    big_endian = data.astype(">u2")
    for other in (stored, da.from_array(data, chunks="auto"), da.from_zarr(stored), big_endian):
        assert sample_of(source_of(other), "") == expected
    changed = data.copy()
    changed[..., 1000 * shape[-2] // 2000 :, :] += 1
    assert sample_of(source_of(changed), "") != expected


class Counting:
    """An array of 40,000 x 40,000 that counts what is read of it."""

    shape, ndim, dtype = (40_000, 40_000), 2, np.dtype("uint8")

    def __init__(self, value: int) -> None:
        self.value, self.read = value, 0

    def __getitem__(self, index: Any) -> np.ndarray:
        rows, columns = index
        y, x = np.ogrid[rows, columns]
        pixels = ((y + x) * self.value).astype(np.uint8)
        self.read += pixels.size
        return pixels


@pytest.mark.parametrize(("value", "windows"), [(1, 48), (0, 960)])
def test_of_a_large_image_little_is_read(value: int, windows: int) -> None:
    array = Counting(value)
    sample_of(replace(source_of(np.zeros((9, 9), np.uint8)), data=array), "")
    assert array.read == windows * 32 * 32


def test_colours_are_a_part_of_the_pixels() -> None:
    rng = np.random.default_rng(0)
    data = rng.integers(0, 255, (1500, 1500, 3), dtype=np.uint8)
    other = data[..., ::-1].copy()
    assert sample_of(source_of(data), "") != sample_of(source_of(other), "")
