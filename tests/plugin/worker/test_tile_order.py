"""Which tiles are encoded before they are asked for, and how what is ready is outlined."""

from itertools import product
from math import prod

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_sam.plugin.ahead.ready_area import outline
from napari_sam.plugin.worker.tile_order import AROUND, Viewport, around, everywhere, in_view
from napari_sam.tiles.grid import TileGrid

GRID = TileGrid(400, 500, 100, 20)  # 5 rows of 6 tiles, a step of 80


@st.composite
def views(draw: st.DrawFn) -> tuple[TileGrid, tuple[int, ...], Viewport]:
    size = draw(st.integers(8, 40))
    grid = TileGrid(
        draw(st.integers(1, 150)), draw(st.integers(1, 150)), size, draw(st.integers(0, size // 2))
    )
    planes = tuple(draw(st.lists(st.integers(1, 4), max_size=2)))
    plane = tuple(draw(st.integers(0, n - 1)) for n in planes)
    y0, x0 = draw(st.integers(0, grid.height - 1)), draw(st.integers(0, grid.width - 1))
    y1, x1 = draw(st.integers(y0 + 1, grid.height)), draw(st.integers(x0 + 1, grid.width))
    step = tuple(draw(st.integers(-1, 1)) for _ in planes)
    pan = (draw(st.integers(-1, 1)), draw(st.integers(-1, 1)))
    return grid, planes, Viewport(plane, (y0, x0, y1, x1), step, pan, draw(st.booleans()))


@given(views())
def test_every_tile_comes_once_and_those_in_view_first(
    case: tuple[TileGrid, tuple[int, ...], Viewport],
) -> None:
    grid, planes, view = case
    tiles = list(everywhere(grid, planes, view))
    assert len(tiles) == len(set(tiles)) == grid.rows * grid.cols * prod(planes)
    seen = in_view(grid, view.plane, view.bbox)
    assert tiles[: len(seen)] == seen
    near = list(around(grid, planes, view))
    assert near == tiles[: len(near)]
    assert len(near) <= AROUND


@given(views(), st.data())
def test_a_click_in_view_is_answered_from_a_tile_in_view(
    case: tuple[TileGrid, tuple[int, ...], Viewport], data: st.DataObject
) -> None:
    grid, _, view = case
    y = data.draw(st.integers(view.bbox[0], view.bbox[2] - 1))
    x = data.draw(st.integers(view.bbox[1], view.bbox[3] - 1))
    home = grid.best_for(view.plane, (y, x, y + 1, x + 1))
    assert home in in_view(grid, view.plane, view.bbox)


def test_the_middle_comes_first_and_then_the_neighbours_where_the_user_goes() -> None:
    view = Viewport((0,), (170, 170, 190, 190), pan=(0, 1))
    tiles = list(around(GRID, (1,), view))
    assert [(t.row, t.col) for t in tiles[:1]] == [(2, 2)]
    assert {(t.row, t.col) for t in tiles[1:4]} == {(1, 3), (2, 3), (3, 3)}
    assert {(t.row, t.col) for t in tiles} == set(product((1, 2, 3), (1, 2, 3)))


def test_planes_come_in_the_direction_of_the_slider() -> None:
    start = Viewport((5,), (170, 170, 190, 190))
    up = start.moved_to((6,), start.bbox)
    assert [t.plane[0] for t in around(GRID, (20,), up)][:5] == [6, 7, 8, 9, 5]
    down = up.moved_to((5,), start.bbox)
    assert [t.plane[0] for t in around(GRID, (20,), down)][:5] == [5, 4, 3, 2, 6]
    # a move in the plane: its neighbours first, then the planes in the direction that was known
    panned = down.moved_to((5,), (170, 180, 190, 200))
    assert [t.plane[0] for t in around(GRID, (20,), panned)] == [5] * 9 + [4, 3, 2, 6]
    assert [t.plane[0] for t in around(GRID, (20,), start)] == [5] * 9 + [6, 4, 7, 3, 8, 2]


def test_the_rest_begins_with_the_stack_that_the_user_goes_through() -> None:
    grid = TileGrid(50, 50, 100, 20)
    view = Viewport((1, 2), (0, 0, 50, 50)).moved_to((1, 3), (0, 0, 50, 50))
    planes = [tile.plane for tile in everywhere(grid, (3, 6), view)]
    assert planes[:6] == [(1, 3), (1, 4), (1, 5), (1, 2), (1, 1), (1, 0)]
    assert {plane[0] for plane in planes[6:]} == {0, 2}


@pytest.mark.parametrize(
    ("bbox", "pan"),
    [
        ((10, 10, 20, 20), (0, 0)),
        ((12, 10, 22, 20), (1, 0)),
        ((10, 5, 20, 15), (0, -1)),
        ((8, 8, 22, 22), (0, 0)),  # a zoom
        ((0, 10, 20, 20), (-1, 0)),  # a pan up to the border, where the view is cut off
    ],
)
def test_a_pan_is_told_from_a_zoom(bbox: tuple[int, int, int, int], pan: tuple[int, int]) -> None:
    assert Viewport((), (10, 10, 20, 20)).moved_to((), bbox).pan == pan


# --- the outline -----------------------------------------------------------------------------


def inside(lines: np.ndarray, y: float, x: float) -> bool:
    """Whether a ray from a place crosses the outline an odd number of times."""
    across = [line for line in lines if line[0, 0] == line[1, 0] and line[0, 0] > y]
    return sum(line[0, 1] < x < line[1, 1] for line in across) % 2 == 1


@given(st.sets(st.tuples(st.integers(0, 4), st.integers(0, 5))), st.data())
def test_the_outline_is_around_the_places_that_are_answered_from_ready_tiles(
    ready: set[tuple[int, int]], data: st.DataObject
) -> None:
    lines = outline(GRID, ready)
    y, x = data.draw(st.integers(0, 399)), data.draw(st.integers(0, 499))
    home = GRID.best_for((), (y, x, y + 1, x + 1))
    assert inside(lines, min(y + 0.25, 398.5), min(x + 0.25, 498.5)) == (
        (home.row, home.col) in ready
    )


def test_all_ready_tiles_need_four_lines_however_many_they_are() -> None:
    grid = TileGrid(100_000, 100_000, 1024, 24)
    ready = set(product(range(grid.rows), range(grid.cols)))
    assert len(ready) == 10_000
    lines = outline(grid, ready)
    assert lines.shape == (4, 2, 2)
    assert lines.min() == 0
    assert lines.max() == 99_999
    assert outline(grid, ()).shape == (0, 2, 2)
