"""Scribble: convert a line drawn over an object to clicks along the line."""

import numpy as np
from numpy.typing import NDArray

MOST_CLICKS = 8
"""Number of clicks of a scribble at most: models are trained with few clicks per object."""

SPACING = 4.0
"""Distance between clicks of a scribble at least, data pixels: a short scribble is few clicks."""


def along(
    vertices: NDArray[np.float64], most: int = MOST_CLICKS, spacing: float = SPACING
) -> NDArray[np.float64]:
    """Points along a line through vertices, at equal distances, both ends included.

    Parameters
    ----------
    vertices : ndarray
        ``(N, 2)`` float64, yx, data pixels, ``N >= 1``; repeated vertices are allowed.
    most : int
        Number of points at most; at least 2.
    spacing : float
        Distance of neighbouring points at least, along the line, data pixels.

    Returns
    -------
    ndarray
        ``(M, 2)`` float64, yx, in the direction of the line. A line shorter than `spacing` becomes
        its first vertex.
    """
    steps = np.hypot(*np.diff(vertices, axis=0).T)
    distances = np.concatenate([[0.0], np.cumsum(steps)])
    intervals = min(int(distances[-1] / spacing), most - 1)
    if intervals < 1:
        return np.array(vertices[:1], float)
    places = np.linspace(0, distances[-1], intervals + 1)
    return np.stack([np.interp(places, distances, vertices[:, axis]) for axis in (0, 1)], axis=1)
