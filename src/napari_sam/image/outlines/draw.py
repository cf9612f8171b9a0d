"""Draw: outlines as a label image."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from napari_sam.errors import LabelError
from napari_sam.image.volume import Plane, Volume

from .drawn_object import STACK, DrawnObject, Outlines
from .inside import Box, inside

_PHYSICAL = 0.5
"""Share of the image's size in pixels below which all outlines together are compared with its size
in micrometres or other units."""


@dataclass(slots=True)
class _Counts:
    """Objects that did not get all of their pixels, and pixels by label."""

    outside: int = 0
    overlapping: int = 0
    pixels: dict[int, int] = field(default_factory=dict)


def draw_outlines(
    name: str, outlines: Outlines, image: Volume
) -> tuple[NDArray[np.uint32], tuple[str, ...]]:
    """Draw outlines into labels of an image.

    A pixel belongs to an object if its centre lies inside. Where objects overlap, the smaller one
    gets the pixels, so that an outline around others hides none. Parts outside of the image are cut
    off.

    Parameters
    ----------
    name : str
        The file, for messages.
    outlines : Outlines
        The objects.
    image : Volume
        Its image.

    Returns
    -------
    ndarray
        ``image.label_shape`` uint32.
    tuple of str
        Sentences about objects that did not get all of their pixels.

    Raises
    ------
    LabelError
        If all objects lie outside of the image, or an object does not name its plane of several.
    """
    labels, counts = np.zeros(image.label_shape, np.uint32), _Counts()
    for each in sorted(outlines.objects, key=lambda drawn: -drawn.area):
        plane, box = _plane(name, each, image), _box(each, image)
        if plane is None or box is None:
            counts.outside += 1
        else:
            _draw(labels[plane], each, box, counts)
    total = len(outlines.objects)
    if total and counts.outside == total:
        raise LabelError(
            f"{name}: all {total} outlines lie outside of {image.name}, which is {image.width} x "
            f"{image.height} pixels: choose its own outlines, and export them in pixels"
        )
    return labels, tuple(_warnings(name, outlines, image, counts))


def _draw(labels: NDArray[np.uint32], each: DrawnObject, box: Box, counts: _Counts) -> None:
    """Draw an object over larger ones, and count pixels by label."""
    y0, x0, y1, x1 = box
    view = labels[y0:y1, x0:x1]
    mask = np.zeros(view.shape, np.bool_)
    for polygon in each.polygons:
        mask |= inside(polygon, box)
        if each.with_points:
            x, y = np.floor(np.concatenate(polygon)).astype(np.int64).T
            in_box = (y0 <= y) & (y < y1) & (x0 <= x) & (x < x1)
            mask[y[in_box] - y0, x[in_box] - x0] = True
    lost, lost_counts = np.unique(view[mask], return_counts=True)
    for label, count in zip(lost.tolist(), lost_counts.tolist(), strict=True):
        if label:
            counts.pixels[label] -= count
    counts.overlapping += bool(lost.any())
    area = int(np.count_nonzero(mask))
    counts.pixels[each.label] = counts.pixels.get(each.label, 0) + area
    view[mask] = each.label


def _box(each: DrawnObject, image: Volume) -> Box | None:
    """Part of the image that may hold pixels of an object; None outside."""
    x0, y0, x1, y1 = each.extent
    x0, y0 = max(0.0, np.floor(x0)), max(0.0, np.floor(y0))
    x1, y1 = min(float(image.width), np.ceil(x1)), min(float(image.height), np.ceil(y1))
    return (int(y0), int(x0), int(y1), int(x1)) if x0 < x1 and y0 < y1 else None


def _plane(name: str, each: DrawnObject, image: Volume) -> Plane | None:
    """Plane of an object; None outside of the image."""
    axes, shape, place = image.plane_axes, image.plane_shape, each.place
    if set(place) & {"T", "Z"}:
        plane = tuple(place.get(axis, 0) for axis in axes)
        if len(axes) == 1 and axes not in place:  # a stack in time that ImageJ took for one in Z
            plane = (max(place.get("T", 0), place.get("Z", 0)),)
    elif np.prod(shape) == 1:
        plane = (0,) * len(shape)
    elif STACK in place:
        if place[STACK] >= np.prod(shape):
            return None
        plane = tuple(int(i) for i in np.unravel_index(place[STACK], shape))
    else:
        raise LabelError(
            f"{name} does not say on which planes of {image.name} its outlines lie: set the "
            "positions of the ROIs in Fiji, or export from QuPath with planes"
        )
    is_inside = all(0 <= i < n for i, n in zip(plane, shape, strict=True))
    return plane if is_inside else None


def _warnings(name: str, outlines: Outlines, image: Volume, counts: _Counts) -> Iterator[str]:
    total = len(outlines.objects)
    if not total:
        yield f"{name} holds no outlines"
        return
    if counts.outside:
        yield f"{name}: {counts.outside} of {total} outlines lie outside of the image: left out"
    if counts.overlapping:
        yield (
            f"{name}: {counts.overlapping} of {total} outlines overlap others: the smaller object "
            "has the pixels"
        )
    if vanished := sum(not count for count in counts.pixels.values()):
        yield f"{name}: {vanished} of {total} outlines hold no pixel of their own: left out"
    if np.prod(image.plane_shape) > 1 and all(_is_on_first(each) for each in outlines.objects):
        yield f"{name} names no plane but the first: all outlines are there"
    if _may_be_physical(outlines, image):
        yield (
            f"{name}: all outlines lie in the upper left corner of the image, as if in "
            f"{image.units[-1]}s and not in pixels: if they look too small, export them in pixels"
        )


def _is_on_first(each: DrawnObject) -> bool:
    return not any(each.place.values())


def _may_be_physical(outlines: Outlines, image: Volume) -> bool:
    """Whether all outlines fit the image's size in units, which is much smaller than in pixels."""
    far_x = max(each.extent[2] for each in outlines.objects)
    far_y = max(each.extent[3] for each in outlines.objects)
    height, width = image.height * image.scale[-2], image.width * image.scale[-1]
    is_smaller = max(image.scale[-2:]) <= _PHYSICAL
    fits = far_x <= width and far_y <= height
    return is_smaller and fits and (far_x >= width / 2 or far_y >= height / 2)
