"""Inside: the pixels of a polygon."""

import numpy as np
from numpy.typing import NDArray

from .drawn_object import Polygon

Box = tuple[int, int, int, int]
"""``(y0, x0, y1, x1)``, pixels, the ends excluded."""


def inside(polygon: Polygon, box: Box) -> NDArray[np.bool_]:
    """Rasterise a polygon: pixel centres inside an odd number of rings.

    Each row of pixels is crossed by the lines at sorted places, and is inside between the first and
    the second, the third and the fourth, and so on: the scanline algorithm, for all rows at once
    (Foley et al., Computer Graphics, section 3.6). A centre on a line belongs to the polygon on its
    right or below, so that polygons with a common border share no pixel and leave none out. The
    time grows with the area of the box, and does not with area times points, as in skimage.draw.

    Parameters
    ----------
    polygon : Polygon
        Rings, xy.
    box : tuple of int
        The part of the plane to look at.

    Returns
    -------
    ndarray
        ``(y1 - y0, x1 - x0)`` bool.
    """
    y0, x0, y1, x1 = box
    rows, columns = _crossings(polygon, y0, y1)
    width = x1 - x0
    changes = np.zeros((y1 - y0, width + 1), np.bool_)  # a crossing behind the last column: ignored
    columns = np.clip(columns - x0, 0, width)
    np.logical_xor.at(changes, (rows - y0, columns), True)
    return np.logical_xor.accumulate(changes, axis=1)[:, :width]


def _crossings(polygon: Polygon, y0: int, y1: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows and columns, ``(n,)`` int64, at which lines cross rows of pixels.

    The column is the first with its centre to the right of the line.
    """
    start = np.concatenate(polygon)
    end = np.concatenate([np.roll(ring, -1, axis=0) for ring in polygon])
    is_down = (start[:, 1] <= end[:, 1])[:, None]  # a line is computed alike in both directions
    top, bottom = np.where(is_down, start, end), np.where(is_down, end, start)
    first = np.clip(np.ceil(top[:, 1] - 0.5), y0, y1).astype(np.int64)
    last = np.clip(np.ceil(bottom[:, 1] - 0.5), y0, y1).astype(np.int64)
    counts = last - first
    line = np.repeat(np.arange(len(start)), counts)
    rows = np.arange(len(line)) - np.repeat(np.cumsum(counts) - counts - first, counts)
    (xa, ya), (xb, yb) = top[line].T, bottom[line].T
    x = xa + (rows + 0.5 - ya) / (yb - ya) * (xb - xa)
    return rows, np.ceil(np.clip(x, -(2.0**40), 2.0**40) - 0.5).astype(np.int64)
