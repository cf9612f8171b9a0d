"""Pixels that several objects claim: each goes to one of them."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_sam.masks.mask import Mask
from napari_sam.masks.pixels.contested import share_contested, share_pixels
from tests.masks.drawing import disc, full

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


@settings(deadline=None, max_examples=50)
@given(
    st.lists(
        st.tuples(st.integers(10, 50), st.integers(10, 50), st.integers(2, 14)),
        min_size=1,
        max_size=5,
    )
)
def test_no_pixel_has_two_owners_and_none_is_lost(discs: list[tuple[int, int, int]]) -> None:
    found = {i: disc(y, x, r, size=64) for i, (y, x, r) in enumerate(discs)}
    expected = {i: disc(y + 2, x - 1, r, size=64) for i, (y, x, r) in enumerate(discs)}
    shared = share_pixels(found, expected)
    canvases = {i: full(mask, (64, 64)) for i, mask in shared.items()}
    before = {i: full(mask, (64, 64)) for i, mask in found.items()}
    assert np.sum(list(canvases.values()), axis=0).max() <= 1
    np.testing.assert_array_equal(
        np.any(list(canvases.values()), axis=0), np.any(list(before.values()), axis=0)
    )
    assert all((canvases[i] <= before[i]).all() for i in found)


def test_a_pixel_of_two_goes_to_the_one_it_was_nearer_to() -> None:
    wide = Mask((0,), (10, 5, 30, 55), np.ones((20, 50), bool), 0.9, 5.0)
    expected = {1: disc(20, 15, 6), 2: disc(20, 40, 11)}
    shared = {i: full(m) for i, m in share_pixels({1: wide, 2: wide}, expected).items()}
    np.testing.assert_array_equal(shared[1] | shared[2], full(wide))
    assert not (shared[1] & shared[2]).any()
    # the discs end at 20 and at 30: on the row of their centres halfway is at 25
    assert np.flatnonzero(shared[1][20]).tolist() == list(range(5, 26))
    assert np.flatnonzero(shared[2][20]).tolist() == list(range(26, 55))
    assert all((shared[i] >= (full(mask) & full(wide))).all() for i, mask in expected.items())
