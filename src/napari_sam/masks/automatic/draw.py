"""Draw: the refined masks of many answers, in few calls of array functions.

For a small object, calling the functions that draw and refine it takes longer than their work. So
windows of equal size are resampled together, and masks are laid side by side on a sheet, on which
connected pieces and holes of all of them are labelled at once.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import label as connected_components

from napari_sam.masks.decode import Answer
from napari_sam.masks.mask import Mask
from napari_sam.masks.pixels.holes import CROSS
from napari_sam.masks.pixels.refine import CRUMB, refine

PIXELS_AT_ONCE = 2**20
"""Largest number of pixels of the windows that are resampled together."""

SHEET = 2**16
"""Largest number of pixels of the masks on a sheet; a larger mask has a sheet to itself."""

Bools = NDArray[np.bool_]


def draw(answers: Sequence[Answer]) -> list[Mask]:
    """Draw and refine masks.

    Parameters
    ----------
    answers : sequence of Answer
        Of any tiles and windows.

    Returns
    -------
    list of Mask
        In the order of the answers: equal to ``refine(answer.to_mask())`` of each.
    """
    masks: dict[int, Mask] = dict(_drawn(answers))
    for sheet in _sheets(masks):
        masks |= zip(sheet, _refined([masks[i] for i in sheet]), strict=True)
    return [
        masks[i] if i in masks else refine(answer.to_mask()) for i, answer in enumerate(answers)
    ]


def _drawn(answers: Sequence[Answer]) -> Iterator[tuple[int, Mask]]:
    """Index and tight mask of each answer that has a pixel."""
    alike: dict[tuple[int, int], list[int]] = defaultdict(list)
    for i, answer in enumerate(answers):
        alike[id(answer.rows), id(answer.cols)].append(i)
    for indices in alike.values():
        rows, cols = answers[indices[0]].rows, answers[indices[0]].cols
        most = max(1, PIXELS_AT_ONCE // max(1, len(rows) * len(cols)))
        if most == 1 or len(indices) == 1:
            masks = ((i, answers[i].to_mask()) for i in indices)
            yield from ((i, mask) for i, mask in masks if not mask.empty)
            continue
        for start in range(0, len(indices), most):
            batch = indices[start : start + most]
            logits = np.stack([answers[i].low_res_logits for i in batch])
            for i, (y, x), pixels in _cropped(batch, (rows @ logits @ cols.T) > 0):
                yield i, _mask(answers[i], y, x, pixels)


def _cropped(
    indices: list[int], pixels: Bools
) -> Iterator[tuple[int, tuple[int, int], NDArray[np.bool_]]]:
    """Index, first row and column, and tight pixels of those ``(N, h, w)`` that are not empty."""
    present = np.flatnonzero(pixels.any(axis=(1, 2)))
    spans = []
    for axis in (2, 1):
        touched: Bools = np.any(pixels[present], axis=axis)
        spans += [touched.argmax(axis=1), touched.shape[1] - touched[:, ::-1].argmax(axis=1)]
    for i, y0, y1, x0, x1 in np.stack([present, *spans], axis=1).tolist():
        yield indices[i], (y0, x0), pixels[i, y0:y1, x0:x1].copy()


def _mask(answer: Answer, y: int, x: int, pixels: Bools) -> Mask:
    """Mask of an answer, with its first row and column in the answer's window."""
    y0, x0 = answer.tile.y0 + y, answer.tile.x0 + x
    bbox = (y0, x0, y0 + pixels.shape[0], x0 + pixels.shape[1])
    scores = answer.iou, answer.object_score
    return Mask(answer.tile.plane, bbox, pixels, *scores, answer.low_res_logits)


def _sheets(masks: dict[int, Mask]) -> Iterator[list[int]]:
    """Masks for each sheet, by similar height."""
    sheet: list[int] = []
    size = 0
    for i in sorted(masks, key=lambda i: masks[i].pixels.shape):
        if sheet and size + masks[i].pixels.size > SHEET:
            yield sheet
            sheet, size = [], 0
        sheet.append(i)
        size += masks[i].pixels.size
    if sheet:
        yield sheet


@dataclass(frozen=True, slots=True, eq=False)
class _Sheet:
    """Masks side by side, with background around each.

    Parameters
    ----------
    pixels : ndarray
        ``(h, w)`` bool.
    number : ndarray
        ``(w,)`` int64: the mask of each column; of a column between two, the one before.
    places : list of tuple of slice
        Rows and columns of each mask.
    """

    pixels: Bools
    number: NDArray[np.int64]
    places: list[tuple[slice, slice]]

    @classmethod
    def of(cls, masks: Sequence[Mask]) -> "_Sheet":
        heights, widths = np.array([mask.pixels.shape for mask in masks]).T
        starts = 1 + np.concatenate([[0], np.cumsum(widths + 1)])
        pixels = np.zeros((heights.max() + 2, starts[-1]), bool)
        places = [
            (slice(1, 1 + h), slice(x, x + w))
            for h, w, x in zip(heights.tolist(), widths.tolist(), starts.tolist(), strict=False)
        ]
        for mask, place in zip(masks, places, strict=True):
            pixels[place] = mask.pixels
        number = np.repeat(np.arange(len(masks)), np.diff(starts, prepend=0)[1:])
        return cls(pixels, np.concatenate([[0], number]), places)

    def numbers(self, pieces: NDArray[np.int32], count: int) -> NDArray[np.int64]:
        """The mask ``(count + 1,)`` of each piece of a labelling of the sheet; 0 for label 0."""
        of_piece = np.zeros(count + 1, np.int64)
        rows, cols = np.nonzero(pieces)
        of_piece[pieces[rows, cols]] = self.number[cols]
        return of_piece


def _refined(masks: Sequence[Mask]) -> Iterator[Mask]:
    """Masks without crumbs and pinholes, see :func:`~napari_sam.masks.pixels.refine.refine`."""
    sheet = _Sheet.of(masks)
    pieces, count = connected_components(sheet.pixels, CROSS)
    of_piece = sheet.numbers(pieces, count)
    areas = np.bincount(pieces.ravel(), minlength=count + 1)
    areas[0] = 0
    largest = np.zeros(len(masks), np.int64)
    np.maximum.at(largest, of_piece, areas)
    limit = CRUMB * largest
    keep = areas >= limit[of_piece]
    keep[0] = False
    pixels = sheet.pixels if keep[1:].all() else keep[pieces]
    filled = _without_pinholes(sheet, pixels, np.ceil(limit) - 1)
    shrunk = set(of_piece[1:][~keep[1:]].tolist())
    for i, (mask, place) in enumerate(zip(masks, sheet.places, strict=True)):
        refined = replace(mask, pixels=filled[place].copy())
        yield refined.tight() if i in shrunk else refined


def _without_pinholes(sheet: _Sheet, pixels: Bools, largest: NDArray[np.float64]) -> Bools:
    """Pixels of a sheet with the holes of each mask filled, up to its number of pixels."""
    holes, count = connected_components(~pixels, CROSS)
    if count == 1:  # the outside alone
        return pixels
    small = np.bincount(holes.ravel()) <= largest[sheet.numbers(holes, count)]
    small[[0, holes[0, 0]]] = False
    return np.asarray(pixels | small[holes])
