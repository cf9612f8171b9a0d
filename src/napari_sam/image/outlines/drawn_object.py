"""Drawn object: an object of a file of outlines, and all objects of a file."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

Ring = NDArray[np.float64]
"""A line that ends where it begins, ``(n, 2)`` float64, xy, at least three points; the last point
may be the first again. Pixel (0, 0) reaches from 0 to 1, as in ImageJ and QuPath."""

Polygon = tuple[Ring, ...]
"""Rings of which a point inside has an odd number around it: an outer ring and its holes."""

STACK = "position"
"""Key of :attr:`DrawnObject.place` for a number that counts all planes of a stack."""

_LARGEST = 2**32 - 1
"""Largest label."""


@dataclass(frozen=True, slots=True, eq=False)
class DrawnObject:
    """Outline of an object on a plane.

    Made by the readers of each format; drawn by
    :func:`~napari_sam.image.outlines.draw.draw_outlines`.

    Parameters
    ----------
    polygons : tuple of Polygon
        Pieces of the object.
    label : int
        Label of the object; 0 where the file names none.
    place : mapping of str to int
        Index of the plane by the letter of the axis, T or Z, or by :data:`STACK`. Empty where the
        file does not name a plane.
    class_name, color : str
        Class of the object, and the colour of the class as ``"#rrggbb"``; empty without a class.
    score : float or None
        Confidence from 0 to 1, if the file has one.
    with_points : bool
        Whether the pixels of the rings' points belong to the object: formats that list the
        outermost pixels, and not a line around them.
    """

    polygons: tuple[Polygon, ...]
    label: int = 0
    place: Mapping[str, int] = field(default_factory=dict)
    class_name: str = ""
    color: str = ""
    score: float | None = None
    with_points: bool = False

    @property
    def extent(self) -> tuple[float, float, float, float]:
        """Smallest and largest coordinates, ``(x0, y0, x1, y1)``."""
        points = np.concatenate([ring for polygon in self.polygons for ring in polygon])
        (x0, y0), (x1, y1) = points.min(axis=0), points.max(axis=0)
        return float(x0), float(y0), float(x1), float(y1)

    @property
    def area(self) -> float:
        """Area inside the first rings of the polygons, square pixels; holes are not taken off."""
        return sum(_area(polygon[0]) for polygon in self.polygons)


@dataclass(frozen=True, slots=True, eq=False)
class Outlines:
    """Objects of a file of outlines; made by :func:`~napari_sam.image.outlines.read.read_outlines`.

    Parameters
    ----------
    objects : tuple of DrawnObject
        In the order of the file, each with a label.
    warnings : tuple of str
        Sentences about outlines that were left out.
    """

    objects: tuple[DrawnObject, ...]
    warnings: tuple[str, ...] = ()


def numbered(objects: Iterable[DrawnObject]) -> tuple[DrawnObject, ...]:
    """Label objects by the numbers of the file, or by 1, 2, ... where a number is missing.

    A label may occur on several planes; twice on a plane, the numbers of the file are no labels.
    """
    objects = tuple(objects)
    places = {(each.label, *sorted(each.place.items())) for each in objects}
    has_labels = all(0 < each.label <= _LARGEST for each in objects)
    if has_labels and len(places) == len(objects):
        return objects
    return tuple(replace(each, label=number) for number, each in enumerate(objects, 1))


def ring_of(points: object) -> Ring | None:
    """A ring of points; None for fewer than three points, and for points that are no numbers."""
    ring = np.asarray(points, np.float64)
    if ring.ndim != 2 or len(ring) < 3 or not np.isfinite(ring).all():
        return None
    return ring[:, :2]


def _area(ring: Ring) -> float:
    x, y = (ring - ring[0]).T
    return float(abs(np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y)) / 2)
