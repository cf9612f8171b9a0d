"""Frame: data coordinates to model pixels, from which they can be had back."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_sam.tiles.frame import Frame
from napari_sam.tiles.grid import Tile, TileGrid

TILE = Tile((), 1, 2, y0=832, x0=1664, height=1024, width=1024)
# Positions that float32 holds exactly: 1/64 of a pixel is finer than any hand.
sixty_fourths = st.integers(-64, 1025 * 64).map(lambda n: n / 64)


def to_data(frame, xy):
    """Inverse of `to_model`: model pixels, xy, to data coordinates, yx."""
    in_tile = (np.asarray(xy, np.float64)[..., ::-1] - frame.first) / frame.scale
    return np.add(in_tile, (frame.tile.y0, frame.tile.x0))


def test_axes_flip_and_the_tile_starts_at_0():
    xy = Frame(TILE).to_model([(832, 1664), (840, 1700.5)])
    assert xy.dtype == np.float32
    assert xy.tolist() == [[0, 0], [36.5, 8]]


def test_one_position_may_come_alone():
    assert Frame(TILE).to_model((833, 1666)).tolist() == [2, 1]
    assert to_data(Frame(TILE), (2, 1)).tolist() == [833, 1666]


def test_each_axis_has_its_scale_and_the_first_pixel_centre_stays():
    # as the predictors of SAM and SAM 2 scale their coordinates
    frame = Frame(TILE, scale=(2.0, 0.5))
    assert frame.to_model((832, 1664)).tolist() == [0, 0]
    assert frame.to_model((833, 1666)).tolist() == [1, 2]
    assert to_data(frame, (1, 2)).tolist() == [833, 1666]


@pytest.mark.parametrize(
    ("height", "width", "shape"), [(1, 1, (16, 16)), (3, 1024, (16, 1024)), (512, 520, (512, 528))]
)
def test_a_tile_is_padded_to_the_next_patch(height, width, shape):
    assert Frame(Tile((), 0, 0, 0, 0, height, width)).shape == shape


@settings(deadline=None)
@given(
    y=sixty_fourths,
    x=sixty_fourths,
    y0=st.integers(0, 10**6),
    x0=st.integers(0, 10**6),
    scale=st.tuples(*2 * [st.sampled_from([0.25, 0.5, 1.0, 2.0])]),
)
def test_there_and_back_is_exact(y, x, y0, x0, scale):
    frame = Frame(Tile((), 0, 0, y0, x0, 1024, 1024), scale)
    place = (y + y0, x + x0)
    assert tuple(to_data(frame, frame.to_model(place))) == place


@settings(deadline=None)
@given(scale=st.tuples(*2 * [st.floats(0.1, 10)]), y=st.floats(0, 1024), x=st.floats(0, 1024))
def test_there_and_back_is_close_at_any_scale(scale, y, x):
    frame = Frame(TILE, scale)
    place = (y + TILE.y0, x + TILE.x0)
    assert to_data(frame, frame.to_model(place)) == pytest.approx(place, abs=1e-3)


@settings(deadline=None)
@given(y=st.integers(0, 19_999), x=st.integers(0, 19_999))
def test_a_pixel_has_the_same_data_coordinates_in_every_tile(y, x):
    grid = TileGrid(20_000, 20_000)
    for tile in grid.overlapping((), (y, x, y + 1, x + 1)):
        column, row = Frame(tile).to_model((y, x))
        assert 0 <= column < tile.width
        assert 0 <= row < tile.height
        assert tuple(to_data(Frame(tile), (column, row))) == (y, x)
