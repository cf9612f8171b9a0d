"""Outlines: the objects of labels as polygons."""

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
_STRAIGHT = 1e-6
"""Pixels by which a line may bend and still be straight: rounding only, for nothing is lost."""


@dataclass(frozen=True, slots=True, eq=False)
class Outline:
    """One object on one plane.

    Parameters
    ----------
    label : int
        The object.
    plane : tuple of int
        Where.
    polygons : tuple of tuple of ndarray
        Each piece of the object: its outer ring, then its holes; a ring is ``(n, 2)`` float64 of
        x and y, the last point the first again. Pixel (0, 0) reaches from 0 to 1 here, as ImageJ
        and QuPath count, and not from -0.5 to 0.5, as napari does. The centres of exactly the
        object's pixels are inside.
    """

    label: int
    plane: Plane
    polygons: tuple[tuple[Ring, ...], ...]


def outlines(labels: LabelArray, plane_axes: str, table: Measurements) -> Iterator[Outline]:
    """The outlines of measured objects, read one by one.

    Parameters
    ----------
    labels : array-like
        ``(*planes, Y, X)`` integers.
    plane_axes : str
        Names of the leading axes, of T and Z.
    table : Measurements
        Of these labels: says where they are.

    Yields
    ------
    Outline
        In the order of the table, of each object its planes.
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
    """The polygons of a mask; pixels that meet at a corner only are pieces of their own.

    Parameters
    ----------
    pixels : ndarray
        ``(height, width)`` bool.
    corner : tuple of int
        x and y of its first pixel.

    Returns
    -------
    tuple of tuple of ndarray
        See :class:`Outline`.
    """
    found = find_contours(np.pad(pixels, 1).astype(np.uint8), 0.5, fully_connected="low")
    # Half a pixel, for contours count from the centres; one, for the frame around the mask.
    rings = [approximate_polygon(ring, _STRAIGHT)[:, ::-1] - 0.5 + corner for ring in found]
    areas = [_signed_area(ring) for ring in rings]
    outward = np.sign(max(areas, key=abs))
    pieces = sorted(
        ([ring] for ring, area in zip(rings, areas, strict=True) if area * outward > 0),
        key=lambda piece: abs(_signed_area(piece[0])),
    )
    for ring, area in zip(rings, areas, strict=True):
        if area * outward < 0:  # a hole of the smallest piece around it
            next(p for p in pieces if points_in_poly(ring[:1], p[0])[0]).append(ring)
    return tuple(tuple(piece) for piece in reversed(pieces))


def _signed_area(ring: Ring) -> float:
    x, y = ring.T
    return float(np.sum(x[:-1] * y[1:] - x[1:] * y[:-1]) / 2)
