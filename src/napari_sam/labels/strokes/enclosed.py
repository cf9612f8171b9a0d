"""Enclosed: pixels added to a label by a stroke, or taken away."""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation, binary_fill_holes, label

from .divide import divide
from .label_region import LabelRegion
from .stroke import Stroke, within

Bools = NDArray[np.bool_]

_ALL_SIDES = np.ones((3, 3), bool)


def added_pixels(region: LabelRegion, number: int, stroke: Stroke) -> Bools:
    """Free pixels that a stroke from inside a label encloses together with the label.

    Parameters
    ----------
    region : LabelRegion
        Box that holds label and stroke.
    number : int
        The label.
    stroke : Stroke
        Its ends are joined straight.

    Returns
    -------
    ndarray
        ``(h, w)`` bool. Holes that the label had before are added only where the stroke runs around
        them. No pixel of another label, and none that other labels cut off from this one.
    """
    inside = region.labels == number
    line = within(stroke.pixels, region.bbox)
    edge = inside | line | within(stroke.chord, region.bbox)
    enclosed = binary_fill_holes(edge) & ~binary_fill_holes(inside)
    enclosed |= stroke.inside(region.bbox)
    interior = enclosed & ~line & (region.labels == 0)
    if not interior.any():
        return np.asarray(interior)
    # Of the line itself, the part that bounds the area; its loose ends would be whiskers.
    bounds = line & binary_dilation(interior, _ALL_SIDES) & (region.labels == 0)
    added = interior | bounds
    joined, _ = label(inside | added, _ALL_SIDES)
    return np.asarray(added & np.isin(joined, np.unique(joined[inside])))


def cut_pixels(region: LabelRegion, number: int, stroke: Stroke) -> Bools:
    """Pixels of a label that a stroke takes away.

    A stroke across the label takes the smaller parts; a loop, or a stroke that does not divide the
    label, takes what it encloses.

    Parameters
    ----------
    region : LabelRegion
        Box that holds the label.
    number : int
        The label.
    stroke : Stroke
        The ends of a loop are joined straight.

    Returns
    -------
    ndarray
        ``(h, w)`` bool, all within the label.
    """
    inside = region.labels == number
    line = within(stroke.pixels, region.bbox)
    if not stroke.is_loop:
        parts = divide(inside, line)
        areas = np.bincount(parts[inside])
        if areas.size > 2:
            return np.asarray(inside & (parts != areas.argmax()))
    enclosed = inside & stroke.inside(region.bbox)
    return np.asarray(enclosed if (enclosed & ~line).any() else np.zeros_like(inside))
