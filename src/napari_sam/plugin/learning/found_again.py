"""Found again: objects waiting for review, redrawn by a model after its lesson; no Qt."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_sam.labels.edit import LabelEdit
from napari_sam.labels.label_array import LabelArray
from napari_sam.labels.paint import NEW_SHARE
from napari_sam.masks.mask import Mask
from napari_sam.plugin.worker.events import Found, PlaneObjects
from napari_sam.tiles.bbox import BBox, intersection, place, union

SAME = 0.5
"""Share of the smaller of two objects, one found before and one now, that must lie in the other for
the two to be the same object."""

PART = 0.8
"""Share of an object found before that must lie in a larger one found now to be a part of it."""


SURE = 0.75
"""Confidence below which an object found now is not added. In a trial on validation images, 28 of
59 objects above it were true, and 3 of 22 below."""

REFUSED = 0.5
"""Share of an object found now from which on it is one that the user has dropped before."""


@dataclass(frozen=True, slots=True, eq=False)
class FoundAgain:
    """Labels of a region after a second search with another model.

    Parameters
    ----------
    edit : LabelEdit
        From the labels of before; empty if nothing changes.
    redrawn : dict of int to Found
        Labels that nobody has looked at, and that have new pixels.
    new : dict of int to Found
        Labels of objects that were not found before.
    parts : tuple of int
        Labels that are no objects of their own: each is a part of a redrawn one.
    """

    edit: LabelEdit
    redrawn: dict[int, Found]
    new: dict[int, Found]
    parts: tuple[int, ...]


def may_add(accepted: int, dropped: int) -> bool:
    """Whether objects that were not found before may be added.

    Where a user drops at least as many objects as are accepted, the model takes other things for
    objects, and would add more of these.
    """
    return dropped < accepted


def find_again(
    objects: PlaneObjects,
    labels: LabelArray,
    waiting: Mapping[int, BBox],
    first: int | None,
    dropped: Collection[Mask] = (),
) -> FoundAgain:
    """Compare objects found now with the labels waiting for review.

    An object found now takes the label of the one found before that it shares most pixels with,
    and all of its own pixels but for those of labels that stay. A label that is not found again
    stays as it is, unless it is a mere part of a redrawn one; so does every accepted label. An
    object that was not found before is added if it is a sure one, and not one that was dropped.

    Parameters
    ----------
    objects : PlaneObjects
        Objects found now, the most confident with the lowest number.
    labels : array-like
        ``(*planes, Y, X)``; only the region of `objects`, and of the labels in it, is read.
    waiting : mapping of int to BBox
        Box on the plane of each label that nobody has looked at.
    first : int or None
        Label of the first new object; None to add no objects.
    dropped : collection of Mask
        Objects on the plane that the user removed as wrong.
    """
    near = [box for box in waiting.values() if intersection(box, objects.bbox)]
    y0, x0, y1, x1 = region = union([objects.bbox, *near])
    old = np.array(labels[(*objects.plane, slice(y0, y1), slice(x0, x1))])
    numbers = np.zeros(old.shape, np.uint32)
    numbers[place(objects.bbox, region)] = objects.numbers
    old_waiting = np.where(np.isin(old, list(waiting)), old, 0)
    areas = np.bincount(numbers.ravel())
    free = _free(objects, numbers, areas, (old != 0) & (old_waiting == 0))
    numbers[~np.isin(numbers, free)] = 0
    shared = _shared(numbers, old_waiting)
    counts = _areas(old_waiting)
    label_of = _matches(shared, areas, counts)
    parts = {
        label
        for (number, label), count in shared.items()
        if number in label_of and label not in label_of.values() and count >= PART * counts[label]
    }
    unwanted = _unwanted(objects, areas, dropped)
    new = old.copy()
    new[np.isin(old, [*label_of.values(), *parts])] = 0
    added = 0
    for number in free:
        part = place(objects.found[number].bbox, region)
        inside = (numbers[part] == number) & (new[part] == 0)
        if number not in label_of:
            if first is None or number in unwanted:
                continue
            if np.count_nonzero(inside) < NEW_SHARE * areas[number]:
                continue
            label_of[number] = first + added
            added += 1
        new[part][inside] = label_of[number]
    return _compared(objects, region, old, new, label_of, parts)


def _areas(labels: NDArray[np.integer]) -> dict[int, int]:
    """Number of pixels of each label, 0 included."""
    numbers, counts = np.unique(labels, return_counts=True)
    return dict(zip(numbers.tolist(), counts.tolist(), strict=True))


def _free(
    objects: PlaneObjects,
    numbers: NDArray[np.uint32],
    areas: NDArray[np.intp],
    stays: NDArray[np.bool_],
) -> list[int]:
    """Numbers of objects that are mostly free of labels that stay, most confident first."""
    blocked = np.bincount(numbers[stays], minlength=areas.size)
    return [n for n in sorted(objects.found) if blocked[n] <= (1 - NEW_SHARE) * areas[n]]


def _unwanted(
    objects: PlaneObjects, areas: NDArray[np.intp], dropped: Collection[Mask]
) -> set[int]:
    """Numbers of objects that are not to be added: unsure ones, and ones dropped before."""
    removed = np.zeros(objects.numbers.shape, bool)
    for mask in dropped:
        removed |= mask.within(objects.bbox)
    again = np.bincount(objects.numbers[removed], minlength=areas.size)
    return {
        number
        for number, found in objects.found.items()
        if found.score < SURE or again[number] >= REFUSED * areas[number]
    }


def _compared(
    objects: PlaneObjects,
    region: BBox,
    old: NDArray[np.integer],
    new: NDArray[np.integer],
    label_of: Mapping[int, int],
    parts: Collection[int],
) -> FoundAgain:
    before, after = set(np.unique(old).tolist()), set(np.unique(new).tolist())
    found = {label: objects.found[n] for n, label in label_of.items() if label in after}
    return FoundAgain(
        LabelEdit(objects.plane, region, old != new, old, new),
        {label: each for label, each in found.items() if label in before},
        {label: each for label, each in found.items() if label not in before},
        tuple(sorted({*parts, *label_of.values()} - after)),
    )


def _shared(
    numbers: NDArray[np.uint32], waiting: NDArray[np.integer]
) -> dict[tuple[int, int], int]:
    """Number of pixels shared by an object found now and a waiting label, by both."""
    shared = (numbers > 0) & (waiting > 0)
    pairs = numbers[shared].astype(np.int64) << 32 | waiting[shared].astype(np.int64)
    values, counts = np.unique(pairs, return_counts=True)
    by_pair = zip(values.tolist(), counts.tolist(), strict=True)
    return {(pair >> 32, pair & 0xFFFFFFFF): count for pair, count in by_pair}


def _matches(
    shared: Mapping[tuple[int, int], int], areas: NDArray[np.intp], counts: Mapping[int, int]
) -> dict[int, int]:
    """Label of the same object for each number; pairs with most shared pixels first."""
    label_of: dict[int, int] = {}
    for (number, label), count in sorted(shared.items(), key=lambda item: (-item[1], item[0])):
        same = count >= SAME * min(int(areas[number]), counts[label])
        if same and number not in label_of and label not in label_of.values():
            label_of[number] = label
    return label_of
