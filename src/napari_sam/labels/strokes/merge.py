"""Merge: the labels under a stroke become one."""

from collections.abc import Generator, Sequence

import numpy as np

from napari_sam.errors import LabelError
from napari_sam.image.volume import Plane
from napari_sam.labels.label_array import LabelArray
from napari_sam.masks.mask import Mask
from napari_sam.tiles.bbox import union

from .label_region import LabelRegion, box_around, find_label, in_order, labels_under
from .stroke import Stroke
from .stroke_action import StrokeAction, no_label
from .stroke_change import StrokeChange, edit_of, mask_of
from .through import regions_through


def merge_labels(
    labels: LabelArray, stroke: Stroke, axis: int | None
) -> Generator[int, None, StrokeChange]:
    """Merge the labels under a stroke; see :func:`.edit_by_stroke.iter_edit_by_stroke`."""
    under = labels_under(labels, stroke.plane, stroke.pixels)
    crossed = in_order(under)
    if not crossed:
        raise no_label()
    if len(crossed) < 2:
        raise LabelError(
            f"there is only label {crossed[0]} under the stroke: draw it through all labels that "
            "are to be one"
        )
    regions: dict[int, list[LabelRegion]] = {}
    done = 0
    for label in crossed:
        start = find_label(labels, stroke.plane, label, box_around(stroke.pixels[under == label]))
        regions[label] = []
        for region, _ in () if start is None else regions_through(labels, start, label, axis):
            regions[label].append(region)
            done += 1
            yield done
    masks = {k: [mask_of(region, region.labels == k) for region in regions[k]] for k in crossed}
    largest = max(crossed, key=lambda label: sum(mask.area for mask in masks[label]))
    merged = tuple(label for label in crossed if label != largest)
    edits = [
        edit_of(region, np.where(region.labels == label, largest, region.labels))
        for label in merged
        for region in regions[label]
    ]
    united = _united([mask for label in (largest, *merged) for mask in masks[label]])
    return StrokeChange(
        StrokeAction.MERGE, stroke, largest, tuple(edits), {largest: united}, {}, merged
    )


def _united(masks: Sequence[Mask]) -> tuple[Mask, ...]:
    """One mask a plane of all their pixels."""
    united: dict[Plane, Mask] = {}
    for mask in masks:
        if (other := united.get(mask.plane)) is None:
            united[mask.plane] = mask
        else:
            box = union((other.bbox, mask.bbox))
            pixels = other.within(box) | mask.within(box)
            united[mask.plane] = Mask(mask.plane, box, pixels, mask.iou, mask.object_score)
    return tuple(united.values())
