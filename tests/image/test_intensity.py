"""Intensity: one mapping for a whole image, found by looking at little of it."""

import numpy as np
import pytest
import zarr
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from napari_sam.errors import ImageError
from napari_sam.image.intensity import IntensityMapping, contrast_mapping
from napari_sam.image.volume import Volume
from tests.image.counting_store import CountingStore


def whole(volume: Volume, plane: tuple[int, ...] = ()) -> np.ndarray:
    return volume.read(plane, 0, 0, volume.height, volume.width)


def test_8_bits_at_0_to_255_reach_the_model_unchanged():
    image = np.arange(256, dtype=np.uint8).reshape(16, 16)
    volume = Volume.from_array(image)
    rgb = contrast_mapping(volume, (0, 255)).apply(whole(volume))
    assert rgb.dtype == np.float32
    assert rgb.shape == (16, 16, 3)
    np.testing.assert_array_equal(rgb, np.repeat(image[..., None], 3, axis=2))


def test_colour_pictures_are_left_as_they_are():
    image = np.random.default_rng(0).integers(100, 120, (9, 8, 3), np.uint8)
    volume = Volume.from_array(image)
    mapping = contrast_mapping(volume)
    assert mapping.limits == ((0.0, 255.0),) * 3
    np.testing.assert_array_equal(mapping.apply(whole(volume)), image)


def test_limits_become_black_and_white():
    pixels = np.array([[[90], [100], [150], [200], [300]]], np.uint16)
    rgb = IntensityMapping(((100.0, 200.0),)).apply(pixels)
    assert rgb[0, :, 1].tolist() == [0, 0, 127.5, 255, 255]


def test_nan_is_black_and_the_infinite_is_at_the_ends():
    pixels = np.array([[[np.nan], [-np.inf], [np.inf], [1.0]]], np.float32)
    rgb = IntensityMapping(((0.0, 2.0),)).apply(pixels)
    assert rgb[0, :, 0].tolist() == [0, 0, 255, 127.5]


def test_channels_are_grey_then_red_green_blue():
    pixels = np.array([[[10, 20, 30]]], np.uint8)
    same = (0.0, 255.0)
    assert IntensityMapping((same,)).apply(pixels[..., :1]).tolist() == [[[10, 10, 10]]]
    assert IntensityMapping((same,) * 2).apply(pixels[..., :2]).tolist() == [[[10, 20, 0]]]
    assert IntensityMapping((same,) * 3).apply(pixels).tolist() == [[[10, 20, 30]]]


def test_large_whole_numbers_keep_their_differences():
    pixels = np.array([[[4_000_000_000], [4_000_000_050], [4_000_000_100]]], np.uint32)
    rgb = IntensityMapping(((4e9, 4e9 + 100),)).apply(pixels)
    assert rgb[0, :, 0].tolist() == [0, 127.5, 255]


def test_limits_finer_than_the_image_can_hold_do_not_overshoot():
    pixels = np.full((1, 1, 1), np.inf, np.float32)
    assert IntensityMapping(((-131073.0, -131073.0 + 0.9921875),)).apply(pixels).max() == 255


@settings(deadline=None)
@given(
    arrays(np.float32, (3, 4, 2), elements=st.floats(width=32)),
    st.floats(-1e6, 1e6),
    st.floats(1e-3, 1e6),
)
def test_whatever_the_values_the_model_sees_0_to_255(pixels, low, span):
    before = pixels.copy()
    rgb = IntensityMapping(((low, low + span),) * 2).apply(pixels)
    assert np.isfinite(rgb).all()
    assert rgb.min() >= 0
    assert rgb.max() <= 255
    np.testing.assert_array_equal(pixels, before)  # the image is not ours to change


# --- automatic -----------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int16", "float16", "float32", "float64"])
def test_automatic_limits_leave_out_the_extremes(dtype):
    image = np.linspace(20, 100, 10_000).reshape(100, 100).astype(dtype)
    image[0, 0], image[5, 5] = 0, 127  # a dead and a hot pixel
    ((low, high),) = contrast_mapping(Volume.from_array(image)).limits
    assert low == pytest.approx(20.4, abs=1)
    assert high == pytest.approx(99.8, abs=1)


def test_a_mask_is_black_and_white():
    image = np.zeros((20, 20), bool)
    image[5:15, 5:15] = True
    volume = Volume.from_array(image)
    rgb = contrast_mapping(volume).apply(whole(volume))
    np.testing.assert_array_equal(rgb[..., 0], np.where(image, 255, 0))


def test_each_channel_has_its_own_limits():
    image = np.stack([np.linspace(0, 10, 400), np.linspace(500, 900, 400)]).reshape(2, 20, 20)
    (low, high), (low_2, high_2) = contrast_mapping(Volume.from_array(image, axes="CYX")).limits
    assert (low, high) == pytest.approx((0.05, 9.98), abs=0.01)
    assert (low_2, high_2) == pytest.approx((502, 899.2), abs=0.1)


