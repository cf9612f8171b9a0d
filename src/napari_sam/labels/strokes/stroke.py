"""Stroke: a line drawn over the labels of a plane, and the pixels under the line."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray
from skimage.draw import line, polygon

from napari_sam.errors import LabelError
from napari_sam.image.volume import Plane
from napari_sam.tiles.bbox import BBox

Pixels = NDArray[np.intp]

END = 10.0
"""Length of the end of a stroke, in pixels, that gives the direction in which the end is drawn on:
the last pixel or two of a hand-drawn line point anywhere."""

LOOP = 0.5
"""Distance of the ends of a stroke as a share of its length up to which it counts as a loop."""

_FARTHEST = 1 << 24
"""Distance from the first pixel, in pixels, beyond which a point cannot belong to an image."""


@dataclass(frozen=True, slots=True, eq=False)
class Stroke:
    """A line over the labels of a plane; made by :func:`stroke_of`, which checks it.

    Parameters
    ----------
    points : ndarray
        ``(N, 2)`` float64, yx, data pixels of the plane, N >= 2; integers are pixel centres. The
        line is straight between them, and may leave the image.
    plane : tuple of int
        Index of the leading axes; ``()`` for a single image.
    """

    points: NDArray[np.float64]
    plane: Plane = ()

    @property
    def pixels(self) -> Pixels:
        """Pixels ``(M, 2)`` under the line in its order, yx; each shares a side with the next.

        So no two pixels on different sides of the line touch, not even at a corner.
        """
        return _under_line(self.points)

    @property
    def chord(self) -> Pixels:
        """Pixels of the straight line from the end to the start, as :attr:`pixels`."""
        return _under_line(self.points[[-1, 0]])

    @property
    def length(self) -> float:
        """Length of the line in pixels."""
        return float(np.hypot(*np.diff(self.points, axis=0).T).sum())

    @property
    def is_loop(self) -> bool:
        """Whether the ends are near each other: at most half the length of the line apart."""
        gap = float(np.hypot(*(self.points[-1] - self.points[0])))
        return gap <= LOOP * self.length

    @property
    def bbox(self) -> BBox:
        """Smallest box around the pixels; it may reach beyond the image."""
        low, high = self.pixels.min(axis=0), self.pixels.max(axis=0) + 1
        return int(low[0]), int(low[1]), int(high[0]), int(high[1])

    def extended(self, distance: float) -> "Stroke":
        """The stroke with both ends drawn on straight, by a distance in pixels."""
        ends = [end + distance * _direction(points) for end, points in self._ends()]
        return replace(self, points=np.vstack([ends[0], self.points, ends[1]]))

    def _ends(self) -> list[tuple[NDArray[np.float64], NDArray[np.float64]]]:
        """Start and end, each with the points from there on."""
        return [(points[0], points) for points in (self.points, self.points[::-1])]

    def inside(self, bbox: BBox) -> NDArray[np.bool_]:
        """Pixels of a box that the line encloses if its ends are joined straight.

        Parameters
        ----------
        bbox : tuple of int
            ``(y0, x0, y1, x1)``, data pixels.

        Returns
        -------
        ndarray
            ``(h, w)`` bool; of a line that crosses itself, by the even-odd rule.
        """
        y0, x0, y1, x1 = bbox
        enclosed = np.zeros((y1 - y0, x1 - x0), bool)
        rows, columns = (self.points - (y0, x0)).T
        enclosed[polygon(rows, columns, enclosed.shape)] = True
        return enclosed


def stroke_of(points: ArrayLike, plane: Sequence[int], shape: Sequence[int]) -> Stroke:
    """Check a line that is to be drawn over labels.

    Parameters
    ----------
    points : array-like
        ``(N, 2)`` numbers, yx, data pixels.
    plane : sequence of int
        Index of the leading axes of the labels.
    shape : sequence of int
        ``(*planes, Y, X)`` of the labels.

    Returns
    -------
    Stroke
        Points that repeat the point before are left out.

    Raises
    ------
    LabelError
        If the line has no length, is no line of numbers, or lies outside of the labels.
    """
    try:
        array = np.asarray(points, np.float64)
    except (TypeError, ValueError):
        raise LabelError("a stroke is a list of points (y, x): give two numbers each") from None
    if not array.size:
        raise LabelError("the stroke is empty: draw a line over a label")
    if array.ndim != 2 or array.shape[1] != 2 or not np.isfinite(array).all():
        raise LabelError("a stroke is a list of points (y, x): give two numbers each")
    moved = np.append(True, np.any(np.diff(array, axis=0) != 0, axis=1))
    array = array[moved]
    if len(array) < 2:
        raise LabelError("the stroke is a single point: draw a line over a label")
    planes, size = tuple(shape[:-2]), np.asarray(shape[-2:])
    is_plane = len(plane) == len(planes) and all(
        0 <= i < n for i, n in zip(plane, planes, strict=True)
    )
    beyond = np.abs(array).max() > _FARTHEST or not is_plane
    if beyond or not _in_image(_under_line(array), size).any():
        raise LabelError("the stroke lies outside of the image: draw a line over a label")
    return Stroke(array, tuple(int(i) for i in plane))


def within(pixels: Pixels, bbox: BBox) -> NDArray[np.bool_]:
    """Mark the pixels ``(M, 2)`` in a ``(h, w)`` bool array of a box; others are left out."""
    y0, x0, y1, x1 = bbox
    marked = np.zeros((y1 - y0, x1 - x0), bool)
    shifted = pixels - (y0, x0)
    marked[tuple(shifted[_in_image(shifted, np.asarray(marked.shape))].T)] = True
    return marked


def _in_image(pixels: Pixels, size: NDArray[np.intp]) -> NDArray[np.bool_]:
    return np.asarray(((pixels >= 0) & (pixels < size)).all(axis=1))


def _under_line(points: NDArray[np.float64]) -> Pixels:
    corners = np.floor(points + 0.5).astype(np.intp)
    pieces = [np.stack(line(*a, *b), axis=1) for a, b in pairwise(corners)]
    path = np.concatenate(pieces)
    diagonal = np.flatnonzero((np.diff(path, axis=0) != 0).all(axis=1))
    beside = np.stack([path[diagonal + 1, 0], path[diagonal, 1]], axis=1)
    path = np.insert(path, diagonal + 1, beside, axis=0)
    moves = np.append(True, (np.diff(path, axis=0) != 0).any(axis=1))
    return np.asarray(path[moves], np.intp)


def _direction(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Unit vector from the line's inside to its first point."""
    distances = np.hypot(*(points - points[0]).T)
    far = np.flatnonzero(distances >= END)
    inner = points[far[0]] if far.size else points[int(np.argmax(distances))]
    return np.asarray((points[0] - inner) / np.hypot(*(points[0] - inner)))
