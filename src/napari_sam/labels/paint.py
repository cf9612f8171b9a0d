"""Paint: edits that draw masks into labels, under a policy for pixels of other objects."""

from collections.abc import Iterable
from enum import Enum
from operator import index
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_sam.errors import LabelError
from napari_sam.masks.mask import Mask

from .blocks import block_regions, natural_block
from .edit import LabelEdit
from .label_array import LabelArray


class OverlapPolicy(Enum):
    """Treatment of pixels of a mask that belong to another object."""

    KEEP_EXISTING = "keep-existing"
    """The other object keeps them: only background is painted."""

    REPLACE = "replace"
    """The new object gets them."""

    ONLY_BACKGROUND = "only-background"
    """The other object keeps them, and if they are more than a quarter of the new object
    (:data:`FREE_SHARE`), nothing is painted: the remainder would be a fragment of an object."""


FREE_SHARE = 0.75
"""Share of an object that must be unlabelled under ``ONLY_BACKGROUND``. With less, nothing is
painted. Below 1, because neighbours may overlap by some pixels."""

NEW_SHARE = 0.5
"""Share of an automatically found object that must be unlabelled. With less, the object counts as
labelled already and is skipped."""


def paint(
    mask: Mask,
    labels: LabelArray,
    label: int,
    policy: OverlapPolicy = OverlapPolicy.KEEP_EXISTING,
) -> LabelEdit:
    """The edit to paint a mask; the labels are read, not changed.

    Parameters
    ----------
    mask : Mask
        The object.
    labels : array-like
        ``(*planes, Y, X)`` integers; only the region of the mask is read.
    label : int
        The label to paint with. 0 erases, and does so only with ``REPLACE``.
    policy : OverlapPolicy
        Treatment of pixels of other objects.

    Returns
    -------
    LabelEdit
        Its mask has only the pixels that change: none where the policy forbids the object.

    Raises
    ------
    LabelError
        If the labels cannot hold `label`, or the mask does not lie in them.
    """
    return paint_object([mask], labels, label, policy)[0]


def paint_object(
    masks: Iterable[Mask],
    labels: LabelArray,
    label: int,
    policy: OverlapPolicy = OverlapPolicy.KEEP_EXISTING,
) -> list[LabelEdit]:
    """Edits to paint an object on several planes; see :func:`paint`.

    Parameters
    ----------
    masks : iterable of Mask
        Masks of the object, at most one a plane. With ``ONLY_BACKGROUND`` all are painted, or none.
    labels, label, policy
        See :func:`paint`.

    Returns
    -------
    list of LabelEdit
        One for each mask, in their order.

    Raises
    ------
    LabelError
        If the labels cannot hold `label`, or a mask does not lie in them.
    """
    check_label(label, labels.dtype)
    masks = list(masks)
    old = [_labels_under(mask, labels) for mask in masks]
    refused = policy is OverlapPolicy.ONLY_BACKGROUND and not _is_free(masks, old, label)
    edits = []
    for mask, before in zip(masks, old, strict=True):
        changes = mask.pixels & (before != label) & (not refused)
        if policy is not OverlapPolicy.REPLACE:
            changes &= before == 0
        after = before.copy()
        after[changes] = label
        edits.append(LabelEdit(mask.plane, mask.bbox, changes, before, after))
    return edits


def _labels_under(mask: Mask, labels: LabelArray) -> NDArray[np.integer[Any]]:
    _check_fits(mask, labels.shape)
    y0, x0, y1, x1 = mask.bbox
    return np.array(labels[(*mask.plane, slice(y0, y1), slice(x0, x1))])


def _is_free(masks: list[Mask], old: list[NDArray[np.integer[Any]]], label: int) -> bool:
    """Whether enough of an object is free of other labels: :data:`FREE_SHARE` of its pixels."""
    occupied = sum(
        int(np.count_nonzero(mask.pixels & (before != 0) & (before != label)))
        for mask, before in zip(masks, old, strict=True)
    )
    return occupied <= (1 - FREE_SHARE) * sum(mask.area for mask in masks)


def free_objects(
    numbers: NDArray[np.unsignedinteger[Any]],
    old: NDArray[np.integer[Any]],
    share: float = FREE_SHARE,
) -> NDArray[np.bool_]:
    """Pixels of new objects with enough unlabelled pixels for ``ONLY_BACKGROUND``.

    Parameters
    ----------
    numbers : ndarray
        ``(h, w)`` unsigned integers: number of a new object, 0 for background.
    old : ndarray
        ``(h, w)`` integers: labels of the same region.
    share : float
        Share of an object that must be unlabelled.

    Returns
    -------
    ndarray
        ``(h, w)`` bool: True in all pixels of such objects, also in labelled ones.
    """
    areas = np.bincount(numbers.ravel())
    occupied = np.bincount(numbers[old != 0], minlength=areas.size)
    return np.asarray((occupied <= (1 - share) * areas)[numbers] & (numbers > 0))


def next_free_label(labels: LabelArray) -> int:
    """The label after the largest in use.

    Parameters
    ----------
    labels : array-like
        Integers; read block by block.

    Returns
    -------
    int
        At least 1.

    Raises
    ------
    LabelError
        If the dtype of the labels has no larger label.
    """
    blocks = block_regions(labels.shape, natural_block(labels)) if labels.ndim >= 2 else [...]
    largest = max((int(np.asarray(labels[block]).max(initial=0)) for block in blocks), default=0)
    check_label(largest + 1, labels.dtype)
    return largest + 1


def check_label(label: int, dtype: np.dtype[Any]) -> None:
    """Refuse a value beyond the labels of a type.

    Parameters
    ----------
    label : int
        The label, from 0, which erases.
    dtype : dtype
        Type of the labels.

    Raises
    ------
    LabelError
        If the label is no whole number from 0 or does not fit, or the type is not an integer.
    """
    if not np.issubdtype(dtype, np.integer):
        raise LabelError(f"labels of type {dtype} hold no objects: use integer labels, e.g. uint32")
    try:
        value = index(label)
    except TypeError:
        raise LabelError(f"label {label!r} is not a whole number: use 1, 2, 3, ...") from None
    if value < 0:
        raise LabelError(f"label {value} is negative: use 1 or more, or 0 to erase")
    if value > np.iinfo(dtype).max:
        raise LabelError(
            f"label {value} does not fit into {dtype} labels, whose largest is "
            f"{np.iinfo(dtype).max}: convert the labels to a larger type, e.g. uint32"
        )


def _check_fits(mask: Mask, shape: tuple[int, ...]) -> None:
    if len(mask.plane) + 2 != len(shape):
        raise LabelError(
            f"a mask of {len(mask.plane) + 2} dimensions does not fit into labels of shape "
            f"{shape}: use labels with the shape of the image"
        )
    y0, x0, y1, x1 = mask.bbox
    inside = all(0 <= i < size for i, size in zip(mask.plane, shape, strict=False))
    if not (inside and 0 <= y0 <= y1 <= shape[-2] and 0 <= x0 <= x1 <= shape[-1]):
        raise LabelError(
            f"the mask at plane {mask.plane}, bbox {mask.bbox} lies outside of the labels of shape "
            f"{shape}: use labels with the shape of the image"
        )
