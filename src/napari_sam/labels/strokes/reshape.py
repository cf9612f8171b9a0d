"""Reshape: pixels are added to a label, or taken away, by a stroke around them."""

from collections.abc import Generator, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from napari_sam.errors import LabelError
from napari_sam.labels.edit import LabelEdit
from napari_sam.labels.label_array import LabelArray
from napari_sam.tiles.bbox import BBox, union

from .enclosed import added_pixels, cut_pixels
from .label_region import LabelRegion, box_around, find_label, in_order, labels_under, read_region
from .stroke import Stroke
from .stroke_action import StrokeAction, no_label
from .stroke_change import StrokeChange, edit_of, mask_of, masks_by_label
from .through import regions_through


class NothingEnclosedError(LabelError):
    """A stroke that is to enlarge a label encloses no free pixel."""


def add_to_label(
    labels: LabelArray, stroke: Stroke, axis: int | None
) -> Generator[int, None, StrokeChange]:
    """Add the free pixels that a stroke encloses to the first label under the stroke.

    Called by :func:`.edit_by_stroke.iter_edit_by_stroke`, which says more.
    """
    under = labels_under(labels, stroke.plane, stroke.pixels)
    if not (crossed := in_order(under)):
        raise no_label()
    label = crossed[0]
    start = box_around(stroke.pixels[under == label])
    planes = []
    for region in _regions(labels, stroke, label, start, axis):
        planes.append((region, added_pixels(region, label, stroke)))
        yield len(planes)
    edits = _edits(planes, label)
    if not edits:
        raise NothingEnclosedError(
            f"the stroke encloses no free pixel beside label {label}: begin inside the label, go "
            "out and come back"
        )
    after = [(label, mask_of(region, (region.labels == label) | new)) for region, new in planes]
    return StrokeChange(StrokeAction.ADD, stroke, label, edits, masks_by_label(after), {})


def cut_label(
    labels: LabelArray, stroke: Stroke, axis: int | None
) -> Generator[int, None, StrokeChange]:
    """Take away the pixels of a label that a stroke cuts off or encloses.

    Called by :func:`.edit_by_stroke.iter_edit_by_stroke`, which says more. The label is
    the one in which the stroke begins, or else the one with most pixels under it.
    """
    pixels = np.concatenate([stroke.pixels, stroke.chord]) if stroke.is_loop else stroke.pixels
    under = labels_under(labels, stroke.plane, pixels)
    numbers, counts = np.unique(under[under > 0], return_counts=True)
    if not numbers.size:
        raise no_label()
    label = int(under[0] or numbers[counts.argmax()])
    planes = []
    for region in _regions(labels, stroke, label, box_around(pixels[under == label]), axis):
        planes.append((region, cut_pixels(region, label, stroke)))
        yield len(planes)
    edits = _edits(planes, 0)
    if not edits:
        raise LabelError(
            f"the stroke takes nothing of label {label} away: draw it across the label, or around "
            "a part of it"
        )
    after = [(label, mask_of(region, (region.labels == label) & ~lost)) for region, lost in planes]
    away = [(0, mask_of(region, lost)) for region, lost in planes]
    masks = masks_by_label([*after, *away])
    return StrokeChange(StrokeAction.CUT, stroke, label, edits, masks, {})


def _regions(
    labels: LabelArray, stroke: Stroke, label: int, start: BBox, axis: int | None
) -> Iterator[LabelRegion]:
    """Boxes around label and stroke, slice by slice."""
    region = find_label(labels, stroke.plane, label, start)
    if region is None:
        return
    for further, _ in regions_through(labels, region, label, axis):
        around = read_region(labels, further.plane, union((further.bbox, stroke.bbox)))
        if around is not None:
            yield around


def _edits(
    planes: Sequence[tuple[LabelRegion, NDArray[np.bool_]]], label: int
) -> tuple[LabelEdit, ...]:
    """Edits that give pixels of regions a label; empty edits are left out."""
    edits = (edit_of(region, np.where(pixels, label, region.labels)) for region, pixels in planes)
    return tuple(edit for edit in edits if not edit.empty)
