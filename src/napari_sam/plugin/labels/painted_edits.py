"""Painted edits: napari's own edits of a Labels layer, as edits of planes; no Qt."""

from collections.abc import Iterator, Sequence
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_sam.labels.edit import LabelEdit
from napari_sam.labels.label_array import LabelArray


def painted_edits(
    value: Sequence[Any], before: LabelArray, channel_axis: int | None
) -> Iterator[LabelEdit]:
    """Convert the value of napari's event ``paint``, which may come before the pixels change.

    Parameters
    ----------
    value : sequence of tuple
        ``(slices, mask, old, new)``, an edit by a mask in a box, where no mask means all of the
        box; or ``(indices, old, new)``, an edit of single pixels. Slices and indices are one for
        each axis of the layer.
    before : array-like
        ``(*planes, Y, X)`` labels before. The caller applies each edit to it ere it asks for the
        next, for they may overlap.
    channel_axis : int or None
        Axis of channels of the layer, which `before` does not have.

    Yields
    ------
    LabelEdit
        Without edits that change no pixel.
    """
    for place, *mask, _, new in value:
        axes = [index for i, index in enumerate(place) if i != channel_axis]
        if isinstance(axes[-1], slice):
            masked = None if not mask or mask[0] is None else np.asarray(mask[0])
            if masked is not None and channel_axis is not None:
                masked = np.asarray(masked.any(axis=channel_axis))
            yield from _in_box(axes, masked, new, before)
        else:
            yield from _at_pixels([np.atleast_1d(index) for index in axes], new, before)


def _in_box(
    axes: Sequence[slice], mask: NDArray[np.bool_] | None, new: Any, before: LabelArray
) -> Iterator[LabelEdit]:
    ranges = [range(*index.indices(n)) for index, n in zip(axes, before.shape, strict=True)]
    *leading, rows, columns = ranges
    for places in product(*(enumerate(planes) for planes in leading)):
        number = tuple(i for i, _ in places)
        plane = tuple(index for _, index in places)
        box = (rows.start, columns.start, rows.stop, columns.stop)
        pixels = np.ones((len(rows), len(columns)), bool) if mask is None else mask[number]
        yield from _changes(plane, box, pixels, np.full(pixels.shape, new), before)


def _at_pixels(
    axes: Sequence[NDArray[np.intp]], new: Any, before: LabelArray
) -> Iterator[LabelEdit]:
    *leading, rows, columns = axes
    new = np.broadcast_to(new, rows.shape)
    planes = np.stack(leading, axis=1) if leading else np.zeros((rows.size, 0), np.intp)
    for plane in np.unique(planes, axis=0) if leading else planes[:1]:
        at = (planes == plane).all(axis=1)
        y, x = rows[at], columns[at]
        box = (int(y.min()), int(x.min()), int(y.max()) + 1, int(x.max()) + 1)
        pixels = np.zeros((box[2] - box[0], box[3] - box[1]), bool)
        labels = np.zeros(pixels.shape, before.dtype)
        pixels[y - box[0], x - box[1]] = True
        labels[y - box[0], x - box[1]] = new[at]
        yield from _changes(tuple(int(i) for i in plane), box, pixels, labels, before)


def _changes(
    plane: tuple[int, ...],
    box: tuple[int, int, int, int],
    pixels: NDArray[np.bool_],
    new: NDArray[Any],
    before: LabelArray,
) -> Iterator[LabelEdit]:
    old = np.array(before[(*plane, slice(box[0], box[2]), slice(box[1], box[3]))])
    changes = pixels & (old != new)
    edit = LabelEdit(plane, box, changes, old, np.where(changes, new, old).astype(old.dtype))
    if not edit.empty:
        yield edit
