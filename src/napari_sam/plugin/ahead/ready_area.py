"""Ready area: the part of a plane in which clicks are answered at once, as an outline; no Qt."""

from collections.abc import Collection
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from napari_sam.tiles.grid import TileGrid

NOTHING = np.empty((0, 2, 2))
"""The outline of nothing."""


def outline(grid: TileGrid, ready: Collection[tuple[int, int]]) -> NDArray[np.float64]:
    """The border between tiles that are ready and those that are not.

    Tiles overlap; the border lies where the best tile for a click changes. Between two tiles that
    are ready there is none, so ten thousand of them need no more lines than a few.

    Parameters
    ----------
    grid : TileGrid
        Of the plane.
    ready : collection of (int, int)
        Rows and columns of tiles.

    Returns
    -------
    ndarray
        ``(N, 2, 2)`` float64, data coordinates yx of the ends of straight lines.
    """
    known = np.zeros((grid.rows + 2, grid.cols + 2), bool)
    for row, col in ready:
        known[row + 1, col + 1] = True
    ys = _borders([grid.tile((), row, 0).bbox[0::2] for row in range(grid.rows)])
    xs = _borders([grid.tile((), 0, col).bbox[1::2] for col in range(grid.cols)])
    across = np.diff(known.astype(np.int8), axis=0)[:, 1:-1] != 0
    down = np.diff(known.astype(np.int8), axis=1)[1:-1].T != 0
    lines = [[(ys[i], xs[a]), (ys[i], xs[b])] for i, a, b in _runs(across)]
    lines += [[(ys[a], xs[i]), (ys[b], xs[i])] for i, a, b in _runs(down)]
    return np.array(lines, np.float64).reshape(-1, 2, 2)


def _borders(spans: list[tuple[int, int]]) -> list[float]:
    """Where one tile takes over from the next along an axis, and the ends of the image.

    The ends are those of pixel centres: a layer that reaches further would make the sliders longer.
    """
    between = [(a + b + c + d) / 4 for (a, b), (c, d) in pairwise(spans)]
    return [spans[0][0], *(value - 0.5 for value in between), spans[-1][1] - 1]


def _runs(marked: NDArray[np.bool_]) -> list[tuple[int, int, int]]:
    """Row, first and last border of each row of marks without a gap."""
    edges = np.diff(np.pad(marked, ((0, 0), (1, 1))).astype(np.int8), axis=1)
    starts, stops = np.argwhere(edges == 1), np.argwhere(edges == -1)
    return [(int(i), int(a), int(b)) for (i, a), (_, b) in zip(starts, stops, strict=True)]
