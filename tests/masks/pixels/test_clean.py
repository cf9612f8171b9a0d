"""Clean: what a mask looks like without holes, islands and rough outlines, and what stays."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.ndimage import binary_closing, binary_opening, gaussian_filter
from skimage.measure import label as connected_components

from napari_sam.masks.mask import Mask
from napari_sam.masks.pixels.clean import ALL_HOLES, AS_IT_IS, Cleaning


def mask_of(*rows: str, at: tuple[int, int] = (0, 0)) -> Mask:
    return as_mask(np.array([[char != "." for char in row] for row in rows]), at)


def as_mask(pixels: np.ndarray, at: tuple[int, int] = (0, 0)) -> Mask:
    bbox = (*at, at[0] + pixels.shape[0], at[1] + pixels.shape[1])
    return Mask((), bbox, pixels, iou=0.9, object_score=2.0)


def drawn(mask: Mask, shape: tuple[int, int]) -> np.ndarray:
    full = np.zeros(shape, bool)
    y0, x0, y1, x1 = mask.bbox
    full[y0:y1, x0:x1] = mask.pixels
    return full


def rows(mask: Mask, *size: int) -> list[str]:
    return ["".join("#" if p else "." for p in row) for row in drawn(mask, size)]


RING = (
    "#####..",
    "#...#..",
    "#.#.#.#",
    "#...#..",
    "#####..",
)


def test_nothing_is_done_by_default() -> None:
    mask = replace(mask_of(*RING), low_res_logits=np.zeros((2, 2), np.float32))
    assert AS_IT_IS.apply(mask) is mask


@pytest.mark.parametrize(("largest", "filled"), [(6, False), (7, True), (ALL_HOLES, True)])
def test_holes_up_to_a_size_are_filled(largest: float, filled: bool) -> None:
    ring = mask_of("#####", "#...#", "#.###", "#...#", "#####", at=(3, 4))
    cleaned = Cleaning(holes=largest).apply(ring)
    assert cleaned.bbox == (3, 4, 8, 9)
    assert cleaned.pixels.all() == filled


def test_a_bay_is_no_hole_and_a_gap_along_a_diagonal_is_none() -> None:
    bay = mask_of("####", "#..#", "#..#")
    assert Cleaning(holes=ALL_HOLES).apply(bay) is bay
    diagonal = mask_of(".###", "#..#", "#..#", "####")
    assert rows(Cleaning(holes=ALL_HOLES).apply(diagonal), 4, 4)[1:] == ["####"] * 3


def test_one_piece_is_the_largest_or_those_that_were_clicked() -> None:
    pieces = mask_of("##..#", "##...", "....#", "#...#", at=(10, 20))
    one = Cleaning(one_piece=True)
    assert one.apply(pieces).bbox == (10, 20, 12, 22)
    assert one.apply(pieces, [(10, 24)]).bbox == (10, 24, 11, 25)
    both = one.apply(pieces, [(10.4, 24.2), (13, 24)])
    assert (both.bbox, both.area) == ((10, 24, 14, 25), 3)
    assert one.apply(pieces, [(11, 22), (99, 99)]).area == 4, "clicks beside it say nothing"


def test_small_pieces_go_unless_they_were_clicked_or_are_all_there_is() -> None:
    pieces = mask_of("##..#", "##...", "....#", "#...#")
    assert Cleaning(smallest=2).apply(pieces).area == 6
    assert Cleaning(smallest=3).apply(pieces).area == 4
    assert Cleaning(smallest=100).apply(pieces).area == 4
    assert Cleaning(smallest=100).apply(pieces, [(3, 0)]).area == 1
    assert not Cleaning(smallest=100).is_object(pieces)
    assert Cleaning(smallest=8).is_object(pieces)


def test_smoothing_takes_a_spike_and_a_dent_and_leaves_the_rest() -> None:
    pixels = np.zeros((40, 40), bool)
    y, x = np.ogrid[:40, :40]
    disc = (y - 20) ** 2 + (x - 20) ** 2 <= 12**2
    pixels |= disc
    pixels[20, :9] = True  # a spike
    pixels[19:21, 26:] = False  # a slit
    cleaned = drawn(Cleaning(smooth=3).apply(as_mask(pixels)), (40, 40))
    assert not cleaned[20, :7].any()
    assert cleaned[19:21, 26:29].all()
    assert (cleaned ^ disc).sum() < 0.05 * disc.sum()


@pytest.mark.parametrize("radius", [1, 2, 5])
def test_smoothing_is_opening_and_closing_with_a_disk(radius: int) -> None:
    y, x = np.mgrid[-radius : radius + 1, -radius : radius + 1]
    disk = y**2 + x**2 <= radius**2
    noise = gaussian_filter(np.random.default_rng(3).normal(size=(50, 60)), 2) > 0.02
    full = np.pad(noise, 20)
    expected = binary_closing(binary_opening(full, disk), disk)
    smooth = drawn(Cleaning(smooth=radius).apply(as_mask(full)), full.shape)
    np.testing.assert_array_equal(smooth, expected)
    assert smooth.any()


def test_smoothing_never_takes_what_was_clicked_or_all() -> None:
    pixels = np.zeros((30, 30), bool)
    pixels[2:14, 2:14] = True
    pixels[20, 20:24] = True
    thin = as_mask(pixels)
    assert not drawn(Cleaning(smooth=3).apply(thin), (30, 30))[20].any()
    assert drawn(Cleaning(smooth=3).apply(thin, [(20, 21)]), (30, 30))[20].sum() == 4
    assert Cleaning(smooth=9).apply(thin).area == thin.area


def test_what_the_model_drew_is_not_kept_with_another_mask() -> None:
    mask = replace(mask_of(*RING), low_res_logits=np.zeros((2, 2), np.float32))
    cleaned = Cleaning(one_piece=True).apply(mask)
    assert cleaned.area == 16
    assert cleaned.low_res_logits is None
    assert (cleaned.iou, cleaned.object_score) == (0.9, 2.0)


masks = arrays(bool, (9, 11), elements=st.booleans()).map(lambda pixels: as_mask(pixels, (5, 7)))
cleanings = st.builds(
    Cleaning,
    st.sampled_from([0, 1, 5, ALL_HOLES]),
    st.integers(0, 3),
    st.booleans(),
    st.integers(0, 30),
)
clicks = st.lists(st.tuples(st.integers(4, 15), st.integers(6, 19)), max_size=3)


@settings(deadline=None)
@given(masks, cleanings, clicks)
def test_a_mask_is_never_emptied_and_never_leaves_its_box(mask, how, clicks) -> None:
    cleaned = how.apply(mask, clicks)
    assert cleaned.empty == mask.empty
    y0, x0, y1, x1 = mask.tight().bbox
    a0, b0, a1, b1 = cleaned.tight().bbox
    assert y0 <= a0
    assert x0 <= b0
    assert a1 <= y1
    assert b1 <= x1


@settings(deadline=None)
@given(masks, cleanings, clicks)
def test_of_a_clicked_piece_something_stays(mask, how, clicks) -> None:
    before, after = (drawn(one, (20, 20)) for one in (mask, how.apply(mask, clicks)))
    pieces = connected_components(before, connectivity=2)
    for click in clicks:
        if before[click]:
            assert (after & (pieces == pieces[click])).any()


@settings(deadline=None)
@given(masks, st.sampled_from([Cleaning(5), Cleaning(ALL_HOLES), Cleaning(0, 2), Cleaning(0, 3),
                               Cleaning(one_piece=True), Cleaning(smallest=6)]))  # fmt: skip
def test_twice_is_once(mask, how) -> None:
    once = how.apply(mask)
    assert (drawn(how.apply(once), (20, 20)) == drawn(once, (20, 20))).all()


@settings(deadline=None)
@given(masks, cleanings)
def test_what_was_asked_for_is_there(mask, how) -> None:
    cleaned = drawn(how.apply(mask), (20, 20))
    pieces = connected_components(cleaned, connectivity=2)
    areas = np.bincount(pieces.ravel())[1:]
    if how.one_piece:
        assert len(areas) <= 1
    assert len(areas) <= 1 or areas.min() >= how.smallest
    if how.holes == ALL_HOLES and not how.smallest:
        assert connected_components(~cleaned, connectivity=1).max() == 1
