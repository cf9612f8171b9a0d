"""Pixels of a polygon."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.draw import polygon2mask

from napari_sam.image.outlines.inside import inside

SHAPE = (12, 15)
POINTS = st.lists(st.tuples(st.floats(-3, 18), st.floats(-3, 15)), min_size=3, max_size=8)


def ring(*points: tuple[float, float]) -> np.ndarray:
    return np.array(points, np.float64)


@given(POINTS)
@settings(max_examples=150, deadline=None)
def test_pixels_are_those_of_scikit_image(points: list[tuple[float, float]]) -> None:
    polygon = np.add(points, (0.00012, 0.00034))  # no centre of a pixel lies on a line
    expected = polygon2mask(SHAPE, polygon[:, ::-1] - 0.5)
    np.testing.assert_array_equal(inside((polygon,), (0, 0, *SHAPE)), expected)


@given(POINTS, st.integers(0, 6), st.integers(0, 6))
@settings(max_examples=50, deadline=None)
def test_a_part_of_the_plane_has_the_same_pixels(
    points: list[tuple[float, float]], y: int, x: int
) -> None:
    polygon = (np.array(points),)
    whole = inside(polygon, (0, 0, *SHAPE))
    np.testing.assert_array_equal(
        inside(polygon, (y, x, y + 5, x + 7)), whole[y : y + 5, x : x + 7]
    )


@given(st.lists(st.floats(0, 12), min_size=2, max_size=6), st.booleans())
@settings(max_examples=80, deadline=None)
def test_neighbours_share_no_pixel_and_leave_none_out(border: list[float], on_grid: bool) -> None:
    x = np.array([round(2 * v) / 2 for v in border] if on_grid else border)
    line = np.column_stack([x, np.linspace(0, 12, len(x))])
    left = np.concatenate([line, ring((0, 12), (0, 0))])
    right = np.concatenate([line[::-1], ring((15, 0), (15, 12))])
    masks = [inside((polygon,), (0, 0, *SHAPE)) for polygon in (left, right)]
    np.testing.assert_array_equal(masks[0] ^ masks[1], np.ones(SHAPE, bool))
    assert not (masks[0] & masks[1]).any()


def test_a_second_ring_is_a_hole() -> None:
    outer = ring((1, 1), (9, 1), (9, 9), (1, 9))
    hole = ring((3, 3), (3, 5), (6, 5), (6, 3), (3, 3))  # closed, and turned the other way
    expected = np.zeros(SHAPE, bool)
    expected[1:9, 1:9], expected[3:5, 3:6] = True, False
    np.testing.assert_array_equal(inside((outer, hole), (0, 0, *SHAPE)), expected)
