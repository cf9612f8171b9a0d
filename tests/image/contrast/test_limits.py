"""Limits: the same for an image and for the image with a frame, hot pixels or dust."""

from typing import Any

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from skimage import data

from napari_sam.image.intensity import contrast_mapping
from napari_sam.image.volume import Volume
from tests.image.contrast.scenes import nuclei, usual_limits

IMAGE, _ = nuclei((700, 800), 25)

BOUND = 0.12
"""Share of the range by which a limit may move: 0.1 at which limits of all pixels are still used,
and 0.02 for the content that is lost or added at edges."""


def limits(image: Any, **fields: Any) -> tuple[float, float]:
    ((low, high),) = contrast_mapping(Volume.from_array(image, **fields)).limits
    return low, high


def assert_hardly_moved(after: tuple[float, float], before: tuple[float, float]) -> None:
    allowed = BOUND * (before[1] - before[0])
    assert after == pytest.approx(before, abs=allowed)


def test_ordinary_images_keep_the_limits_that_they_had():
    """Cached embeddings belong to these numbers."""
    demo = data.immunohistochemistry()
    assert contrast_mapping(Volume.from_array(demo)).limits == ((0.0, 255.0),) * 3
    assert limits(demo[..., 0]) == (90.0, 246.0)
    assert limits(demo[..., 2]) == (25.0, 246.0)
    for image in (data.camera(), data.coins(), data.cell(), data.page(), IMAGE):
        assert limits(image) == usual_limits(image)


@pytest.mark.parametrize("value", ["dtype", "scale", "sparse", "bright cells", "clean background"])
def test_so_do_images_of_which_the_usual_limits_are_good(value):
    variants = {
        "dtype": IMAGE.astype(np.float32) / 7 - 20,
        "scale": IMAGE * np.uint16(16),  # 12 bits in the upper part of 16
        "sparse": nuclei((700, 800), 2)[0],
        "bright cells": np.where(IMAGE > 300, IMAGE * np.uint16(20), IMAGE),
        "clean background": np.where(IMAGE < 150, 0, IMAGE),
    }
    assert limits(variants[value]) == usual_limits(variants[value])


@settings(deadline=None, max_examples=15)
@given(
    st.tuples(*[st.integers(0, 500)] * 4).filter(any),
    st.sampled_from([0, 65535]),
    st.integers(0, 3),
)
def test_a_frame_hardly_moves_the_limits(frame, value, seed):
    image, _ = nuclei((500, 500), 15, seed=seed)
    top, bottom, left, right = frame
    framed = np.pad(image, ((top, bottom), (left, right)), constant_values=value)
    assert_hardly_moved(limits(framed), limits(image))


@settings(deadline=None, max_examples=15)
@given(st.floats(0, 0.02), st.sampled_from([0, 65535]), st.integers(0, 100))
@example(0.00839382544416076, 65535, 100)  # just as many as the percentile leaves out
def test_hot_and_dead_pixels_hardly_move_the_limits(share, value, seed):
    image = IMAGE.copy()
    chosen = np.random.default_rng(seed).random(image.shape) < share
    chosen[::2] = chosen[:, ::2] = False  # single pixels
    assume(chosen.mean() < 0.0049)  # the limits leave out half a per cent, and no more
    image[chosen] = value
    assert_hardly_moved(limits(image), limits(IMAGE))


def test_a_hot_pixel_among_few_cells_on_nothing():
    image = np.zeros((900, 900), np.uint16)
    image[100:120, 100:120] = np.random.default_rng(0).integers(200, 300, (20, 20))
    before = limits(image)
    assert before == pytest.approx((0, 300), abs=1)
    image[500, 500] = 65535
    assert limits(image) == before


@pytest.mark.parametrize(
    ("radius", "soft"), [(5, False), (5, True), (20, False), (20, True), (40, False)]
)
def test_bright_dust_hardly_moves_the_limits(radius, soft):
    y, x = np.mgrid[: IMAGE.shape[0], : IMAGE.shape[1]]
    away = np.hypot(y - 350, x - 420)
    dust = np.exp(-((away / radius) ** 2)) if soft else away < radius
    dusty = np.clip(IMAGE + 60_000 * dust, 0, 65535).astype(np.uint16)
    assert_hardly_moved(limits(dusty), limits(IMAGE))
    assert_hardly_moved(limits(dusty.max() - dusty), limits(dusty.max() - IMAGE))


def test_one_bright_cell_is_not_dust():
    image, _ = nuclei((300, 300), 1, noise=1)
    bright = image.astype(np.float32) ** 2
    assert limits(bright) == usual_limits(bright)


def test_nan_surroundings_do_not_move_the_limits():
    image = IMAGE.astype(np.float32)
    holes = np.pad(image, 300, constant_values=np.nan)
    holes[5:9, 5:9] = np.inf
    assert_hardly_moved(limits(holes), limits(image))


def test_missing_planes_do_not_move_the_limits():
    stack = np.stack([IMAGE] * 3 + [np.zeros_like(IMAGE)] * 5)
    assert_hardly_moved(limits(stack), limits(IMAGE))


def test_objects_of_one_value_stay_apart_from_their_background():
    image = np.zeros((400, 400), np.uint16)
    image[50:350, 50:350] = 7
    assert limits(image) == (0.0, 7.0)


@pytest.mark.parametrize(
    ("values", "expected"),
    [((100, 101), (100, 101)), ((100, 101, 102), (100, 104)), ((0, 1, 2, 3, 4, 5), (0, 5))],
)
def test_noise_of_a_few_levels_is_not_stretched_to_white(values, expected):
    image = np.random.default_rng(0).choice(values, (100, 100)).astype(np.uint16)
    assert limits(image) == expected


def test_float_noise_of_rounding_is_not_stretched_to_white():
    image = np.full((50, 50), 1000, np.float32)
    image[::2] = np.nextafter(np.float32(1000), np.float32(2000))
    low, high = limits(image)
    assert (low, high) == pytest.approx((1000, 1000.001))