def test_nan_and_infinite_values_do_not_move_the_limits():
    image = np.linspace(0, 100, 900, dtype=np.float32).reshape(30, 30)
    plain = contrast_mapping(Volume.from_array(image)).limits
    holes = np.concatenate([image, [[np.nan] * 30, [np.inf] * 30, [-np.inf] * 30]])
    assert contrast_mapping(Volume.from_array(holes.astype(np.float32))).limits == plain


@pytest.mark.parametrize("value", [0.0, 7.0, np.nan, np.inf, -np.inf])
def test_an_image_of_one_value_is_seen_without_a_crash(value):
    volume = Volume.from_array(np.full((6, 7), value, np.float32))
    rgb = contrast_mapping(volume).apply(whole(volume))
    assert np.unique(rgb).size == 1
    assert np.isfinite(rgb).all()


def test_few_bright_pixels_on_nothing_stay_visible():
    image = np.zeros((200, 200), np.uint16)
    image[100, 100:105] = 1000
    assert contrast_mapping(Volume.from_array(image)).limits == ((0.0, 1000.0),)


@pytest.mark.parametrize("shape", [(1, 1), (3, 5000), (5000, 3), (1, 1_200_000)])
def test_odd_sizes_have_limits(shape):
    image = np.resize(np.arange(1000, dtype=np.uint16), shape)
    ((low, high),) = contrast_mapping(Volume.from_array(image)).limits
    assert low < high


def test_a_sample_of_a_large_image_stands_for_the_whole():
    y, x = np.mgrid[:2000, :3000].astype(np.float32)
    image = 1000 + y + 2 * x + 300 * np.sin(x / 40) * np.sin(y / 30)
    ((low, high),) = contrast_mapping(Volume.from_array(image)).limits
    true_low, true_high = np.percentile(image, (0.5, 99.8))
    span = true_high - true_low
    assert low == pytest.approx(true_low, abs=0.12 * span)
    assert high == pytest.approx(true_high, abs=0.12 * span)


def test_bleaching_over_time_is_seen_from_all_planes():
    image = np.linspace(1000, 100, 40).repeat(32 * 32).reshape(40, 32, 32)
    ((low, high),) = contrast_mapping(Volume.from_array(image, axes="TYX")).limits
    assert (low, high) == (100.0, 1000.0)


@pytest.mark.parametrize(
    ("shape", "chunks"),
    [
        ((20_000, 20_000), (1024, 1024)),
        ((1000, 40, 2048, 2048), (1, 1, 512, 512)),
        ((100, 50, 20_000, 20_000), (1, 1, 512, 512)),
    ],
)
def test_of_the_largest_images_few_chunks_are_read(shape, chunks):
    store = CountingStore()
    array = zarr.create_array(store, shape=shape, chunks=chunks, dtype=np.uint16, fill_value=5)
    volume = Volume.from_array(array)
    first = contrast_mapping(volume)
    assert 0 < len(store.chunks_read) <= 128
    chunks_of_first = list(store.chunks_read)
    store.chunks_read.clear()
    assert contrast_mapping(volume) == first
    assert sorted(store.chunks_read) == sorted(chunks_of_first)


# --- given ---------------------------------------------------------------------------------


def test_one_pair_is_for_all_channels():
    volume = Volume.from_array(np.zeros((2, 5, 6)), axes="CYX")
    assert contrast_mapping(volume, (3, 9)).limits == ((3.0, 9.0),) * 2
    assert contrast_mapping(volume, [(3, 9), (0, 1)]).limits == ((3.0, 9.0), (0.0, 1.0))


@pytest.mark.parametrize(
    "contrast",
    ["automatic", None, {}, 5, (1,), (9, 3), (3, 3), (0, np.nan), (0, np.inf), [(0, 1)] * 3, "12"],
)
def test_limits_that_make_no_sense_are_refused_in_one_line(contrast):
    volume = Volume.from_array(np.zeros((2, 5, 6)), axes="CYX")
    with pytest.raises(ImageError, match="contrast") as caught:
        contrast_mapping(volume, contrast)
    assert "\n" not in str(caught.value)


def test_the_key_is_readable():
    assert IntensityMapping(((0.0, 255.0),)).key == "0 to 255"
    assert IntensityMapping(((-5.0, 0.25), (100.0, 4000.0))).key == "-5 to 0.25; 100 to 4000"


@settings(deadline=None)
@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=4, max_size=4))
def test_different_limits_have_different_keys(values):
    one = IntensityMapping(((values[0], values[1]),))
    other = IntensityMapping(((values[2], values[3]),))
    assert (one.key == other.key) == (str(one) == str(other))
