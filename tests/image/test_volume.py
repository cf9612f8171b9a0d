"""Volume: what counts as an image, what its axes are, and that only what is asked for is read."""

from collections.abc import Iterator
from typing import Any

import dask.array as da
import numpy as np
import pytest
import tifffile
import zarr
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_sam.errors import ImageError
from napari_sam.image.volume import Volume
from tests.image.counting_store import CountingStore

SHAPE = (2, 3, 4, 33, 47)  # TCZYX


@pytest.mark.parametrize(
    ("shape", "axes"),
    [
        ((1, 1), "YX"),
        ((3, 5000), "YX"),
        ((5000, 3), "YX"),
        ((7, 20, 30), "ZYX"),
        ((20, 30, 3), "YXC"),
        ((20, 30, 4), "YXC"),
        ((7, 20, 30, 3), "ZYXC"),
        ((2, 7, 20, 30), "TZYX"),
        ((2, 3, 7, 20, 30), "TCZYX"),
        ((2, 7, 20, 30, 3), "TZYXC"),
    ],
)
def test_axes_are_guessed_from_the_shape(shape, axes):
    assert Volume.from_array(np.zeros(shape, np.uint8)).axes == axes


def test_names_of_a_stack_with_channels():
    volume = Volume.from_array(np.zeros(SHAPE, np.uint16), scale=[9, 2, 0.5, 0.25])
    assert (volume.label_axes, volume.label_shape) == ("TZYX", (2, 4, 33, 47))
    assert (volume.plane_axes, volume.plane_shape) == ("TZ", (2, 4))
    assert (volume.height, volume.width, volume.dtype) == (33, 47, np.uint16)
    assert volume.scale == (9.0, 2.0, 0.5, 0.25)
    assert volume.translate == (0.0, 0.0, 0.0, 0.0)
    assert volume.units == ("pixel",) * 4
    assert volume.channels == (0, 1, 2)
    assert not volume.is_rgb
    assert list(volume.planes()) == [(t, z) for t in range(2) for z in range(4)]


def test_a_single_image_has_one_plane_without_index():
    volume = Volume.from_array(np.zeros((5, 6)))
    assert list(volume.planes()) == [()]
    assert (volume.plane_axes, volume.channels) == ("", (0,))


def test_alpha_is_not_looked_at():
    rgba = np.random.default_rng(0).integers(0, 255, (5, 6, 4), np.uint8)
    volume = Volume.from_array(rgba)
    assert volume.is_rgb
    assert volume.label_shape == (5, 6)
    np.testing.assert_array_equal(volume.read((), 0, 0, 5, 6), rgba[..., :3])


def test_the_first_three_of_many_channels_are_seen_unless_others_are_chosen():
    data = np.arange(6 * 4 * 5).reshape(6, 4, 5)
    assert Volume.from_array(data, axes="CYX").channels == (0, 1, 2)
    volume = Volume.from_array(data, axes="CYX", channels=[5, 1])
    np.testing.assert_array_equal(
        volume.read((), 1, 2, 3, 5), data[[5, 1], 1:3, 2:5].transpose(1, 2, 0)
    )
    one = Volume.from_array(data, axes="CYX", channels=4)
    np.testing.assert_array_equal(one.read((), 0, 0, 4, 5), data[4][..., None])


def test_nested_lists_are_an_image():
    volume = Volume.from_array([[1, 2, 3], [4, 5, 6]])
    assert volume.read((), 1, 1, 2, 3).tolist() == [[[5], [6]]]


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int16", "float16", "float32", "bool", ">u2"])
def test_pixels_keep_their_own_dtype(dtype):
    volume = Volume.from_array(np.ones((3, 4), dtype))
    assert volume.read((), 0, 0, 3, 4).dtype == np.dtype(dtype)


@pytest.mark.parametrize(
    ("data", "given_axes", "says"),
    [
        (None, None, "not an image"),
        ("nuclei", None, "not an image"),
        (np.zeros(7), None, "1 dimensions: give an image of 2 to 5"),
        (np.zeros((1,) * 7), None, "7 dimensions: give an image of 2 to 5"),
        (np.zeros((0, 5)), None, r"is empty, its shape is \(0, 5\)"),
        (np.zeros((4, 5), complex), None, "holds complex128 values: convert it"),
        (np.full((4, 5), None), None, "holds object values: convert it"),
        ([np.zeros((4, 5)), np.zeros((2, 2))], None, "of an image pyramid one level"),
        (np.zeros((4, 5)), "ZYX", "name 3 dimensions but image has 2"),
        (np.zeros((4, 5)), "XY", "must end in YX"),
        (np.zeros((3, 4, 5)), "YYX", "at most once"),
        (np.zeros((3, 4, 5)), "QYX", "use each of T, C, Z, Y, X"),
    ],
)
def test_what_is_no_image_is_refused_in_one_line(data, given_axes, says):
    with pytest.raises(ImageError, match=says) as caught:
        Volume.from_array(data, axes=given_axes)
    assert "\n" not in str(caught.value)


