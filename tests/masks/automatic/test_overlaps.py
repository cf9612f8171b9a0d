"""Overlaps: likely objects only, no pixel in two, neither joins of others nor parts of them."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_sam.masks.automatic.overlaps import (
    FREE_SHARE,
    SMALLEST_OBJECT,
    is_credible,
    stability,
    suppress_overlaps,
)
from napari_sam.masks.decode import Answer, tile_matrices
from napari_sam.masks.mask import Mask
from napari_sam.tiles.grid import Tile
from tests.tiny import tiny_config

TILE = Tile(plane=(), row=0, col=0, y0=100, x0=200, height=90, width=120)
MATRICES = tile_matrices(tiny_config(), TILE.height, TILE.width)


def box(y0: int, x0: int, h: int, w: int, iou: float = 0.9) -> Mask:
    """A full rectangle, at a place in the tile."""
    y0, x0 = y0 + TILE.y0, x0 + TILE.x0
    return Mask((), (y0, x0, y0 + h, x0 + w), np.ones((h, w), bool), iou, 5.0)


def kept(*masks: Mask) -> list[Mask]:
    return list(suppress_overlaps(masks, TILE))


def areas(masks: list[Mask]) -> list[int]:
    return [mask.area for mask in masks]


def test_what_joins_better_masks_goes_and_they_stay() -> None:
    left, right = box(10, 10, 20, 20), box(10, 32, 20, 20, 0.85)
    both = box(8, 8, 24, 46, 0.7)
    assert [mask.bbox for mask in kept(both, right, left)] == [left.bbox, right.bbox]


def test_a_part_of_a_better_whole_goes() -> None:
    whole, part = box(10, 10, 40, 40, 0.9), box(12, 12, 10, 10, 0.7)
    assert areas(kept(part, whole)) == [1600]


def test_a_small_part_that_is_hardly_better_gives_way_to_its_whole() -> None:
    part, whole = box(9, 12, 10, 10, 0.9), box(10, 10, 40, 40, 0.85)
    (left,) = kept(part, whole)
    assert left.bbox == whole.bbox
    assert left.area == 1600
    several = [part, box(30, 30, 9, 9, 0.88), box(12, 30, 9, 9, 0.87)]
    assert areas(kept(*several, whole)) == [1600]


def test_a_small_part_that_is_much_better_stays_and_takes_its_pixels() -> None:
    part, whole = box(12, 12, 10, 10, 0.9), box(10, 10, 40, 40, 0.6)
    assert areas(kept(part, whole)) == [100, 1500]


def test_a_large_part_stays_alone() -> None:
    part, whole = box(10, 10, 30, 30, 0.9), box(10, 10, 40, 40, 0.89)
    assert areas(kept(part, whole)) == [900]


def test_what_a_part_gave_up_is_free_again() -> None:
    part, whole = box(5, 12, 20, 10, 0.9), box(9, 10, 41, 41, 0.85)  # 4 of its rows lie beyond
    beyond = box(4, 11, 5, 12, 0.8)
    assert [mask.bbox for mask in kept(part, whole, beyond)] == [whole.bbox, beyond.bbox]


@given(
    st.lists(
        st.tuples(
            st.integers(0, 70),
            st.integers(0, 100),
            st.integers(1, 20),
            st.integers(1, 20),
            st.integers(30, 99),
        ),
        max_size=25,
        unique_by=lambda m: m[4],
    ),
    st.randoms(),
)
def test_no_pixel_is_in_two_and_the_order_does_not_matter(
    given: list[tuple[int, int, int, int, int]], random: object
) -> None:
    masks = [box(y, x, h, w, iou / 100) for y, x, h, w, iou in given]
    found = kept(*masks)
    taken = np.zeros((TILE.height, TILE.width), int)
    for mask in found:
        before = next(one for one in masks if one.iou == mask.iou)
        y0, x0, y1, x1 = mask.bbox
        taken[y0 - 100 : y1 - 100, x0 - 200 : x1 - 200] += mask.pixels
        assert (before.within(mask.bbox) | ~mask.pixels).all()
        assert mask.area >= max(FREE_SHARE * before.area, SMALLEST_OBJECT)
    assert taken.max(initial=0) <= 1
    trust = [mask.confidence for mask in found]
    assert trust == sorted(trust, reverse=True)
    random.shuffle(masks)  # type: ignore[attr-defined]
    assert [mask.bbox for mask in kept(*masks)] == [mask.bbox for mask in found]


def suppress_plainly(masks: list[Mask], first: list[Mask]) -> list[Mask]:
    """The rules of :func:`suppress_overlaps`, for one pair of masks after the other."""
    accepted: list[Mask] = []
    chosen = sorted(masks, key=lambda mask: mask.confidence, reverse=True)
    chosen = [mask for mask in chosen if mask.iou >= 0.4 and mask.object_score >= 0]
    for mask in [*first, *(mask for mask in chosen if mask.area >= 12)]:
        shared = {
            id(m): np.count_nonzero(m.within(TILE.bbox) & mask.within(TILE.bbox)) for m in accepted
        }
        parts = [m for m in accepted if shared[id(m)] and shared[id(m)] >= 0.8 * m.area]
        covered = sum(part.area for part in parts)
        best = max((part.confidence for part in parts), default=0)
        if parts and covered < (1 - 0.7) * mask.area and mask.confidence >= 0.9 * best:
            accepted = [m for m in accepted if not any(m is part for part in parts)]
        taken = np.zeros((TILE.height, TILE.width), bool)
        for m in accepted:
            taken |= m.within(TILE.bbox)
        free = mask.within(TILE.bbox) & ~taken
        if np.count_nonzero(free) >= max(0.7 * mask.area, 12):
            accepted.append(replace(mask, bbox=TILE.bbox, pixels=free).tight())
    return accepted


@given(
    st.lists(
        st.tuples(
            *(st.integers(0, 60), st.integers(0, 80), st.integers(1, 30), st.integers(1, 30)),
            *(st.integers(30, 99), st.sampled_from([-1.0, 5.0]), st.integers(0, 2**16)),
        ),
        max_size=14,
    ),
    st.integers(0, 3),
)
def test_the_same_masks_as_by_comparing_each_with_each(
    given: list[tuple[int, int, int, int, int, float, int]], firsts: int
) -> None:
    masks = []
    for y, x, h, w, iou, score, seed in given:
        pixels = np.random.default_rng(seed).random((h, w)) > 0.3 * (seed % 3)
        bbox = (100 + y, 200 + x, 100 + y + h, 200 + x + w)
        masks.append(Mask((), bbox, pixels, iou / 100, score))
    first = list(suppress_overlaps(masks[:firsts], TILE))
    after = list(suppress_overlaps(masks[firsts:], TILE, first))
    expected = suppress_plainly(masks[firsts:], first)
    assert [mask.bbox for mask in after] == [mask.bbox for mask in expected]
    assert [mask.iou for mask in after] == [mask.iou for mask in expected]
    for mask, same in zip(after, expected, strict=True):
        np.testing.assert_array_equal(mask.pixels, same.pixels)


# --- before a mask is drawn --------------------------------------------------------------------


def test_a_steep_border_is_stable() -> None:
    logits = np.full((24, 32), -9, np.float32)
    logits[4:9, 10:16] = 9
    assert stability(logits) == 1
    logits[3, 10:16] = -0.5  # one row that a lower threshold takes in
    assert stability(logits) == pytest.approx(30 / 36)
    logits[20, 30] = -0.5  # what is far away has nothing to do with it
    assert stability(logits) == pytest.approx(30 / 36)
    assert stability(np.full((24, 32), -0.5, np.float32)) == 0


def test_unlikely_absent_and_unstable_answers_are_not_drawn() -> None:
    logits = np.full((24, 32), -9, np.float32)
    logits[4:9, 10:16] = 9
    good = Answer(TILE, logits, 0.8, 1.0, *MATRICES)
    assert is_credible(good)
    assert not is_credible(replace(good, iou=0.1))
    assert not is_credible(replace(good, object_score=-0.1))
    assert not is_credible(replace(good, low_res_logits=logits / 20))


def absolute(y0: int, x0: int, h: int, w: int, iou: float = 0.9, score: float = 5.0) -> Mask:
    return Mask((), (y0, x0, y0 + h, x0 + w), np.ones((h, w), bool), iou, score)


def test_better_masks_take_the_pixels() -> None:
    good, worse = absolute(110, 210, 20, 20, 0.9), absolute(110, 226, 20, 20, 0.8)
    same = absolute(111, 211, 18, 18, 0.7)
    unlikely, absent = absolute(150, 210, 20, 20, 0.3), absolute(160, 240, 20, 20, 0.9, -4.0)
    kept = list(suppress_overlaps([worse, same, good, unlikely, absent], TILE))
    assert [mask.bbox for mask in kept] == [(110, 210, 130, 230), (110, 230, 130, 246)]
