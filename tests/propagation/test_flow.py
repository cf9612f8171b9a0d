"""Masks are carried from plane to plane as the image moves."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter

from napari_sam.image.volume import Volume
from napari_sam.masks.mask import Mask
from napari_sam.propagation.ending import overlap
from napari_sam.propagation.flow import carry
from tests.masks.drawing import disc, full
from tests.propagation.drawing import seed_of, textured, tubes


def moving_texture() -> Volume:
    """The same texture on three planes, moved by (3, -2) from each to the next."""
    texture = np.random.default_rng(0).normal(size=(160, 160))
    smooth = np.stack([np.roll(texture, (i, j), (0, 1)) for i in range(5) for j in range(5)])
    one = smooth.mean(axis=0)
    planes = [one[40 - 3 * z : 136 - 3 * z, 40 + 2 * z : 136 + 2 * z] for z in range(3)]
    return Volume.from_array(np.stack(planes).astype(np.float32), axes="ZYX")


def test_a_mask_is_carried_as_the_image_moves() -> None:
    carried = carry(disc(40, 50, 12), (0, 0), moving_texture(), (1,))
    assert carried.plane == (1,)
    assert overlap(carried, disc(43, 48, 12)) > 0.9


def test_where_nothing_moves_a_mask_stays_exactly() -> None:
    image = moving_texture().data[0]
    volume = Volume.from_array(np.stack([image, image, np.zeros_like(image)]), axes="ZYX")
    mask = disc(40, 50, 12)
    np.testing.assert_array_equal(full(carry(mask, (0, 0), volume, (1,))), full(mask))
    blank = Volume.from_array(np.zeros((2, 96, 96), np.uint8), axes="ZYX")
    np.testing.assert_array_equal(full(carry(mask, (0, 0), blank, (1,))), full(mask))


def test_an_object_leaves_the_image_bit_by_bit() -> None:
    blank = Volume.from_array(np.zeros((2, 96, 96), np.uint8), axes="ZYX")
    half = carry(disc(48, 48, 10), (0, -48), blank, (1,))
    np.testing.assert_array_equal(full(half), full(disc(48, 0, 10)))
    assert carry(disc(48, 48, 10), (0, -70), blank, (1,)).empty


def test_holes_in_the_data_and_tiny_and_large_images_are_carried_over() -> None:
    broken = np.full((2, 96, 96), np.nan, np.float32)
    broken[:, 20:60, 20:60] = moving_texture().data[0, 20:60, 20:60]
    broken[1, 30, 30] = np.inf
    volume = Volume.from_array(broken, axes="ZYX")
    assert overlap(carry(disc(40, 40, 9), (0, 0), volume, (1,)), disc(40, 40, 9)) > 0.7
    tiny = Volume.from_array(np.arange(2 * 64).reshape(2, 8, 8).astype(np.uint8), axes="ZYX")
    assert carry(disc(4, 4, 3, size=8), (0, 0), tiny, (1,)).area > 0
    noise = np.random.default_rng(0).integers(0, 255, (1, 700, 700), dtype=np.uint8)
    large = Volume.from_array(np.concatenate([noise, noise]), axes="ZYX")
    wide = disc(350, 350, 300, size=700)
    assert overlap(carry(wide, (0, 0), large, (1,)), wide) > 0.98


def test_a_large_object_is_carried_as_the_image_moves() -> None:
    """Its region is shrunk before the flow is estimated."""
    texture = gaussian_filter(np.random.default_rng(0).normal(size=(640, 640)), 4)
    planes = np.stack([texture[20:620, 20:620], texture[12:612, 27:627]]).astype(np.float32)
    unmoved, moved = disc(300, 300, 240, size=600), disc(308, 293, 240, size=600)
    carried = carry(unmoved, (0, 0), Volume.from_array(planes, axes="ZYX"), (1,))
    assert overlap(carried, moved) > 0.985
    assert overlap(unmoved, moved) < 0.95


def test_a_shift_brings_a_mask_where_flow_alone_would_not() -> None:
    texture = gaussian_filter(np.random.default_rng(0).normal(size=(160, 160)), 1.5)
    planes = np.stack([texture[40:136, 30:126], texture[15:111, 50:146]]).astype(np.float32)
    volume = Volume.from_array(planes, axes="ZYX")
    true = disc(65, 35, 12)
    assert overlap(carry(disc(40, 55, 12), (25, -20), volume, (1,)), true) > 0.95
    assert overlap(carry(disc(40, 55, 12), (0, 0), volume, (1,)), true) < 0.5


@settings(deadline=None, max_examples=60)
@given(
    st.integers(0, 29),
    st.integers(0, 23),
    st.integers(1, 9),
    st.integers(-40, 40),
    st.integers(-40, 40),
)
def test_what_is_carried_lies_in_the_image(y: int, x: int, radius: int, dy: int, dx: int) -> None:
    noise = np.random.default_rng(0).random((2, 30, 24), np.float32)
    pixels = full(disc(y, x, radius, size=30), (30, 30))[:, :24]
    mask = Mask((0,), (0, 0, 30, 24), pixels, 0.9, 5.0).tight()
    carried = carry(mask, (dy, dx), Volume.from_array(noise, axes="ZYX"), (1,))
    y0, x0, y1, x1 = carried.bbox
    if not carried.empty:
        assert 0 <= y0 < y1 <= 30
        assert 0 <= x0 < x1 <= 24
        assert carried.bbox == carried.tight().bbox
    my0, mx0, my1, mx1 = mask.bbox
    if my1 + dy <= 0 or mx1 + dx <= 0 or my0 + dy >= 30 or mx0 + dx >= 24:
        assert carried.empty


def test_in_an_image_too_small_for_flow_a_mask_stays() -> None:
    tiny = np.random.default_rng(0).random((2, 8, 8), np.float32)
    mask = disc(4, 4, 3, size=8)
    carried = carry(mask, (0, 0), Volume.from_array(tiny, axes="ZYX"), (1,))
    np.testing.assert_array_equal(full(carried, (8, 8)), full(mask, (8, 8)))


def test_large_values_are_carried_over() -> None:
    image = textured(tubes()).astype(np.float64)
    image[:, :20, :20] = 1e300
    carry(seed_of(tubes(), 5, 2), (0, 0), Volume.from_array(image, axes="ZYX"), (6,))
