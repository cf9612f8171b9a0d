"""Many objects: the edit that paints all objects of a plane where no label is; no Qt."""

import numpy as np

from napari_sam.labels.edit import LabelEdit
from napari_sam.labels.label_array import LabelArray
from napari_sam.labels.paint import FREE_SHARE, NEW_SHARE, OverlapPolicy, free_objects
from napari_sam.plugin.worker.events import PlaneObjects


def painting_all(
    objects: PlaneObjects, labels: LabelArray, policy: OverlapPolicy, first: int, with_gaps: bool
) -> tuple[LabelEdit, dict[int, int]]:
    """The edit to paint the objects of a plane on free pixels; the labels are read, not changed.

    Parameters
    ----------
    objects : PlaneObjects
        The objects, with numbers from 1.
    labels : array-like
        ``(*planes, Y, X)``.
    policy : OverlapPolicy
        With ``ONLY_BACKGROUND``, objects that overlap labels are left out; otherwise objects that
        are covered by labels for the most part.
    first : int
        Label of the first object.
    with_gaps : bool
        Whether the object with number n gets the label ``first + n - 1`` even if objects before
        it are left out.

    Returns
    -------
    LabelEdit, dict of int to int
        The edit, and the number of each painted object by its label.
    """
    y0, x0, y1, x1 = objects.bbox
    old = np.array(labels[(*objects.plane, slice(y0, y1), slice(x0, x1))])
    share = FREE_SHARE if policy is OverlapPolicy.ONLY_BACKGROUND else NEW_SHARE
    changes = (old == 0) & free_objects(objects.numbers, old, share)
    numbers, ranks = np.unique(objects.numbers[changes], return_inverse=True)
    offsets = numbers - 1 if with_gaps else np.arange(numbers.size)
    new_labels = offsets.astype(old.dtype) + old.dtype.type(first)
    new = old.copy()
    new[changes] = new_labels[ranks]
    number_of = dict(zip(new_labels.tolist(), numbers.tolist(), strict=True))
    return LabelEdit(objects.plane, objects.bbox, changes, old, new), number_of
