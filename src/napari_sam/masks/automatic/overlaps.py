"""Overlaps: of many masks those that are likely objects, no pixel in two of them."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from napari_sam.masks.decode import Answer
from napari_sam.masks.mask import Mask
from napari_sam.tiles.bbox import place
from napari_sam.tiles.grid import Tile

IOU_THRESHOLD = 0.4
STABILITY_THRESHOLD = 0.3
STABILITY_DELTA = 1.0  # logits, as in arXiv:2304.02643, appendix B
FREE_SHARE = 0.7  # of a mask that no better one may have taken
INSIDE = 0.8  # share of a mask that lies in another one it is a part of
PART_EDGE = 0.9  # of a part's confidence, from which on the whole is believed instead
SMALLEST_OBJECT = 12  # pixels


def confidence(mask: Mask) -> float:
    """How much a mask can be trusted: predicted IoU times the probability of an object."""
    return float(mask.iou / (1 + np.exp(-mask.object_score)))


def is_credible(answer: Answer) -> bool:
    """Whether an answer may be an object at all, before its mask is drawn."""
    likely = answer.iou >= IOU_THRESHOLD and answer.object_score >= 0
    return likely and stability(answer.low_res_logits) >= STABILITY_THRESHOLD


def stability(logits: NDArray[np.float32]) -> float:
    """How little a mask depends on its threshold (arXiv:2304.02643, appendix B).

    Parameters
    ----------
    logits : ndarray
        ``(h, w)`` float32; above 0 is inside.

    Returns
    -------
    float
        IoU of the masks at a logit more and at a logit less, counted in the box around the mask
        with a cell around it; 0 if there is no mask.
    """
    inside = logits > 0
    near = tuple(_around(np.flatnonzero(inside.any(axis))) for axis in (1, 0))
    around = logits[near]
    outer = np.count_nonzero(around > -STABILITY_DELTA)
    return np.count_nonzero(around > STABILITY_DELTA) / outer if outer else 0.0


def _around(reached: NDArray[np.int64]) -> slice:
    return slice(max(reached[0] - 1, 0), reached[-1] + 2) if reached.size else slice(0, 0)


def suppress_overlaps(
    masks: Iterable[Mask], tile: Tile, first: Iterable[Mask] = ()
) -> Iterator[Mask]:
    """Keep credible masks, best first, each without the pixels of better ones.

    Parameters
    ----------
    masks : iterable of Mask
        All in one tile.
    tile : Tile
        The tile.
    first : iterable of Mask
        Credible ones without overlaps, which are better than all of these.

    Yields
    ------
    Mask
        Those that are likely objects and mostly free of better ones: what joins several better ones
        goes, and so do small parts of something that is about as likely.
    """
    canvas = _Canvas(tile, np.full((tile.height, tile.width), -1, np.int32), [])
    for mask in first:
        canvas.add(mask)
    for mask in sorted(masks, key=confidence, reverse=True):
        if mask.iou >= IOU_THRESHOLD and mask.object_score >= 0 and mask.area >= SMALLEST_OBJECT:
            canvas.add(mask)
    yield from filter(None, canvas.kept)


@dataclass(frozen=True, slots=True, eq=False)
class _Canvas:
    """Masks that were kept so far.

    Parameters
    ----------
    tile : Tile
        Where.
    owner : ndarray
        ``(height, width)`` int32: which mask has a pixel, -1 for none.
    kept : list of Mask or None
        None for a part that gave way to its whole.
    """

    tile: Tile
    owner: NDArray[np.int32]
    kept: list[Mask | None]

    def add(self, mask: Mask) -> None:
        """Keep a mask that is no better than those before, or what is left of it, or nothing."""
        owner = self.owner[place(mask.bbox, self.tile.bbox)]
        shared = np.bincount(owner[mask.pixels] + 1, minlength=1)[1:]
        numbers = np.flatnonzero(shared).tolist()
        parts = {i: part for i in numbers if (part := self._part(i, int(shared[i])))}
        if parts and _are_of(parts.values(), mask):
            self._remove(parts)
        free = mask.pixels & (owner < 0)
        if np.count_nonzero(free) < max(FREE_SHARE * mask.area, SMALLEST_OBJECT):
            return
        owner[free] = len(self.kept)
        self.kept.append(replace(mask, pixels=free, low_res_logits=None).tight())

    def _part(self, number: int, shared: int) -> Mask | None:
        """A mask that was kept, if so many of its pixels are nearly all of it."""
        mask = self.kept[number]
        return mask if mask is not None and shared >= INSIDE * mask.area else None

    def _remove(self, masks: Mapping[int, Mask]) -> None:
        for number, mask in masks.items():
            there = self.owner[place(mask.bbox, self.tile.bbox)]
            there[there == number] = -1
            self.kept[number] = None


def _are_of(parts: Collection[Mask], whole: Mask) -> bool:
    """Whether parts are small in their whole, and none is much better than it."""
    if sum(part.area for part in parts) >= (1 - FREE_SHARE) * whole.area:
        return False
    return confidence(whole) >= PART_EDGE * max(map(confidence, parts))
