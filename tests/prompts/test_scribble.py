"""A scribble becomes a few clicks along it, whatever hypothesis draws."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from napari_sam.prompts.scribble import MOST_CLICKS, SPACING, along

coordinate = st.floats(-1000, 5000, width=32)
lines = st.lists(st.tuples(coordinate, coordinate), min_size=1, max_size=12).map(
    lambda vertices: np.array(vertices, float)
)


def length(line: NDArray[np.float64]) -> float:
    return float(np.hypot(*np.diff(line, axis=0).T).sum())


def distance(point: NDArray[np.float64], line: NDArray[np.float64]) -> float:
    """From a point to the nearest place of a line."""
    starts, edges = line[:-1], np.diff(line, axis=0)
    squares = np.maximum((edges**2).sum(axis=1), 1e-30)
    share = np.clip(((point - starts) * edges).sum(axis=1) / squares, 0, 1)
    return float(np.min(np.hypot(*(starts + share[:, None] * edges - point).T)))


def test_a_straight_line_is_divided_evenly() -> None:
    np.testing.assert_allclose(
        along(np.array([(10.0, 20.0), (10.0, 32.0)])), [(10, 20), (10, 24), (10, 28), (10, 32)]
    )


def test_a_bent_line_is_divided_by_the_way_along_it() -> None:
    bent = np.array([(0.0, 0.0), (0.0, 30.0), (40.0, 30.0)])
    expected = [(0, 0), (0, 10), (0, 20), (0, 30), (10, 30), (20, 30), (30, 30), (40, 30)]
    np.testing.assert_allclose(along(bent), expected)


@pytest.mark.parametrize("line", [[(3.0, 4.0)], [(3.0, 4.0)] * 5, [(3.0, 4.0), (3.0, 7.9)]])
def test_next_to_no_line_is_one_click(line: list[tuple[float, float]]) -> None:
    np.testing.assert_array_equal(along(np.array(line)), [(3, 4)])


@given(lines, st.integers(2, 12))
def test_few_points_on_the_line_with_its_ends(line: NDArray[np.float64], most: int) -> None:
    points = along(line, most)
    assert 1 <= len(points) <= most
    np.testing.assert_array_equal(points[0], line[0])
    if length(line) >= SPACING * 1.001:
        np.testing.assert_allclose(points[-1], line[-1])
        assert len(points) >= 2
    if len(line) > 1:
        assert max(distance(point, line) for point in points) < 1e-6 * (1 + length(line))


@given(lines)
def test_points_are_as_many_as_the_way_is_long(line: NDArray[np.float64]) -> None:
    points, whole = along(line), length(line)
    if len(points) < MOST_CLICKS and whole >= SPACING:
        assert whole / len(points) <= SPACING * 1.001
    if len(points) > 1:
        assert whole / (len(points) - 1) >= SPACING * 0.999


@given(lines, st.data())
def test_vertices_that_change_no_line_change_nothing(
    line: NDArray[np.float64], data: st.DataObject
) -> None:
    at = data.draw(st.integers(0, len(line) - 1))
    again = np.insert(line, at, line[at], axis=0)
    np.testing.assert_array_equal(along(again), along(line))
