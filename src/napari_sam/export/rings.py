"""Rings: an object with holes and several pieces as a single closed line.

Formats of polygons know no holes, and YOLO only one polygon for an object. A line of no width joins
a hole, or another piece, to the ring before, as in the converters of Ultralytics: readers that fill
polygons by the even-odd rule get the object's pixels back.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Ring = NDArray[np.float64]
"""A closed line, ``(n, 2)`` float64, xy; the last point is the first again."""


def joined(rings: Sequence[Ring]) -> Ring:
    """One closed line through several.

    Parameters
    ----------
    rings : sequence of ndarray
        At least one; the outer ring first.

    Returns
    -------
    ndarray
        ``(n, 2)`` float64: each further ring is entered and left at its point that is nearest to
        the line so far.
    """
    line = rings[0]
    for ring in rings[1:]:
        distances = np.linalg.norm(line[:, None] - ring[None], axis=-1)
        leave, enter = np.unravel_index(int(distances.argmin()), distances.shape)
        turned = np.concatenate([ring[enter:-1], ring[: enter + 1]])
        line = np.concatenate([line[: leave + 1], turned, line[leave:]])
    return line
