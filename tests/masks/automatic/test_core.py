"""Core: each object in the overlap of tiles is drawn by one of them."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from napari_sam.masks.automatic.core import drawn_elsewhere, to_decode, without_elsewhere
from napari_sam.masks.mask import Mask
from napari_sam.tiles.grid import TileGrid

GRID = TileGrid(2000, 1500, 1024, 192)


@given(st.integers(1, 300), st.integers(1, 300), st.integers(32, 128), st.integers(0, 40))
def test_cores_fill_the_plane_once(height: int, width: int, size: int, overlap: int) -> None:
    grid = TileGrid(height, width, size, overlap % size)
    taken = np.zeros((height, width), np.uint8)
    for tile in grid.tiles(()):
        y0, x0, y1, x1 = grid.core(tile)
        assert tile.y0 <= y0 < y1 <= tile.y1
        assert tile.x0 <= x0 < x1 <= tile.x1
        taken[y0:y1, x0:x1] += 1
    assert (taken == 1).all()


def test_an_image_of_one_tile_has_one_core() -> None:
    grid = TileGrid(700, 900, 1024, 192)
    (tile,) = grid.tiles(())
    assert grid.core(tile) == tile.bbox
    assert not drawn_elsewhere(grid, tile, np.array([(0.0, 0, 9, 9), (300, 890, 320, 900)])).any()


places = st.tuples(st.integers(0, 1950), st.integers(0, 1450))
sides = st.tuples(st.integers(1, 600), st.integers(1, 600))


@given(places, sides)
def test_each_object_is_drawn_by_a_tile_that_holds_it_best(
    place: tuple[int, int], side: tuple[int, int]
) -> None:
    box = np.array(
        [(*place, min(place[0] + side[0], GRID.height), min(place[1] + side[1], GRID.width))], float
    )
    middle = (box[0, :2] + box[0, 2:]) / 2
    (home,) = (
        tile
        for tile in GRID.tiles(())
        if (GRID.core(tile)[:2] <= middle).all() and (middle < GRID.core(tile)[2:]).all()
    )
    assert not drawn_elsewhere(GRID, home, box).any()
    for tile in GRID.tiles(()):
        if drawn_elsewhere(GRID, tile, box)[0]:
            assert (home.bbox[:2] <= box[0, :2]).all()
            assert (box[0, 2:] <= home.bbox[2:]).all()


def test_tiles_leave_out_what_lies_in_the_core_of_another() -> None:
    left, right = GRID.tile((), 0, 0), GRID.tile((), 0, 1)
    assert (right.x0, GRID.core(left)[3]) == (476, 750)
    boxes = np.array([(100, x, 120, x + 20) for x in (600, 735, 748, 800)], float)
    # the third lies 8 pixels beyond the core; 4 and a tenth of its side are 6
    assert drawn_elsewhere(GRID, left, boxes).tolist() == [False, False, True, True]
    assert drawn_elsewhere(GRID, right, boxes).tolist() == [True, False, False, False]
    # an object that another tile cuts, or nearly, stays where it is
    long = np.array([(100.0, 480, 120, 1023), (100, 700, 120, 1020)])
    assert drawn_elsewhere(GRID, left, long).tolist() == [False, True]


def test_neighbours_of_a_tile_s_objects_are_decoded_with_them() -> None:
    left = GRID.tile((), 0, 0)
    boxes = np.array(
        [(100, 735, 120, 755), (110, 750, 130, 790), (100, 800, 120, 820), (121, 755, 140, 790)],
        float,
    )
    assert drawn_elsewhere(GRID, left, boxes).tolist() == [False, True, True, True]
    assert to_decode(GRID, left, boxes).tolist() == [True, True, False, False]
    masks = tuple(
        Mask((), (y0, x0, y1, x1), np.ones((y1 - y0, x1 - x0), bool), 0.9, 5.0)
        for y0, x0, y1, x1 in boxes.astype(int).tolist()
    )
    assert without_elsewhere(GRID, left, masks) == masks[:1]
    assert without_elsewhere(GRID, left, ()) == ()
