"""Holes are filled up to a size; a gap along a diagonal does not open them."""

import math

import numpy as np
import pytest

from napari_sam.masks.pixels.holes import fill_holes


@pytest.mark.parametrize(("largest", "filled"), [(0, 0), (1, 1), (3, 1), (4, 5), (math.inf, 5)])
def test_holes_are_filled_up_to_a_size(largest: float, filled: int) -> None:
    pixels = np.ones((8, 9), bool)
    pixels[1, 1] = pixels[3:5, 3:5] = False  # holes of one and of four pixels
    pixels[6:, 6:] = False  # open to the outside
    assert fill_holes(pixels, largest).sum() == pixels.sum() + filled


def test_a_diagonal_gap_does_not_open_a_hole() -> None:
    pixels = np.array([[0, 1, 1], [1, 0, 1], [1, 1, 1]], bool)
    assert fill_holes(pixels, 1)[1, 1]
    assert not fill_holes(pixels, 1)[0, 0]


def test_a_mask_without_holes_is_returned_as_it_is() -> None:
    pixels = np.ones((3, 4), bool)
    assert fill_holes(pixels, math.inf) is pixels
