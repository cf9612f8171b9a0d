"""Scribble: a line drawn over an object as clicks along it."""

import numpy as np
from numpy.typing import NDArray

MOST = 8
"""Clicks that a scribble becomes at most: models see few in training."""

SPACING = 4.0
"""Pixels between them at least: a short scribble is as few clicks as it needs."""


def along(
    vertices: NDArray[np.float64], most: int = MOST, spacing: float = SPACING
) -> NDArray[np.float64]:
    """Points along a line through vertices, equally far apart on the way, its ends included.

    Parameters
    ----------
    vertices : ndarray
        ``(N, 2)`` float64, yx, data pixels; at least one. Repeated vertices do not matter.
    most : int
        Number of points at most; at least 2.
    spacing : float
        Way between neighbouring points at least, data pixels.

    Returns
    -------
    ndarray
        ``(M, 2)`` float64, yx, in the direction of the line. A line shorter than `spacing` is one
        point, its first vertex.
    """
    steps = np.hypot(*np.diff(vertices, axis=0).T)
    way = np.concatenate([[0.0], np.cumsum(steps)])
    intervals = min(int(way[-1] / spacing), most - 1)
    if intervals < 1:
        return np.array(vertices[:1], float)
    places = np.linspace(0, way[-1], intervals + 1)
    return np.stack([np.interp(places, way, vertices[:, axis]) for axis in (0, 1)], axis=1)
