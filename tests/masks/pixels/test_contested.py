"""Pixels that several objects claim: each goes to one of them."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from napari_sam.masks.mask import Mask
from napari_sam.masks.pixels.contested import share_contested

SIDE = 40


def square(y: int, x: int, size: int) -> Mask:
    return Mask((), (y, x, y + size, x + size), np.ones((size, size), bool), 1.0, 1.0)


def drawn(mask: Mask) -> np.ndarray:
    canvas = np.zeros((SIDE, SIDE), bool)
    y0, x0, y1, x1 = mask.bbox
    canvas[y0:y1, x0:x1] = mask.pixels
    return canvas


def test_a_contested_strip_is_cut_in_its_middle() -> None:
    left, right = square(5, 0, 12), square(5, 8, 12)  # columns 8 to 11 are in both
    shared = share_contested({1: left, 2: right})
    assert [drawn(shared[i]).any(axis=0).nonzero()[0].tolist() for i in (1, 2)] == [
        list(range(10)),
        list(range(10, 20)),
    ]


def test_a_nucleus_in_a_cell_keeps_its_pixels() -> None:
    cell, nucleus = square(2, 2, 20), square(8, 8, 5)
    shared = share_contested({1: cell, 2: nucleus})
    np.testing.assert_array_equal(drawn(shared[2]), drawn(nucleus))
    np.testing.assert_array_equal(drawn(shared[1]), drawn(cell) & ~drawn(nucleus))


def test_objects_that_share_nothing_are_as_they_were() -> None:
    apart = {3: square(0, 0, 5), 7: square(20, 20, 6)}
    shared = share_contested(apart)
    assert all(shared[i].bbox == mask.bbox for i, mask in apart.items())
    assert all((shared[i].pixels == mask.pixels).all() for i, mask in apart.items())


places = st.tuples(st.integers(0, 28), st.integers(0, 28), st.integers(1, 12))


@given(st.lists(places, min_size=1, max_size=5))
def test_every_claimed_pixel_has_one_owner_who_claimed_it(squares: list) -> None:
    found = {number: square(*where) for number, where in enumerate(squares, start=1)}
    shared = share_contested(found)
    owners = np.sum([drawn(mask).astype(int) for mask in shared.values()], axis=0)
    claimed = np.any([drawn(mask) for mask in found.values()], axis=0)
    np.testing.assert_array_equal(owners, claimed.astype(int))
    assert all(not (drawn(shared[i]) & ~drawn(mask)).any() for i, mask in found.items())
