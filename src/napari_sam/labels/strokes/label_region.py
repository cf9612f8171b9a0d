"""LabelRegion: the box of a label in a plane, found from a place inside without a search."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_sam.image.volume import Plane
from napari_sam.labels.label_array import LabelArray
from napari_sam.tiles.bbox import BBox, box_of, intersection

from .stroke import Pixels

_TILE = 512
"""Side of the squares, in pixels, in which labels under a line are read: a line across a slide of
40,000 pixels reads those that it crosses, and not its bounding box."""

_STEP = 64
"""Pixels by which a box grows at least towards a side that the label reaches."""


@dataclass(frozen=True, slots=True, eq=False)
class LabelRegion:
    """A box of a plane with its labels; made by :func:`find_label` and :func:`read_region`.

    Parameters
    ----------
    plane : tuple of int
        Index of the leading axes.
    bbox : tuple of int
        ``(y0, x0, y1, x1)``, data pixels.
    labels : ndarray
        ``(h, w)`` labels in the box, a copy.
    """

    plane: Plane
    bbox: BBox
    labels: NDArray[np.integer[Any]]


def read_region(labels: LabelArray, plane: Plane, bbox: BBox) -> LabelRegion | None:
    """Read a box of a plane, as far as it lies in the labels; None outside."""
    height, width = labels.shape[-2:]
    inside = intersection(bbox, (0, 0, height, width))
    if inside is None:
        return None
    y0, x0, y1, x1 = inside
    block = np.array(labels[(*plane, slice(y0, y1), slice(x0, x1))])
    return LabelRegion(plane, inside, block)


def find_label(labels: LabelArray, plane: Plane, label: int, start: BBox) -> LabelRegion | None:
    """Find the box of a label, from a box that holds a part of it.

    The box grows towards each side that the label reaches. Parts of the label that no growing box
    meets are not found: the whole plane is never read for a small label.

    Parameters
    ----------
    labels : array-like
        ``(*planes, Y, X)`` integers.
    plane : tuple of int
        Index of the leading axes.
    label : int
        The label.
    start : tuple of int
        ``(y0, x0, y1, x1)``, data pixels.

    Returns
    -------
    LabelRegion or None
        The smallest box around the pixels of the label; None if `start` has none of them.
    """
    height, width = labels.shape[-2:]
    box = start
    while (region := read_region(labels, plane, box)) is not None:
        y0, x0, y1, x1 = region.bbox
        extent = box_of(region.labels == label)
        if extent is None:
            return None
        down, across = max(_STEP, y1 - y0), max(_STEP, x1 - x0)
        box = (
            y0 - down if extent[0] == 0 and y0 > 0 else y0,
            x0 - across if extent[1] == 0 and x0 > 0 else x0,
            y1 + down if extent[2] == y1 - y0 and y1 < height else y1,
            x1 + across if extent[3] == x1 - x0 and x1 < width else x1,
        )
        if box == region.bbox:
            top, first, bottom, end = extent
            tight = (y0 + top, x0 + first, y0 + bottom, x0 + end)
            return LabelRegion(plane, tight, region.labels[top:bottom, first:end].copy())
    return None


def labels_under(labels: LabelArray, plane: Plane, pixels: Pixels) -> NDArray[np.int64]:
    """Labels of single pixels of a plane.

    Parameters
    ----------
    labels : array-like
        ``(*planes, Y, X)`` integers.
    plane : tuple of int
        Index of the leading axes.
    pixels : ndarray
        ``(M, 2)`` integers, yx, data pixels.

    Returns
    -------
    ndarray
        ``(M,)`` int64; 0 outside of the labels.
    """
    values = np.zeros(len(pixels), np.int64)
    inside = np.flatnonzero(((pixels >= 0) & (pixels < labels.shape[-2:])).all(axis=1))
    tiles = pixels[inside] // _TILE
    for tile in np.unique(tiles, axis=0):
        in_tile = inside[(tiles == tile).all(axis=1)]
        y0, x0, y1, x1 = box_around(pixels[in_tile])
        block = np.asarray(labels[(*plane, slice(y0, y1), slice(x0, x1))])
        values[in_tile] = block[tuple((pixels[in_tile] - (y0, x0)).T)]
    return values


def box_around(pixels: Pixels) -> BBox:
    """The smallest box around pixels ``(M, 2)``, yx; M >= 1."""
    low, high = pixels.min(axis=0), pixels.max(axis=0) + 1
    return int(low[0]), int(low[1]), int(high[0]), int(high[1])


def in_order(values: Iterable[int]) -> list[int]:
    """Labels without repetition and background, in the order of their first appearance."""
    return [label for label in dict.fromkeys(int(value) for value in values) if label]
