"""Lineage: mothers and daughters in a Labels layer; no Qt."""

from collections.abc import Iterable, Sequence

import numpy as np
from napari.layers import Labels

from napari_sam.errors import LabelError
from napari_sam.image.volume import Plane
from napari_sam.labels.edit import LabelEdit, erasing
from napari_sam.labels.label_array import LabelArray
from napari_sam.masks.mask import Mask
from napari_sam.plugin.image.image_source import ImageSource
from napari_sam.tiles.bbox import box_of

PARENTS_KEY = "napari-sam-parents"
"""Key of the mothers by daughter in the metadata of a Labels layer."""


def division(
    labels: LabelArray, source: ImageSource, masks: Sequence[Mask], label: int
) -> tuple[int, list[LabelEdit]]:
    """Make an object a daughter of the label at the same place in the frame before.

    Parameters
    ----------
    labels : array-like
        Without channels; not changed here.
    source : ImageSource
        The image.
    masks : sequence of Mask
        The daughter, from its first frame on.
    label : int
        The daughter's.

    Returns
    -------
    int, list of LabelEdit
        The mother's label, and the edits: from the daughter's first frame on, the mother is erased,
        and the daughter gets pixels of the mother and free pixels.

    Raises
    ------
    LabelError
        If the image has no time axis, or no label lies there in the frame before.
    """
    time = source.plane_axes.find("T")
    if time < 0:
        raise LabelError("a division takes time: the image has no time axis")
    first = min(masks, key=lambda mask: mask.plane[time])
    mother = _mother(labels, first, time)
    if mother is None:
        raise LabelError(
            "no labelled object is there in the frame before: accept the mother first, then mark "
            "her daughters where they begin"
        )
    edits = [*_erase(labels, source, mother, time, first.plane[time])]
    for mask in masks:
        y0, x0, y1, x1 = mask.bbox
        old = np.array(labels[(*mask.plane, slice(y0, y1), slice(x0, x1))])
        changes = mask.pixels & ((old == 0) | (old == mother))
        edits.append(LabelEdit(mask.plane, mask.bbox, changes, old, np.where(changes, label, old)))
    return mother, edits


def parents_of(labels: Labels) -> dict[int, int]:
    """Daughter labels to mother labels, from the metadata of a Labels layer."""
    return dict(labels.metadata.get(PARENTS_KEY, {}))


def note_parent(labels: Labels, daughter: int, mother: int) -> None:
    """Write a daughter and the mother into the metadata of a Labels layer."""
    labels.metadata[PARENTS_KEY] = {**labels.metadata.get(PARENTS_KEY, {}), daughter: mother}


def forget_parent(labels: Labels, daughter: int) -> None:
    """Undo :func:`note_parent`."""
    parents = labels.metadata.get(PARENTS_KEY, {})
    labels.metadata[PARENTS_KEY] = {
        label: mother for label, mother in parents.items() if label != daughter
    }


def _mother(labels: LabelArray, mask: Mask, time: int) -> int | None:
    """Most frequent label in the frame before: under the mask, or else around the mask."""
    frame = mask.plane[time] - 1
    if frame < 0:
        return None
    plane = labels[(*mask.plane[:time], frame, *mask.plane[time + 1 :])]
    y0, x0, y1, x1 = mask.bbox
    under = np.asarray(plane[y0:y1, x0:x1])[mask.pixels]
    height, width = y1 - y0, x1 - x0
    around = plane[max(y0 - height, 0) : y1 + height, max(x0 - width, 0) : x1 + width]
    for values in (under, np.asarray(around).ravel()):
        labels_there, counts = np.unique(values[values > 0], return_counts=True)
        if labels_there.size:
            return int(labels_there[counts.argmax()])
    return None


def _erase(
    labels: LabelArray, source: ImageSource, label: int, time: int, start: int
) -> Iterable[LabelEdit]:
    """Edits to remove a label from a frame on, up to the first frame without the label."""
    for frame in range(start, source.plane_shape[time]):
        edits = [
            edit
            for plane in np.ndindex(source.plane_shape)
            if plane[time] == frame and (edit := _erase_plane(labels, plane, label)) is not None
        ]
        if not edits:
            return
        yield from edits


def _erase_plane(labels: LabelArray, plane: Plane, label: int) -> LabelEdit | None:
    inside = np.asarray(labels[plane]) == label
    box = box_of(inside)
    return None if box is None else erasing(labels, plane, box, label)
