"""Replayed labels: the labels that a journal replays to, in memory, to be compared; no Qt."""

import math
from collections.abc import Iterable, Iterator

import numpy as np
import zarr

from napari_sam.image.volume import Plane
from napari_sam.labels.blocks import block_regions, natural_block
from napari_sam.labels.edit import LabelEdit, difference
from napari_sam.labels.label_array import LabelArray
from napari_sam.tiles.bbox import BBox

_PLAIN = 1 << 28
"""Bytes of labels above which they are compressed in memory."""

_CHUNK = 256
"""Rows and columns that are compressed together."""


def empty_labels(shape: tuple[int, ...], dtype: np.dtype) -> LabelArray:
    """Labels without objects, in little memory as long as few are painted.

    Parameters
    ----------
    shape : tuple of int
        ``(*planes, Y, X)``.
    dtype : dtype
        Integer.

    Returns
    -------
    array
        numpy, or above 256 MB a compressed zarr array in memory.
    """
    if math.prod(shape) * np.dtype(dtype).itemsize <= _PLAIN:
        return np.zeros(shape, dtype)
    chunks = (1,) * (len(shape) - 2) + tuple(min(_CHUNK, n) for n in shape[-2:])
    store = zarr.storage.MemoryStore()
    return zarr.create_array(store, shape=shape, chunks=chunks, dtype=dtype, fill_value=0)


def differences(
    before: LabelArray, after: LabelArray, regions: Iterable[tuple[Plane, BBox]]
) -> Iterator[LabelEdit]:
    """Edits from labels to other labels, one for each differing region.

    A caller applies each edit to `before` ere it asks for the next, for regions may overlap.
    """
    for plane, bbox in regions:
        edit = difference(before, after, plane, bbox)
        if not edit.empty:
            yield edit


def all_regions(labels: LabelArray) -> Iterator[tuple[Plane, BBox]]:
    """Regions of all planes, each read at once."""
    *ones, height, width = natural_block(labels)
    for *planes, rows, columns in block_regions(labels.shape, (*(1 for _ in ones), height, width)):
        bbox = (rows.start, columns.start, rows.stop, columns.stop)
        yield tuple(plane.start for plane in planes), bbox
