"""Overlaps: of many masks in a tile, the likely objects, without common pixels."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from napari_sam.masks.decode import Answer
from napari_sam.masks.mask import Mask
from napari_sam.tiles.bbox import place
from napari_sam.tiles.grid import Tile

IOU_THRESHOLD = 0.4
"""Predicted IoU below which a mask is no object."""

STABILITY_THRESHOLD = 0.3
"""Stability below which a mask is no object, see :func:`stability`."""

STABILITY_DELTA = 1.0
"""Logits by which the threshold is moved for the stability (arXiv:2304.02643, appendix B)."""

FREE_SHARE = 0.7
"""Share of a mask's pixels that must be free of better masks; with fewer, it is dropped."""

INSIDE = 0.8
"""Share of a mask's pixels inside another mask from which on it is a part of the other."""

PART_EDGE = 0.9
"""Confidence of a whole, as a share of its best part's, from which on it replaces the parts."""

SMALLEST_OBJECT = 12
"""Data pixels below which a mask is no object."""


def best_first(masks: Iterable[Mask]) -> tuple[Mask, ...]:
    """Masks by decreasing confidence; equals stay in their order."""
    return tuple(sorted(masks, key=lambda mask: mask.confidence, reverse=True))


def is_credible(answer: Answer) -> bool:
    """Whether the scores of an answer suggest an object, before its mask is drawn."""
    likely = answer.iou >= IOU_THRESHOLD and answer.object_score >= 0
    return likely and stability(answer.low_res_logits) >= STABILITY_THRESHOLD


def stability(logits: NDArray[np.float32]) -> float:
    """Stability score: IoU of the masks at a higher and at a lower threshold.

    Source: arXiv:2304.02643, appendix B.

    Parameters
    ----------
    logits : ndarray
        ``(h, w)`` float32; above 0 is inside.

    Returns
    -------
    float
        From 0 to 1; 0 if there is no mask. Only the mask's box, with a cell around it, counts.
    """
    inside = logits > 0
    box = tuple(_with_margin(np.flatnonzero(inside.any(axis))) for axis in (1, 0))
    crop = logits[box]
    outer = np.count_nonzero(crop > -STABILITY_DELTA)
    return np.count_nonzero(crop > STABILITY_DELTA) / outer if outer else 0.0


def _with_margin(cells: NDArray[np.int64]) -> slice:
    """The span of sorted cells, with a margin of a cell."""
    return slice(max(cells[0] - 1, 0), cells[-1] + 2) if cells.size else slice(0, 0)


def suppress_overlaps(
    masks: Iterable[Mask], tile: Tile, first: Iterable[Mask] = ()
) -> Iterator[Mask]:
    """Keep the masks of likely objects, each without the pixels of better masks.

    A mask that is mostly covered by better masks is dropped, so also one that joins several better
    ones. Small parts give way to a whole of about the same confidence.

    Parameters
    ----------
    masks : iterable of Mask
        All in one tile.
    tile : Tile
        The tile.
    first : iterable of Mask
        Masks without overlaps that count as better than all of `masks`.

    Yields
    ------
    Mask
        Those of `first`, then those of `masks` best first, without common pixels.
    """
    canvas = _Canvas(tile, np.full((tile.height, tile.width), -1, np.int32), [])
    for mask in first:
        canvas.add(mask)
    for mask in best_first(masks):
        if mask.iou >= IOU_THRESHOLD and mask.object_score >= 0:
            canvas.add(mask)
    yield from filter(None, canvas.masks)


@dataclass(frozen=True, slots=True, eq=False)
class _Canvas:
    """The accepted masks of a tile, and the owner of each pixel.

    Parameters
    ----------
    tile : Tile
        The tile.
    owner : ndarray
        ``(height, width)`` int32: index in `masks` of each pixel's mask, -1 for none.
    masks : list of Mask or None
        In the order of their acceptance; None for a part that gave way to its whole.
    """

    tile: Tile
    owner: NDArray[np.int32]
    masks: list[Mask | None]

    def add(self, mask: Mask) -> None:
        """Accept the free pixels of a mask, if enough are free; masks must come best first."""
        owner = self.owner[place(mask.bbox, self.tile.bbox)]
        owners = owner[mask.pixels]
        free = mask.pixels
        if owners.max(initial=-1) >= 0:
            self._give_way(mask, owners)
            free = mask.pixels & (owner < 0)
        if np.count_nonzero(free) < max(FREE_SHARE * len(owners), SMALLEST_OBJECT):
            return
        owner[free] = len(self.masks)
        self.masks.append(replace(mask, pixels=free, low_res_logits=None).tight())

    def _give_way(self, mask: Mask, owners: NDArray[np.int32]) -> None:
        """Remove accepted masks that a mask is made of; `owners` are the numbers at its pixels."""
        numbers, shared = np.unique(owners[owners >= 0], return_counts=True)
        pairs = zip(numbers.tolist(), shared.tolist(), strict=True)
        parts = {i: part for i, pixels in pairs if (part := self._part(i, pixels))}
        if parts and _are_of(parts.values(), mask):
            self._remove(parts)

    def _part(self, number: int, shared: int) -> Mask | None:
        """An accepted mask, if `shared` pixels in common make it a part of another mask."""
        mask = self.masks[number]
        return mask if mask is not None and shared >= INSIDE * mask.area else None

    def _remove(self, masks: Mapping[int, Mask]) -> None:
        for number, mask in masks.items():
            owner = self.owner[place(mask.bbox, self.tile.bbox)]
            owner[owner == number] = -1
            self.masks[number] = None


def _are_of(parts: Collection[Mask], whole: Mask) -> bool:
    """Whether parts cover little of their whole, and none is much better than the whole."""
    if sum(part.area for part in parts) >= (1 - FREE_SHARE) * whole.area:
        return False
    return whole.confidence >= PART_EDGE * max(part.confidence for part in parts)
