"""TileGrid: tiles of one size cover the plane, and the right one is found."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_sam.tiles.grid import Tile, TileGrid


@st.composite
def grids(draw: st.DrawFn) -> TileGrid:
    """Small grids, so that all their pixels can be counted."""
    tile_size = draw(st.integers(1, 40))
    return TileGrid(
        height=draw(st.integers(1, 150)),
        width=draw(st.integers(1, 150)),
        tile_size=tile_size,
        overlap=draw(st.integers(0, tile_size - 1)),
    )


@st.composite
def grids_with_region(draw: st.DrawFn) -> tuple[TileGrid, tuple[int, int, int, int]]:
    grid = draw(grids())
    y0, x0 = draw(st.integers(0, grid.height - 1)), draw(st.integers(0, grid.width - 1))
    y1, x1 = draw(st.integers(y0 + 1, grid.height)), draw(st.integers(x0 + 1, grid.width))
    return grid, (y0, x0, y1, x1)


@settings(deadline=None)
@given(grids())
def test_every_pixel_is_in_a_tile_and_no_tile_reaches_outside(grid):
    seen = np.zeros((grid.height, grid.width), bool)
    for tile in grid.tiles(()):
        assert tile.y0 >= 0
        assert tile.x0 >= 0
        assert tile.y1 <= grid.height
        assert tile.x1 <= grid.width
        seen[tile.y0 : tile.y1, tile.x0 : tile.x1] = True
    assert seen.all()


@settings(deadline=None)
@given(grids())
def test_all_tiles_have_one_size(grid):
    size = (min(grid.tile_size, grid.height), min(grid.tile_size, grid.width))
    assert {(tile.height, tile.width) for tile in grid.tiles((3, 1))} == {size}


@settings(deadline=None)
@given(grids())
def test_tiles_come_row_by_row_and_know_their_place(grid):
    tiles = list(grid.tiles((3, 1)))
    places = [(row, col) for row in range(grid.rows) for col in range(grid.cols)]
    assert [(tile.row, tile.col) for tile in tiles] == places
    assert [grid.tile((3, 1), *place) for place in places] == tiles
    assert len({tile.bbox for tile in tiles}) == len(tiles)


@settings(deadline=None)
@given(grids())
def test_neighbours_share_the_overlap_at_least(grid):
    for tile in grid.tiles(()):
        if tile.col + 1 < grid.cols:
            assert tile.x1 - grid.tile((), tile.row, tile.col + 1).x0 >= grid.overlap
        if tile.row + 1 < grid.rows:
            assert tile.y1 - grid.tile((), tile.row + 1, tile.col).y0 >= grid.overlap


def holds(tile: Tile, bbox: tuple[int, int, int, int]) -> bool:
    y0, x0, y1, x1 = bbox
    return tile.y0 <= y0 and tile.x0 <= x0 and y1 <= tile.y1 and x1 <= tile.x1


@settings(deadline=None)
@given(grids_with_region())
def test_a_region_that_any_tile_holds_is_whole_in_the_best_one(case):
    grid, bbox = case
    best = grid.best_for((2,), bbox)
    assert best.plane == (2,)
    assert holds(best, bbox) == any(holds(tile, bbox) for tile in grid.tiles((2,)))


@settings(deadline=None)
@given(grids_with_region())
def test_an_object_as_small_as_the_overlap_is_whole_in_one_tile(case):
    grid, (y0, x0, y1, x1) = case
    small = (y0, x0, min(y1, y0 + grid.overlap + 1), min(x1, x0 + grid.overlap + 1))
    assert holds(grid.best_for((), small), small)


@settings(deadline=None)
@given(grids_with_region())
def test_overlapping_tiles_are_those_that_share_pixels(case):
    grid, (y0, x0, y1, x1) = case
    expected = [
        tile
        for tile in grid.tiles(())
        if tile.y0 < y1 and y0 < tile.y1 and tile.x0 < x1 and x0 < tile.x1
    ]
    assert list(grid.overlapping((), (y0, x0, y1, x1))) == expected


def test_the_last_tile_is_shifted_in():
    grid = TileGrid(1024, 2500)
    assert [tile.bbox for tile in grid.tiles(())] == [
        (0, 0, 1024, 1024),
        (0, 832, 1024, 1856),
        (0, 1476, 1024, 2500),
    ]


def test_an_image_smaller_than_a_tile_is_one_tile_of_its_size():
    assert [tile.bbox for tile in TileGrid(3, 5).tiles(())] == [(0, 0, 3, 5)]


def test_the_best_tile_of_a_click_is_the_one_around_it():
    grid = TileGrid(2000, 2000)  # tiles start at 0, 832, 976
    assert grid.best_for((), (500, 500, 501, 501)).bbox[:2] == (0, 0)
    assert grid.best_for((), (1000, 500, 1001, 501)).bbox[:2] == (832, 0)
    assert grid.best_for((), (1999, 1999, 2000, 2000)).bbox[:2] == (976, 976)


def test_a_region_larger_than_any_tile_goes_to_the_tile_at_its_middle():
    grid = TileGrid(100, 3000, tile_size=1000, overlap=0)
    assert grid.best_for((), (0, 0, 100, 3000)).x0 == 1000


def test_an_object_goes_on_behind_the_sides_that_it_touches():
    grid = TileGrid(2500, 2500)
    middle = grid.tile((), 1, 1)
    y0, x0, y1, x1 = middle.bbox

    def places(*bbox: int) -> list[tuple[int, int]]:
        return [(tile.row, tile.col) for tile in grid.behind(middle, bbox)]

    assert places(y0 + 1, x0 + 1, y1 - 1, x1 - 1) == []
    assert places(y0, x0 + 1, y1 - 1, x1 - 1) == [(0, 1)]
    assert places(y0 + 1, x0 + 1, y1, x1) == [(1, 2), (2, 1), (2, 2)]


def test_nothing_is_behind_the_border_of_the_image():
    grid = TileGrid(2500, 1024)
    first, last = grid.tile((), 0, 0), grid.tile((), 2, 0)
    assert grid.behind(first, (0, 0, 5, 1024)) == ()
    assert grid.behind(last, (2490, 0, 2500, 1024)) == ()


@pytest.mark.parametrize("overlap", [-1, 16, 17])
def test_tiles_that_would_not_advance_are_refused(overlap):
    with pytest.raises(ValueError, match="smaller than the tile"):
        TileGrid(100, 100, tile_size=16, overlap=overlap)
