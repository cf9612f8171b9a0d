"""Clean: holes, islands and rough outlines of a mask, as the user wants them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from skimage.measure import label as connected_components

from napari_sam.masks.mask import Mask

Click = tuple[float, float]

ALL_HOLES = math.inf


@dataclass(frozen=True, slots=True)
class Cleaning:
    """What is done to a mask before it is shown and accepted; nothing by default.

    Parameters
    ----------
    holes : float
        Holes of up to so many pixels are filled; ``inf`` for all of them.
    smooth : int
        Radius in pixels of the smallest bump, and of the smallest dent, that stays in the outline.
    one_piece : bool
        Only the pieces that were clicked stay; where none was, the largest.
    smallest : int
        Pieces of fewer pixels go, unless they were clicked.
    """

    holes: float = 0
    smooth: int = 0
    one_piece: bool = False
    smallest: int = 0

    def apply(self, mask: Mask, clicks: Sequence[Click] = ()) -> Mask:
        """The cleaned mask.

        Holes are filled first, then the outline is smoothed, then pieces are dropped. A mask is
        never emptied: of one that would be, the largest piece stays; and a clicked piece always
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
            The same one if there is nothing to do. Without ``low_res_logits``, which are those of
            the mask as the model drew it.
        """
        if self == AS_IT_IS or mask.empty:
            return mask
        tight = mask.tight()
        y0, x0 = tight.bbox[:2]
        pixels = np.pad(tight.pixels, 1)
        places = [(round(y) - y0 + 1, round(x) - x0 + 1) for y, x in clicks]
        inside = [at for at in places if _is_inside(at, pixels)]
        cleaned = self._pixels(pixels, inside)
        if np.array_equal(cleaned, pixels):
            return mask
        return replace(tight, pixels=cleaned[1:-1, 1:-1].copy(), low_res_logits=None).tight()

    def is_object(self, mask: Mask) -> bool:
        """Whether nothing speaks against an object that nobody clicked: it is large enough."""
        return not mask.empty and mask.area >= self.smallest

    def _pixels(
        self, pixels: NDArray[np.bool_], clicks: Sequence[tuple[int, int]]
    ) -> NDArray[np.bool_]:
        """Background all around."""
        cleaned = _fill(pixels, self.holes)
        if self.smooth:
            cleaned = _fill(_smooth(cleaned, self.smooth, clicks), self.holes)
        if self.one_piece or self.smallest > 1:
            cleaned = self._drop_pieces(cleaned, clicks)
        return cleaned

    def _drop_pieces(
        self, pixels: NDArray[np.bool_], clicks: Sequence[tuple[int, int]]
    ) -> NDArray[np.bool_]:
        pieces = connected_components(pixels, connectivity=2)
        areas = np.bincount(pieces.ravel())
        areas[0] = 0
        clicked = {int(pieces[_nearest(pixels, at)]) for at in clicks}
        keep = areas >= max(self.smallest, 1)
        if self.one_piece or not keep.any():
            keep[:] = False
            keep[list(clicked) or areas.argmax()] = True
        keep[list(clicked)] = True
        return np.asarray(keep[pieces])


AS_IT_IS = Cleaning()


def _is_inside(at: tuple[int, int], pixels: NDArray[np.bool_]) -> bool:
    rows, cols = pixels.shape
    return 0 <= at[0] < rows and 0 <= at[1] < cols and bool(pixels[at])


def _nearest(pixels: NDArray[np.bool_], at: tuple[int, int]) -> tuple[int, int]:
    """The pixel of a mask next to a click: smoothing may have taken the one under it."""
    if pixels[at]:
        return at
    there = np.argwhere(pixels)
    row, col = there[((there - at) ** 2).sum(axis=1).argmin()]
    return int(row), int(col)


def _fill(pixels: NDArray[np.bool_], largest: float) -> NDArray[np.bool_]:
    if not largest:
        return pixels
    # What touches along a diagonal is one piece, so a gap along a diagonal is none.
    around = connected_components(~pixels, connectivity=1)
    holes = np.bincount(around.ravel()) <= largest
    holes[[0, around[0, 0]]] = False
    return np.asarray(pixels | holes[around])


def _smooth(
    pixels: NDArray[np.bool_], radius: int, clicks: Sequence[tuple[int, int]]
) -> NDArray[np.bool_]:
    """Opening, then closing with a disk; what is clicked, or all there is, does not vanish."""
    wide = np.pad(pixels, 2 * radius)
    inner = slice(2 * radius, -2 * radius)
    opened = _grow(_shrink(wide, radius), radius)
    smooth = _shrink(_grow(opened, radius), radius)[inner, inner]
    if not smooth.any():
        return pixels
    if all(smooth[at] for at in clicks):
        return smooth
    pieces = connected_components(pixels, connectivity=2)
    for piece in {int(pieces[at]) for at in clicks}:
        if not (smooth & (pieces == piece)).any():
            smooth = smooth | (pieces == piece)
    return smooth


def _shrink(pixels: NDArray[np.bool_], radius: int, outside: bool = False) -> NDArray[np.bool_]:
    """Erosion with a disk."""
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
    return ~_shrink(~pixels, radius, outside=True)
