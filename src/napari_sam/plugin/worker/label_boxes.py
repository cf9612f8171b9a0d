"""Label boxes: all planes of a label, found block by block; no Qt, no napari."""

from collections.abc import Generator

import numpy as np

from napari_sam.image.volume import Plane
from napari_sam.labels.blocks import block_count, block_regions, natural_block
from napari_sam.labels.label_array import LabelArray
from napari_sam.tiles.bbox import BBox, union

from .events import Event, LabelBoxes, Progress


def find_boxes(labels: LabelArray, label: int) -> Generator[Event, None, None]:
    """Find the bounding boxes of a label on all planes, joined or apart.

    Parameters
    ----------
    labels : array-like
        ``(*planes, Y, X)`` integers, in memory or in chunks on disk; each block is read once.
    label : int
        The label.

    Yields
    ------
    Event
        Progress after each block of at least a plane; at the end
        :class:`~napari_sam.plugin.worker.events.LabelBoxes`.
    """
    boxes: dict[Plane, BBox] = {}
    block = natural_block(labels)
    total = block_count(labels.shape, block)
    for done, region in enumerate(block_regions(labels.shape, block), start=1):
        _add_boxes(boxes, np.asarray(labels[region]) == label, [part.start for part in region])
        if total > 1:
            yield Progress("Looking for the label", done, total)
    yield LabelBoxes(label, boxes)


def _add_boxes(
    boxes: dict[Plane, BBox],
    inside: np.ndarray[tuple[int, ...], np.dtype[np.bool_]],
    start: list[int],
) -> None:
    """Add the boxes of the pixels of a block, which begins at `start`, to the boxes by plane."""
    if not inside.any():
        return
    for leading in np.ndindex(inside.shape[:-2]):
        rows, columns = (np.flatnonzero(inside[leading].any(axis=axis)) for axis in (1, 0))
        if rows.size:
            plane = tuple(int(i) + low for i, low in zip(leading, start, strict=False))
            y, x = start[-2:]
            box = (
                int(rows[0]) + y,
                int(columns[0]) + x,
                int(rows[-1]) + y + 1,
                int(columns[-1]) + x + 1,
            )
            boxes[plane] = union((boxes[plane], box)) if plane in boxes else box
