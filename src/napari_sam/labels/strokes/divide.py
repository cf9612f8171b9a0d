"""Divide: parts of a label on the sides of a line, or by masks with a point in each part."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation, distance_transform_edt, label
from skimage.segmentation import watershed

from napari_sam.masks.mask import Mask
from napari_sam.tiles.bbox import BBox

Parts = NDArray[np.int32]
"""``(h, w)`` int32: number of the part of each pixel, from 1; 0 outside of the label."""

CRUMB = 3
"""Pixels below which a piece beside a line is no part of its own, but goes to its neighbour."""

CRUMB_SHARE = 0.002
"""Share of the label below which a piece is no part of its own: a hand-drawn line that touches the
border of a label again and again leaves such pieces."""

_ALL_SIDES = np.ones((3, 3), bool)


def divide(inside: NDArray[np.bool_], on_line: NDArray[np.bool_]) -> Parts:
    """Divide a label along a line.

    The pixels off the line fall into connected parts. Those on the line join the larger part beside
    them, and crumbs the part that is nearest on a way through the label. A piece of the label that
    the line does not divide goes as a whole to the nearest part.

    Parameters
    ----------
    inside : ndarray
        ``(h, w)`` bool: the label.
    on_line : ndarray
        ``(h, w)`` bool: pixels under the line, each of which shares a side with the next.

    Returns
    -------
    Parts
        Numbers 1 to n, n >= 2; or 1 alone where the line divides nothing.
    """
    pieces, _ = label(inside, _ALL_SIDES)
    sides, count = label(inside & ~on_line, _ALL_SIDES)
    areas = np.bincount(sides.ravel(), minlength=count + 1)
    least = max(CRUMB, CRUMB_SHARE * np.count_nonzero(inside))
    in_piece = np.zeros(count + 1, np.int64)
    in_piece[sides[inside]] = pieces[inside]
    counted = np.flatnonzero(areas >= least)
    counted = counted[counted > 0]
    sides_of = np.bincount(in_piece[counted], minlength=int(pieces.max(initial=0)) + 1)
    parting = counted[sides_of[in_piece[counted]] > 1]
    if not parting.size:
        return inside.astype(np.int32)
    number_of = np.zeros(count + 1, np.int32)
    number_of[parting] = np.arange(1, parting.size + 1)
    parts = number_of[sides]
    for part in number_of[parting[np.argsort(-areas[parting], kind="stable")]]:
        beside = binary_dilation(parts == part, _ALL_SIDES)
        parts[beside & on_line & inside & (parts == 0)] = part
    return grow(parts, inside)


def grow(seeds: Parts, inside: NDArray[np.bool_]) -> Parts:
    """Give each pixel of a label to the part that is nearest on a way through the label.

    Parameters
    ----------
    seeds : Parts
        Numbers of some pixels of the label, at least one.
    inside : ndarray
        ``(h, w)`` bool: the label.

    Returns
    -------
    Parts
        No pixel of the label is 0. Pieces without a seed go as a whole to the part that most of
        their pixels are nearest to.
    """
    flat = np.zeros(inside.shape, np.uint8)
    parts = np.asarray(watershed(flat, seeds, connectivity=2, mask=inside), np.int32)
    pieces, count = label(inside & (parts == 0), _ALL_SIDES)
    if count:
        nearest = nearest_part(parts)
        for piece in range(1, count + 1):
            parts[pieces == piece] = np.bincount(nearest[pieces == piece]).argmax()
    return parts


def nearest_part(parts: Parts) -> Parts:
    """Number of the nearest part of each pixel, also outside of the label."""
    _, (rows, columns) = distance_transform_edt(parts == 0, return_indices=True)
    return np.asarray(parts[rows, columns], np.int32)


def numbered_as(parts: Parts, reference: Parts) -> Parts:
    """Parts of a label in a slice, numbered as in the slice before.

    Parameters
    ----------
    parts : Parts
        Of the slice.
    reference : Parts
        Of the slice before, the same box, not all 0.

    Returns
    -------
    Parts
        Each connected piece of each part has the number that most of its pixels are nearest to.
    """
    nearest, numbered = nearest_part(reference), np.zeros_like(parts)
    for part in np.unique(parts[parts > 0]):
        pieces, count = label(parts == part, _ALL_SIDES)
        for piece in range(1, count + 1):
            numbered[pieces == piece] = np.bincount(nearest[pieces == piece]).argmax()
    return numbered


def inner_points(parts: Parts, bbox: BBox) -> dict[int, tuple[int, int]]:
    """The pixel of each part that is farthest from its border, yx, data pixels."""
    points = {}
    for part in np.unique(parts[parts > 0]):
        depth = distance_transform_edt(np.pad(parts == part, 1))[1:-1, 1:-1]
        row, column = np.unravel_index(int(depth.argmax()), depth.shape)
        points[int(part)] = (bbox[0] + int(row), bbox[1] + int(column))
    return points


def divide_by_masks(
    parts: Parts, bbox: BBox, points: Mapping[int, tuple[int, int]], masks: Mapping[int, Mask]
) -> Parts:
    """Divide a label anew by masks of the model, one for a point in each part.

    A pixel in a single mask belongs to that part. All others, in several masks or in none, go to
    the part that is nearest on a way through the label.

    Parameters
    ----------
    parts : Parts
        The parts along the line.
    bbox : tuple of int
        ``(y0, x0, y1, x1)``, the box of `parts`, data pixels.
    points : mapping of int to tuple
        Number of each part to the pixel that the model was asked with, yx, data pixels.
    masks : mapping of int to Mask
        Number of each part to its mask.

    Returns
    -------
    Parts
        Each part has at least its point.
    """
    inside = parts > 0
    claims = {part: masks[part].within(bbox) & inside for part in points}
    claimed = np.sum(list(claims.values()), axis=0)
    seeds = np.zeros_like(parts)
    for part, claim in claims.items():
        seeds[claim & (claimed == 1)] = part
    for part, (y, x) in points.items():
        seeds[y - bbox[0], x - bbox[1]] = part
    return grow(seeds, inside)
