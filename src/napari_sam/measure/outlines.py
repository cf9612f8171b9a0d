"""Outlines: objects of labels as polygons."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray
from skimage.measure import approximate_polygon, find_contours, points_in_poly

from napari_sam.image.volume import Plane
from napari_sam.labels.label_array import LabelArray

from .measurements import Measurements

Ring = NDArray[np.float64]
"""A closed line, ``(n, 2)`` float64, xy; the last point is the first again."""

_STRAIGHT = 1e-6
"""Distance from a straight line, in pixels, below which a point is left out: rounding errors."""


@dataclass(frozen=True, slots=True, eq=False)
class Outline:
    """Polygons of an object on a plane; made by :func:`outlines`, written by a file format.

    Parameters
    ----------
    label : int
        Label of the object.
    plane : tuple of int
        Index of the plane.
    polygons : tuple of tuple of ndarray
        For each piece of the object its outer ring, then its holes; a ring is ``(n, 2)`` float64,
        xy, the last point the first again. Pixel (0, 0) reaches from 0 to 1, as in ImageJ and
        QuPath, not from -0.5 to 0.5, as in napari. The polygons contain the centres of exactly the
        object's pixels.
    """

    label: int
    plane: Plane
    polygons: tuple[tuple[Ring, ...], ...]


def outlines(labels: LabelArray, plane_axes: str, table: Measurements) -> Iterator[Outline]:
    """Trace the outlines of measured objects; only the object being traced is in memory.

    Parameters
    ----------
    labels : array-like
        ``(*planes, Y, X)`` integers.
    plane_axes : str
        Letters of the axes before Y and X, from T and Z.
    table : Measurements
        Measurements of the labels: their frames and bounding boxes say where to read.

    Yields
    ------
    Outline
        One for each object and plane, in the order of the table, then of planes.
    """
    for row in table.rows():
        region = (slice(row["bbox_y0"], row["bbox_y1"]), slice(row["bbox_x0"], row["bbox_x1"]))
        spans = {"T": range(row.get("t", 0), row.get("t", 0) + 1)}
        spans["Z"] = range(row.get("bbox_z0", 0), row.get("bbox_z1", 1))
        for plane in product(*(spans[axis] for axis in plane_axes)):
            pixels = np.asarray(labels[(*plane, *region)]) == row["label"]
            if pixels.any():
                corner = (row["bbox_x0"], row["bbox_y0"])
                yield Outline(row["label"], plane, polygons_of(pixels, corner))


def polygons_of(
    pixels: NDArray[np.bool_], corner: tuple[int, int] = (0, 0)
) -> tuple[tuple[Ring, ...], ...]:
    """Trace the polygons of a mask; pixels joined only at a corner become separate pieces.

    Parameters
    ----------
    pixels : ndarray
        ``(height, width)`` bool.
    corner : tuple of int
        x and y of the mask's first pixel.

    Returns
    -------
    tuple of tuple of ndarray
        Polygons as in :class:`Outline`, the largest piece first.
    """
    contours = find_contours(np.pad(pixels, 1).astype(np.uint8), 0.5, fully_connected="low")
    # Add half a pixel, because contours count from pixel centres; subtract one of padding.
    rings = [approximate_polygon(ring, _STRAIGHT)[:, ::-1] - 0.5 + corner for ring in contours]
    areas = [_signed_area(ring) for ring in rings]
    outward = np.sign(max(areas, key=abs))
    pieces = sorted(
        ([ring] for ring, area in zip(rings, areas, strict=True) if area * outward > 0),
        key=lambda piece: abs(_signed_area(piece[0])),
    )
    for ring, area in zip(rings, areas, strict=True):
        if area * outward < 0:  # a hole, which belongs to the smallest piece around it
            next(p for p in pieces if points_in_poly(ring[:1], p[0])[0]).append(ring)
    return tuple(tuple(piece) for piece in reversed(pieces))


def _signed_area(ring: Ring) -> float:
    x, y = ring.T
    return float(np.sum(x[:-1] * y[1:] - x[1:] * y[:-1]) / 2)
