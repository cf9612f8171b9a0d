"""Stitch: what several tiles say becomes one answer."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_sam.masks.mask import Mask
from napari_sam.tiles.grid import Tile, TileGrid
from napari_sam.tiles.stitch import group_parts, merge_logits

GRID = TileGrid(100, 100, tile_size=64, overlap=28)  # tiles start at 0 and 36
TILES = list(GRID.tiles(()))
Y, X = np.mgrid[:100, :100]


def crop(plane: np.ndarray, tile: Tile) -> np.ndarray:
    return plane[tile.y0 : tile.y1, tile.x0 : tile.x1]


def part(plane: np.ndarray, tile: Tile) -> Mask:
    """What a tile sees of an object in the plane."""
    y0, x0, y1, x1 = tile.bbox
    return Mask((), (y0, x0, y1, x1), crop(plane, tile), iou=1.0, object_score=1.0).tight()


def disk(y: float, x: float, radius: float) -> np.ndarray:
    return (Y - y) ** 2 + (X - x) ** 2 <= radius**2


# --- one object ----------------------------------------------------------------------------


def test_one_tile_is_left_as_it_is():
    logits = np.random.default_rng(0).normal(size=(64, 64)).astype(np.float32)
    origin, merged = merge_logits([(TILES[3], logits)])
    assert origin == (36, 36)
    np.testing.assert_allclose(merged, logits, rtol=1e-6)


def test_tiles_that_agree_give_the_field_that_they_saw():
    field = np.hypot(Y - 40.0, X - 60.0).astype(np.float32)
    origin, merged = merge_logits([(tile, crop(field, tile)) for tile in TILES])
    assert origin == (0, 0)
    np.testing.assert_allclose(merged, field, rtol=1e-5)


def test_where_no_tile_looked_there_is_no_object():
    ones = np.ones((64, 64), np.float32)
    _, merged = merge_logits([(TILES[0], ones), (TILES[3], ones)])
    assert (merged[:36, 64:] == -np.inf).all()
    assert (merged[64:, :36] == -np.inf).all()
    assert (merged[:64, :64] == 1).all()


def test_tiles_that_disagree_hand_over_without_a_seam():
    """From one level to the other in even steps, up to the border of the image."""
    left, right = TILES[0], TILES[1]
    levels = [
        (left, np.full((64, 64), 0.0, np.float32)),
        (right, np.full((64, 64), 29.0, np.float32)),
    ]
    _, merged = merge_logits(levels)
    assert (merged[:, :36] == 0).all()
    assert (merged[:, 64:] == 29).all()
    steps = np.diff(merged, axis=1)
    assert steps[:, 35:64] == pytest.approx(np.ones((64, 29)), abs=1e-4)


@settings(deadline=None, max_examples=30)
@given(st.lists(st.floats(-10, 10, width=16), min_size=4, max_size=4))
def test_four_tiles_meet_without_a_seam(levels):
    parts = [(t, np.full((64, 64), v, np.float32)) for t, v in zip(TILES, levels, strict=True)]
    _, merged = merge_logits(parts)
    assert merged.min() >= min(levels) - 1e-4
    assert merged.max() <= max(levels) + 1e-4
    steepest = max(np.abs(np.diff(merged, axis=axis)).max() for axis in (0, 1))
    # 28 pixels are shared; at a corner four weights change at once
    assert steepest <= 3 * (max(levels) - min(levels)) / 28 + 1e-4


def test_an_object_on_a_corner_of_four_tiles_comes_out_whole():
    truth = disk(50, 50, 30)
    signed = (30 - np.hypot(Y - 50.0, X - 50.0)).astype(np.float32)
    _, merged = merge_logits([(tile, crop(signed, tile)) for tile in TILES])
    np.testing.assert_array_equal(merged >= 0, truth)


# --- many objects --------------------------------------------------------------------------


def test_an_object_across_tiles_is_one():
    plane = disk(50, 50, 30)
    assert group_parts([(tile, part(plane, tile)) for tile in TILES]) == [[0, 1, 2, 3]]


def test_objects_side_by_side_in_the_seam_stay_apart():
    one, other = disk(20, 45, 6), disk(20, 58, 6)
    left, right = TILES[0], TILES[1]
    parts = [(left, part(one, left)), (left, part(other, left))]
    parts += [(right, part(other, right)), (right, part(one, right))]
    assert group_parts(parts) == [[0, 3], [1, 2]]


def test_objects_of_one_tile_are_never_joined():
    one = part(disk(20, 20, 8), TILES[0])
    assert group_parts([(TILES[0], one), (TILES[0], one)]) == [[0], [1]]


def test_objects_that_meet_outside_of_the_seam_only_are_not_compared():
    left, right = TILES[0], TILES[1]
    # Bounding boxes overlap in the seam, pixels do not.
    plane = np.zeros((100, 100), bool)
    plane[10, 5:50] = plane[10:30, 5] = True
    other = np.zeros((100, 100), bool)
    other[20, 40:90] = True
    assert group_parts([(left, part(plane, left)), (right, part(other, right))]) == [[0], [1]]


@pytest.mark.parametrize(("shared", "same"), [(6, True), (5, False), (4, False)])
def test_more_than_half_of_the_smaller_part_must_be_shared(shared, same):
    left, right = TILES[0], TILES[1]
    one = np.zeros((100, 100), bool)
    one[10:20, 10:46] = True  # ten columns in the seam
    other = np.zeros((100, 100), bool)
    other[10:20, 46 - shared : 56 - shared + 30] = True
    groups = group_parts([(left, part(one, left)), (right, part(other, right))])
    assert groups == ([[0, 1]] if same else [[0], [1]])


def test_only_what_both_tiles_see_counts():
    """An object that is long in one tile and short in the other is still the same."""
    left, right = TILES[0], TILES[1]
    plane = np.zeros((100, 100), bool)
    plane[30:34, 0:40] = True
    assert group_parts([(left, part(plane, left)), (right, part(plane, right))]) == [[0, 1]]


def test_no_objects_are_no_groups():
    empty = Mask((), (5, 5, 5, 5), np.zeros((0, 0), bool), iou=0.0, object_score=0.0)
    assert group_parts([]) == []
    assert group_parts([(TILES[0], empty), (TILES[1], empty)]) == [[0], [1]]


@settings(deadline=None, max_examples=40)
@given(
    st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=12, unique=True),
    st.randoms(use_true_random=False),
)
def test_separate_objects_are_found_once_whatever_the_order(cells, random):
    """Cells on a grid, cut by the tiles: as many groups as cells, each with parts of one cell."""
    parts, origin = [], []
    for cell, (row, col) in enumerate(cells):
        plane = disk(10 * row + 5, 10 * col + 5, 4)
        for tile in TILES:
            if crop(plane, tile).any():
                parts.append((tile, part(plane, tile)))
                origin.append(cell)
    order = list(range(len(parts)))
    random.shuffle(order)
    groups = group_parts([parts[i] for i in order])
    found = [{origin[order[i]] for i in group} for group in groups]
    assert all(len(cells_of_group) == 1 for cells_of_group in found)
    assert len(groups) == len(cells)
