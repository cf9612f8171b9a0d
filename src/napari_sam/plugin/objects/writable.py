"""Writable: pixels that get a label on acceptance, under the overlap policy; no Qt, no napari."""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from napari_sam.labels.label_array import LabelArray
from napari_sam.labels.paint import OverlapPolicy, paint_object
from napari_sam.masks.mask import Mask
from napari_sam.plugin.labels.acceptance import Acceptance

from .held import Held

ALWAYS_COUNTED = 16
"""Number of masks up to which pixels are counted anew each time: a few milliseconds."""


class Writable(NamedTuple):
    """Pixels of an object that acceptance writes.

    Parameters
    ----------
    pixels : int
        Number of pixels with the label of the object after acceptance, within its masks.
    refused : bool
        Whether the policy forbids an object with pixels.
    area : int
        Number of pixels of the object, written or not.
    """

    pixels: int = 0
    refused: bool = False
    area: int = 0


def writable(
    masks: Sequence[Mask], labels: LabelArray, how: Acceptance, held: Held | None
) -> Writable:
    """Count the pixels that acceptance writes; the labels are read, not changed.

    Parameters
    ----------
    masks : sequence of Mask
        The object, cleaned and without overlaps with others under way; at most one a plane.
    labels : array-like
        Without channels; only the regions of the masks are read.
    how : Acceptance
        Policy and label.
    held : Held or None
        The label that the object was picked up from.

    Returns
    -------
    Writable
        For a picked up label, pixels that already have the label are counted too.
    """
    how = accepted_as(how, held)
    # a label in no pixel stands for the next free one, which would take a search
    label = how.label or int(np.iinfo(labels.dtype).max)
    edits = paint_object(masks, labels, label, how.policy)
    if held is None:
        pixels = sum(edit.area for edit in edits)
    else:
        pairs = zip(masks, edits, strict=True)
        pixels = sum(int(np.count_nonzero((e.new == label) & m.pixels)) for m, e in pairs)
    only_background = how.policy is OverlapPolicy.ONLY_BACKGROUND
    area = sum(mask.area for mask in masks)
    return Writable(pixels, only_background and not pixels and area > 0, area)


def accepted_as(how: Acceptance, held: Held | None) -> Acceptance:
    """The user's choice for an object; a picked up label keeps label and class, and is not refused.

    Parameters
    ----------
    how : Acceptance
        The user's choice.
    held : Held or None
        The label that the object was picked up from.
    """
    if held is None:
        return how
    if how.policy is OverlapPolicy.ONLY_BACKGROUND:
        how = replace(how, policy=OverlapPolicy.KEEP_EXISTING)
    return replace(how, label=held.label, of_class="")


class WritableCount:
    """Remembers the last count of a large object, which is asked for again at every change."""

    def __init__(self) -> None:
        self._masks: list[Mask] = []
        self._key: tuple[object, ...] = ()
        self._counted = Writable()

    def of(
        self,
        masks: Sequence[Mask],
        labels: LabelArray,
        how: Acceptance,
        held: Held | None,
        version: object,
    ) -> Writable:
        """Count pixels as :func:`writable` does.

        Parameters
        ----------
        masks, labels, how, held
            See :func:`writable`.
        version : object
            Another one after every change of the labels.

        Returns
        -------
        Writable
        """
        key = (how, held, version)
        same = len(masks) == len(self._masks) and all(
            mask is other for mask, other in zip(masks, self._masks, strict=True)
        )
        if len(masks) <= ALWAYS_COUNTED or not same or key != self._key:
            self._masks, self._key = list(masks), key
            self._counted = writable(masks, labels, how, held)
        return self._counted
