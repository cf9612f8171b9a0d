"""Coarse: a small level of a pyramid, as a map of the content of an image."""

from collections.abc import Sequence
from typing import Any

MOST_PIXELS = 1 << 24
"""Pixels of the largest plane of a level that is read whole, a second or less."""


def coarse_level(levels: Sequence[Any], axes: str) -> Any:
    """The finest level with planes small enough to read whole.

    Parameters
    ----------
    levels : sequence of array-like
        All levels of a pyramid, the full resolution first; no pixel is read.
    axes : str
        Letters of the dimensions of each level, which end in YX or YXC.

    Returns
    -------
    array-like or None
        None if there is no such level besides the full resolution, or `axes` do not fit it.
    """
    y = axes.upper().find("YX")
    for level in levels[1:]:
        if y < 0 or len(level.shape) != len(axes):
            return None
        if level.shape[y] * level.shape[y + 1] <= MOST_PIXELS:
            return level
    return None
