"""Split: labels that a stroke divides become several."""

from collections import Counter
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from math import hypot

import numpy as np

from napari_sam.errors import LabelError
from napari_sam.image.volume import Plane
from napari_sam.labels.label_array import LabelArray
from napari_sam.labels.paint import check_label, next_free_label
from napari_sam.masks.mask import Mask

from .divide import Parts, divide, divide_by_masks, inner_points
from .label_region import LabelRegion, box_around, find_label, in_order, labels_under
from .stroke import Stroke, within
from .stroke_action import StrokeAction, no_label
from .stroke_change import StrokeChange, edit_of, mask_of, masks_by_label
from .through import numbered_through, regions_through

Predict = Callable[[Plane, Mapping[int, tuple[int, int]]], Mapping[int, Mask]]
"""Asks the model: plane, and number of each part to a pixel inside (yx, data pixels), to the mask
of each part. See :func:`napari_sam.strokes.predict_parts`."""


@dataclass(slots=True, eq=False)
class _Divided:
    """A label with its parts, plane by plane."""

    label: int
    planes: list[tuple[LabelRegion, Parts]] = field(default_factory=list)

    @property
    def areas(self) -> Counter[int]:
        """Pixels of each part, in all planes."""
        areas: Counter[int] = Counter()
        for _, parts in self.planes:
            numbers, counts = np.unique(parts[parts > 0], return_counts=True)
            areas.update(dict(zip(numbers.tolist(), counts.tolist(), strict=True)))
        return areas


def split_labels(
    labels: LabelArray,
    stroke: Stroke,
    axis: int | None,
    first: int | None,
    predict: Predict | None,
) -> Generator[int, None, StrokeChange]:
    """Split the labels that a stroke divides; see :func:`.edit_by_stroke.iter_edit_by_stroke`."""
    done, divided = 0, []
    for region, label in _divided_regions(labels, stroke):
        entry = _Divided(label)
        parts_by_plane: dict[Plane, tuple[Parts, LabelRegion]] = {}
        for further, before in regions_through(labels, region, label, axis):
            parts = _parts(further, label, stroke)
            if before is not None:
                reference, _ = parts_by_plane[before.plane]
                parts = numbered_through(parts, further.bbox, reference, before.bbox)
            if predict is not None and np.unique(parts[parts > 0]).size > 1:
                points = inner_points(parts, further.bbox)
                masks = predict(further.plane, points)
                parts = divide_by_masks(parts, further.bbox, points, masks)
            parts_by_plane[further.plane] = parts, further
            entry.planes.append((further, parts))
            done += 1
            yield done
        divided.append(entry)
    return _change(labels, stroke, divided, first)


def _divided_regions(labels: LabelArray, stroke: Stroke) -> list[tuple[LabelRegion, int]]:
    """Labels that the line divides; without any, the label that the line drawn on divides."""
    under = labels_under(labels, stroke.plane, stroke.pixels)
    regions = {
        label: find_label(labels, stroke.plane, label, box_around(stroke.pixels[under == label]))
        for label in in_order(under)
    }
    if not regions:
        raise no_label()
    divided = [
        (region, label)
        for label, region in regions.items()
        if region is not None and _along(region, label, stroke).max() > 1
    ]
    if divided:
        return divided
    label = Counter(under[under > 0].tolist()).most_common(1)[0][0]
    region = regions[label]
    if region is None or _parts(region, label, stroke).max() < 2:
        raise LabelError(f"the stroke does not divide label {label}: draw it across the label")
    return [(region, label)]


def _parts(region: LabelRegion, label: int, stroke: Stroke) -> Parts:
    """Parts along the line, with both ends drawn on where the line alone divides nothing."""
    parts = _along(region, label, stroke)
    if parts.max() > 1:
        return parts
    y0, x0, y1, x1 = region.bbox
    return _along(region, label, stroke.extended(hypot(y1 - y0, x1 - x0) + stroke.length))


def _along(region: LabelRegion, label: int, stroke: Stroke) -> Parts:
    return divide(region.labels == label, within(stroke.pixels, region.bbox))


def _change(
    labels: LabelArray, stroke: Stroke, divided: list[_Divided], first: int | None
) -> StrokeChange:
    """Number the parts: the largest of a label keeps its number."""
    new = next_free_label(labels) if first is None else first
    edits, masks, parts_of = [], [], {}
    for entry in divided:
        numbers = [part for part, _ in entry.areas.most_common()]
        label_of = {numbers[0]: entry.label}
        for part in numbers[1:]:
            check_label(new, labels.dtype)
            label_of[part] = new
            parts_of[new] = entry.label
            new += 1
        for region, parts in entry.planes:
            after = region.labels.copy()
            for part, label in label_of.items():
                after[parts == part] = label
            edits.append(edit_of(region, after))
        for part, label in label_of.items():
            masks += [(label, mask_of(region, parts == part)) for region, parts in entry.planes]
    changing = tuple(edit for edit in edits if not edit.empty)
    by_label = masks_by_label(masks)
    return StrokeChange(StrokeAction.SPLIT, stroke, divided[0].label, changing, by_label, parts_of)