def test_dask_arrays_of_unknown_size_are_refused():
    numbers = da.arange(10, chunks=5)
    with pytest.raises(ImageError, match="known chunk sizes"):
        Volume.from_array(numbers[numbers > 3][:, None])


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"channels": [1]}, "choose one to three from 0 to 0"),
        ({"channels": []}, "choose one to three"),
        ({"scale": [1.0]}, "give 2 finite numbers, for YX"),
        ({"scale": [0.0, 1.0]}, "other than 0"),
        ({"scale": [np.nan, 1.0]}, "finite"),
        ({"translate": ["here", "there"]}, "give 2 finite numbers"),
        ({"units": ["um"]}, "give 2, one for each of YX"),
        ({"units": "um"}, "give 2, one for each of YX"),
    ],
)
def test_what_does_not_fit_the_image_is_refused(wrong, says):
    with pytest.raises(ImageError, match=says):
        Volume.from_array(np.zeros((4, 5)), **wrong)


# --- reading -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def pixels() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 65535, SHAPE).astype(np.uint16)


@pytest.fixture(scope="module", params=["numpy", "dask", "zarr", "tifffile"])
def lazy(request: pytest.FixtureRequest, pixels: np.ndarray, tmp_path_factory) -> Iterator[Any]:
    """The same pixels in each kind of array that people have."""
    if request.param == "tifffile":
        path = tmp_path_factory.mktemp("tiff") / "stack.tif"
        axes = {"axes": "TCZYX"}
        tifffile.imwrite(path, pixels, tile=(16, 16), photometric="minisblack", metadata=axes)
        with tifffile.imread(path, aszarr=True) as store:
            yield zarr.open_array(store, mode="r")
    elif request.param == "zarr":
        yield zarr.create_array({}, data=pixels, chunks=(1, 1, 2, 16, 16))
    else:
        yield pixels if request.param == "numpy" else da.from_array(pixels, (1, 1, 2, 16, 16))


spans = st.tuples(st.integers(0, 32), st.integers(0, 46)).flatmap(
    lambda start: st.tuples(st.just(start), st.integers(start[0], 33), st.integers(start[1], 47))
)


@settings(deadline=None, max_examples=30)
@given(
    plane=st.tuples(st.integers(0, 1), st.integers(0, 3)),
    span=spans,
    channels=st.lists(st.integers(0, 2), min_size=1, max_size=3),
)
def test_reading_is_indexing(lazy, pixels, plane, span, channels):
    (y0, x0), y1, x1 = span
    (t, z) = plane
    volume = Volume.from_array(lazy, axes="TCZYX", channels=channels)
    got = volume.read(plane, y0, x0, y1, x1)
    assert isinstance(got, np.ndarray)
    assert got.dtype == np.uint16
    np.testing.assert_array_equal(got, np.moveaxis(pixels[t, channels, z, y0:y1, x0:x1], 0, -1))


def test_zarr_reads_the_chunks_of_the_region_and_no_others():
    store = CountingStore()
    array = zarr.create_array(store, data=np.ones((3, 64, 64), np.uint8), chunks=(1, 16, 16))
    volume = Volume.from_array(array)
    assert store.chunks_read == []
    volume.read((2,), 16, 20, 33, 30)
    assert sorted(store.chunks_read) == ["c/2/1/1", "c/2/2/1"]


def test_chunks_that_hold_several_colours_are_read_once():
    store = CountingStore()
    array = zarr.create_array(store, data=np.ones((64, 64, 3), np.uint8), chunks=(32, 32, 3))
    Volume.from_array(array).read((), 0, 0, 32, 32)
    assert store.chunks_read == ["c/0/0/0"]


def test_channels_that_are_not_seen_are_not_read():
    store = CountingStore()
    array = zarr.create_array(store, data=np.ones((4, 32, 32), np.uint8), chunks=(1, 32, 32))
    volume = Volume.from_array(array, axes="CYX", channels=[3, 1])
    volume.read((), 0, 0, 8, 8)
    assert sorted(store.chunks_read) == ["c/1/0/0", "c/3/0/0"]


def test_dask_computes_the_chunks_of_the_region_and_no_others():
    computed = []

    def block(block_info: Any = None) -> np.ndarray:
        computed.append(block_info[None]["chunk-location"])
        return np.ones((1, 16, 16), np.uint8)

    chunks = ((1,) * 3, (16,) * 4, (16,) * 4)
    lazy = da.map_blocks(block, chunks=chunks, dtype=np.uint8, meta=np.empty((0, 0, 0), np.uint8))
    volume = Volume.from_array(lazy)
    assert computed == []
    assert volume.read((1,), 15, 0, 17, 16).shape == (2, 16, 1)
    assert sorted(computed) == [(1, 0, 0), (1, 1, 0)]


def test_a_broken_chunk_is_told_in_one_line(tmp_path):
    array = zarr.create_array(
        tmp_path / "a.zarr", data=np.arange(400).reshape(20, 20), chunks=(10, 20)
    )
    chunk = tmp_path / "a.zarr" / "c" / "1" / "0"
    chunk.write_bytes(chunk.read_bytes()[:20])
    volume = Volume.from_array(array, name="embryo")
    assert volume.read((), 0, 0, 10, 20).sum() == np.arange(200).sum()
    with pytest.raises(ImageError, match="part of embryo cannot be read") as caught:
        volume.read((), 10, 0, 20, 20)
    assert "\n" not in str(caught.value)


def test_a_shape_that_no_disk_holds_is_damage() -> None:
    huge = np.broadcast_to(np.uint8(0), (2, 1 << 30, 1 << 30))
    with pytest.raises(ImageError, match="claims to have the shape"):
        Volume.from_array(huge, name="huge.zarr")
