"""Bounding boxes of pixels in a plane: ``(y0, x0, y1, x1)``, the ends excluded."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

BBox = tuple[int, int, int, int]
"""``(y0, x0, y1, x1)``, data pixels, the ends excluded."""


def union(boxes: Iterable[BBox]) -> BBox:
    """The smallest box around several boxes."""
    y0, x0, y1, x1 = zip(*boxes, strict=True)
    return min(y0), min(x0), max(y1), max(x1)


def box_of(pixels: NDArray[np.bool_]) -> BBox | None:
    """The smallest box around the True pixels of a ``(height, width)`` array; None without any."""
    rows, columns = (np.flatnonzero(pixels.any(axis=axis)) for axis in (1, 0))
    if not rows.size:
        return None
    return int(rows[0]), int(columns[0]), int(rows[-1]) + 1, int(columns[-1]) + 1


def longer_side(bbox: BBox) -> int:
    """Height or width of a box, whichever is larger."""
    y0, x0, y1, x1 = bbox
    return max(y1 - y0, x1 - x0)


def intersection(a: BBox, b: BBox) -> BBox | None:
    """The pixels that two boxes share, as a box; None if they are disjoint."""
    y0, x0, y1, x1 = max(a[0], b[0]), max(a[1], b[1]), min(a[2], b[2]), min(a[3], b[3])
    return (y0, x0, y1, x1) if y0 < y1 and x0 < x1 else None


def grown(bbox: BBox, margin: int) -> BBox:
    """A box with a margin on each side, in pixels; it may reach beyond the image."""
    y0, x0, y1, x1 = bbox
    return y0 - margin, x0 - margin, y1 + margin, x1 + margin


def holds(outer: BBox, inner: BBox) -> bool:
    """Whether the inner box lies within the outer box; common borders are within."""
    return (
        outer[0] <= inner[0]
        and outer[1] <= inner[1]
        and inner[2] <= outer[2]
        and inner[3] <= outer[3]
    )


def place(bbox: BBox, within: BBox) -> tuple[slice, slice]:
    """Index of a box into the array of pixels of a larger box: slices of rows and columns."""
    (y0, x0, y1, x1), (top, left) = bbox, within[:2]
    return slice(y0 - top, y1 - top), slice(x0 - left, x1 - left)
