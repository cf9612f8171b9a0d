"""Clean: fill holes, smooth the outline and drop small pieces of a mask, as the user chose."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from skimage.measure import label as connected_components

from napari_sam.masks.mask import Mask

from .holes import fill_holes

Click = tuple[float, float]
"""``(y, x)``, data pixels."""

ALL_HOLES = math.inf
"""Value of :attr:`Cleaning.holes` that fills holes of any size."""


@dataclass(frozen=True, slots=True)
class Cleaning:
    """Choices for cleaning masks before display and acceptance; nothing by default.

    Parameters
    ----------
    holes : float
        Pixels up to which a hole is filled; ``inf`` for all holes.
    smooth : int
        Radius in pixels of the smallest bump, and of the smallest dent, that stays in the outline.
    one_piece : bool
        Keep only the clicked pieces, or the largest piece where none is clicked.
    smallest : int
        Pixels below which a piece is dropped, unless it is clicked.
    """

    holes: float = 0
    smooth: int = 0
    one_piece: bool = False
    smallest: int = 0

    def apply(self, mask: Mask, clicks: Sequence[Click] = ()) -> Mask:
        """The cleaned mask.

        Holes are filled first, then the outline is smoothed, then pieces are dropped. A clicked
        piece always stays. A mask is never emptied: if all pieces are too small, the largest
        stays.

        Parameters
        ----------
        mask : Mask
            The object in one plane.
        clicks : sequence of tuple of float
            Object clicks on the same plane, ``(y, x)``, data pixels.

        Returns
        -------
        Mask
            The same object if no pixel changes; otherwise tight and without ``low_res_logits``,
            which belong to the mask as the model drew it.
        """
        if self == AS_IT_IS or mask.empty:
            return mask
        tight = mask.tight()
        y0, x0 = tight.bbox[:2]
        pixels = np.pad(tight.pixels, 1)
        places = [(round(y) - y0 + 1, round(x) - x0 + 1) for y, x in clicks]
        inside = [place for place in places if _is_inside(place, pixels)]
        cleaned = self._pixels(pixels, inside)
        if np.array_equal(cleaned, pixels):
            return mask
        return replace(tight, pixels=cleaned[1:-1, 1:-1].copy(), low_res_logits=None).tight()

    def is_object(self, mask: Mask) -> bool:
        """Whether an unclicked mask is large enough to be offered as an object."""
        return not mask.empty and mask.area >= self.smallest

    def _pixels(
        self, pixels: NDArray[np.bool_], clicks: Sequence[tuple[int, int]]
    ) -> NDArray[np.bool_]:
        """Cleaned pixels ``(h, w)`` bool of a mask that has a border of background."""
        cleaned = fill_holes(pixels, self.holes)
        if self.smooth:
            cleaned = fill_holes(_smooth(cleaned, self.smooth, clicks), self.holes)
        if self.one_piece or self.smallest > 1:
            cleaned = self._drop_pieces(cleaned, clicks)
        return cleaned

    def _drop_pieces(
        self, pixels: NDArray[np.bool_], clicks: Sequence[tuple[int, int]]
    ) -> NDArray[np.bool_]:
        pieces = connected_components(pixels, connectivity=2)
        areas = np.bincount(pieces.ravel())
        areas[0] = 0
        clicked = {int(pieces[_nearest(pixels, click)]) for click in clicks}
        keep = areas >= max(self.smallest, 1)
        if self.one_piece or not keep.any():
            keep[:] = False
            keep[list(clicked) or areas.argmax()] = True
        keep[list(clicked)] = True
        return np.asarray(keep[pieces])


AS_IT_IS = Cleaning()
"""Leaves masks unchanged."""


def _is_inside(place: tuple[int, int], pixels: NDArray[np.bool_]) -> bool:
    rows, cols = pixels.shape
    return 0 <= place[0] < rows and 0 <= place[1] < cols and bool(pixels[place])


def _nearest(pixels: NDArray[np.bool_], click: tuple[int, int]) -> tuple[int, int]:
    """Row and column of the mask pixel nearest to a click: smoothing may have removed its own."""
    if pixels[click]:
        return click
    inside = np.argwhere(pixels)
    row, col = inside[((inside - click) ** 2).sum(axis=1).argmin()]
    return int(row), int(col)


def _smooth(
    pixels: NDArray[np.bool_], radius: int, clicks: Sequence[tuple[int, int]]
) -> NDArray[np.bool_]:
    """Opening, then closing with a disk; a clicked piece, or an only piece, does not vanish."""
    wide = np.pad(pixels, 2 * radius)
    inner = slice(2 * radius, -2 * radius)
    opened = _grow(_shrink(wide, radius), radius)
    smooth = _shrink(_grow(opened, radius), radius)[inner, inner]
    if not smooth.any():
        return pixels
    if all(smooth[click] for click in clicks):
        return smooth
    pieces = connected_components(pixels, connectivity=2)
    for piece in {int(pieces[click]) for click in clicks}:
        if not (smooth & (pieces == piece)).any():
            smooth = smooth | (pieces == piece)
    return smooth


def _shrink(pixels: NDArray[np.bool_], radius: int, outside: bool = False) -> NDArray[np.bool_]:
    """Erosion with a disk; beyond the array, pixels count as `outside`."""
    # A row of the disk at a time, by sums along the rows of the mask: faster than by distances.
    height, width = pixels.shape
    wide = np.pad(pixels, radius, constant_values=outside)
    sums = np.pad(np.cumsum(wide, axis=1, dtype=np.int32), ((0, 0), (1, 0)))
    inside = np.ones_like(pixels)
    for dy in range(-radius, radius + 1):
        reach = math.isqrt(radius**2 - dy**2)
        rows = sums[radius + dy : radius + dy + height]
        upto, before = (rows[:, radius + k : radius + k + width] for k in (reach + 1, -reach))
        inside &= (upto - before) == 2 * reach + 1
    return inside


def _grow(pixels: NDArray[np.bool_], radius: int) -> NDArray[np.bool_]:
    """Dilation with a disk."""
    return ~_shrink(~pixels, radius, outside=True)
