"""Ready area: the outline of the tiles with embeddings in a plane; no Qt."""

from collections.abc import Collection
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from napari_sam.tiles.grid import TileGrid

NO_LINES = np.empty((0, 2, 2))
"""Outline of no tiles."""


def outline(grid: TileGrid, ready: Collection[tuple[int, int]]) -> NDArray[np.float64]:
    """The border between ready tiles and the other tiles of a plane.

    Tiles overlap; the border between two of them lies where the best tile for a click changes. Two
    neighbouring ready tiles have no border, so ten thousand tiles need few lines.

    Parameters
    ----------
    grid : TileGrid
        Tiles of the plane.
    ready : collection of (int, int)
        Row and column of each ready tile.

    Returns
    -------
    ndarray
        ``(N, 2, 2)`` float64, data coordinates yx of both ends of N straight lines.
    """
    is_ready = np.zeros((grid.rows + 2, grid.cols + 2), bool)
    for row, col in ready:
        is_ready[row + 1, col + 1] = True
    ys = _borders([grid.tile((), row, 0).bbox[0::2] for row in range(grid.rows)])
    xs = _borders([grid.tile((), 0, col).bbox[1::2] for col in range(grid.cols)])
    across = np.diff(is_ready.astype(np.int8), axis=0)[:, 1:-1] != 0
    down = np.diff(is_ready.astype(np.int8), axis=1)[1:-1].T != 0
    lines = [[(ys[i], xs[a]), (ys[i], xs[b])] for i, a, b in _runs(across)]
    lines += [[(ys[a], xs[i]), (ys[b], xs[i])] for i, a, b in _runs(down)]
    return np.array(lines, np.float64).reshape(-1, 2, 2)


def _borders(spans: list[tuple[int, int]]) -> list[float]:
    """Borders of the tiles along an axis, pixels: between neighbours, and at the image's ends.

    The ends are pixel centres: a layer that reaches further would lengthen napari's sliders.
    """
    between = [(a + b + c + d) / 4 for (a, b), (c, d) in pairwise(spans)]
    return [spans[0][0], *(value - 0.5 for value in between), spans[-1][1] - 1]


def _runs(marked: NDArray[np.bool_]) -> list[tuple[int, int, int]]:
    """Row, first and last border of each run of neighbouring marks in a row."""
    edges = np.diff(np.pad(marked, ((0, 0), (1, 1))).astype(np.int8), axis=1)
    starts, stops = np.argwhere(edges == 1), np.argwhere(edges == -1)
    return [(int(i), int(a), int(b)) for (i, a), (_, b) in zip(starts, stops, strict=True)]
