"""Through: a label from slice to slice, from the slice in which a stroke is drawn."""

from collections.abc import Iterator

import numpy as np

from napari_sam.labels.label_array import LabelArray
from napari_sam.tiles.bbox import BBox, box_of, place, union

from .divide import Parts, numbered_as
from .label_region import LabelRegion, find_label


def regions_through(
    labels: LabelArray, region: LabelRegion, label: int, axis: int | None
) -> Iterator[tuple[LabelRegion, LabelRegion | None]]:
    """Find a label in the neighbouring slices, as far as it goes on without a gap.

    Parameters
    ----------
    labels : array-like
        ``(*planes, Y, X)`` integers.
    region : LabelRegion
        The label in the slice in which the stroke is drawn.
    label : int
        The label.
    axis : int or None
        Axis of `labels` along which to go on; None for the slice alone.

    Yields
    ------
    tuple of LabelRegion
        Box of the label in a slice, and in the slice before, nearer to the first; None for the
        first. In each slice, the label is looked for in its box of the slice before.
    """
    yield region, None
    for step in () if axis is None else (1, -1):
        before: LabelRegion | None = region
        while before is not None:
            plane = list(before.plane)
            plane[axis or 0] += step
            if not 0 <= plane[axis or 0] < labels.shape[axis or 0]:
                break
            box = _box_of(before, label)
            further = find_label(labels, tuple(plane), label, box)
            if further is not None:
                yield further, before
            before = further


def _box_of(region: LabelRegion, label: int) -> BBox:
    """Box of a label within its region, data pixels."""
    y0, x0 = region.bbox[:2]
    extent = box_of(region.labels == label) or (0, 0, *region.labels.shape)
    return y0 + extent[0], x0 + extent[1], y0 + extent[2], x0 + extent[3]


def numbered_through(parts: Parts, bbox: BBox, reference: Parts, reference_box: BBox) -> Parts:
    """Parts of a label in a slice, numbered as those of the slice before in another box."""
    around = union((bbox, reference_box))
    shape = (around[2] - around[0], around[3] - around[1])
    parts_around, reference_around = np.zeros(shape, np.int32), np.zeros(shape, np.int32)
    parts_around[place(bbox, around)] = parts
    reference_around[place(reference_box, around)] = reference
    return numbered_as(parts_around, reference_around)[place(bbox, around)]
