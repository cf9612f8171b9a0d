"""Label boxes: the bounding boxes of all labels, plane by plane."""

from collections.abc import Iterable, Iterator, Mapping

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import find_objects

from napari_sam.image.volume import Plane
from napari_sam.tiles.bbox import BBox

from .label_array import LabelArray
from .rank import rank_labels

_RANKED = 1 << 22
"""Largest label up to which objects are looked up by label, which takes memory for each number."""


def label_boxes(labels: LabelArray) -> Iterator[tuple[Plane, dict[int, BBox]]]:
    """Find the bounding boxes of all labels; one plane at a time is in memory.

    Parameters
    ----------
    labels : array-like
        ``(*planes, Y, X)`` integers; 0 is background.

    Yields
    ------
    tuple
        Each plane, and the box ``(y0, x0, y1, x1)`` of each of its labels, data pixels, the ends
        excluded.
    """
    for plane in np.ndindex(labels.shape[:-2]):
        pixels = np.asarray(labels[plane])
        numbers: NDArray[np.integer] | None = None
        if pixels.max(initial=0) > _RANKED:
            numbers, pixels = rank_labels(pixels)
        yield (
            plane,
            {
                rank if numbers is None else int(numbers[rank]): (y.start, x.start, y.stop, x.stop)
                for rank, place in enumerate(find_objects(pixels.astype(np.int64, copy=False)), 1)
                if place is not None
                for y, x in [place]
            },
        )


def boxes_by_label(
    planes: Iterable[tuple[Plane, Mapping[int, BBox]]],
) -> dict[int, dict[Plane, BBox]]:
    """Boxes of :func:`label_boxes` by label, then by plane."""
    boxes: dict[int, dict[Plane, BBox]] = {}
    for plane, of_plane in planes:
        for label, bbox in of_plane.items():
            boxes.setdefault(label, {})[plane] = bbox
    return boxes


def largest_box(boxes: Mapping[Plane, BBox]) -> tuple[Plane, BBox]:
    """Plane of the largest box of an object, the first of several, and the box."""

    def area(plane: Plane) -> int:
        y0, x0, y1, x1 = boxes[plane]
        return (y1 - y0) * (x1 - x0)

    plane = max(sorted(boxes), key=area)
    return plane, boxes[plane]
