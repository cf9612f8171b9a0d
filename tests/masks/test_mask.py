"""Mask: its area, its emptiness, and the smallest box that holds it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis.extra.numpy import array_shapes, arrays

from napari_sam.masks.mask import Mask


def mask_at(y0: int, x0: int, pixels: np.ndarray) -> Mask:
    h, w = pixels.shape
    return Mask((3,), (y0, x0, y0 + h, x0 + w), pixels, iou=0.9, object_score=4.0)


def test_tight_keeps_the_object_where_it_is():
    pixels = np.zeros((6, 8), bool)
    pixels[2:5, 3:4] = True
    pixels[4, 6] = True
    tight = mask_at(10, 20, pixels).tight()
    assert tight.bbox == (12, 23, 15, 27)
    assert tight.pixels.tolist() == [
        [True, False, False, False],
        [True, False, False, False],
        [True, False, False, True],
    ]
    assert (tight.plane, tight.iou, tight.object_score) == ((3,), 0.9, 4.0)
    assert tight.area == 4


def test_tight_of_an_empty_mask_has_no_pixels():
    tight = mask_at(10, 20, np.zeros((6, 8), bool)).tight()
    assert tight.bbox == (10, 20, 10, 20)
    assert tight.empty
    assert tight.area == 0


def test_tight_does_not_keep_the_large_mask_alive():
    pixels = np.ones((100, 100), bool)
    assert mask_at(0, 0, pixels).tight().pixels.base is None


@settings(deadline=None)
@given(arrays(bool, array_shapes(min_dims=2, max_dims=2, min_side=0, max_side=9)))
def test_tight_loses_no_pixel_and_touches_all_sides(pixels):
    tight = mask_at(5, 7, pixels).tight()
    y0, x0, y1, x1 = tight.bbox
    plane = np.zeros((20, 20), bool)
    plane[y0:y1, x0:x1] = tight.pixels
    expected = np.zeros((20, 20), bool)
    expected[5 : 5 + pixels.shape[0], 7 : 7 + pixels.shape[1]] = pixels
    assert (plane == expected).all()
    for side in (tight.pixels[:1], tight.pixels[-1:], tight.pixels[:, :1], tight.pixels[:, -1:]):
        assert side.any() or tight.empty


@pytest.mark.parametrize("pixels", [np.ones((2, 3), bool), np.ones((3, 3), np.uint8)])
def test_pixels_that_do_not_fill_the_bbox_are_refused(pixels):
    with pytest.raises(ValueError, match="must be bool and of shape"):
        Mask((), (0, 0, 3, 3), pixels, iou=0.0, object_score=0.0)
