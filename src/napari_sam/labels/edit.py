"""LabelEdit: a change of the labels in a plane, to be applied and inverted."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_sam.image.volume import Plane

from .label_array import LabelArray


@dataclass(frozen=True, slots=True, eq=False)
class LabelEdit:
    """Change of labels of pixels in a plane.

    Made by :func:`~napari_sam.labels.paint.paint` and :func:`erasing`; applied by a session, by the
    napari layer and by the journal.

    Parameters
    ----------
    plane : tuple of int
        Index of the leading axes; ``()`` for labels of a single image.
    bbox : tuple of int
        ``(y0, x0, y1, x1)``, data pixels of the plane, the ends excluded.
    mask : ndarray
        ``(h, w)`` bool: the pixels that change. No other pixel is ever written.
    old, new : ndarray
        ``(h, w)`` labels before and after, in the dtype of the labels (uint32 in a session).
    """

    plane: Plane
    bbox: tuple[int, int, int, int]
    mask: NDArray[np.bool_]
    old: NDArray[np.integer[Any]]
    new: NDArray[np.integer[Any]]

    @property
    def area(self) -> int:
        """Number of pixels that change."""
        return int(np.count_nonzero(self.mask))

    @property
    def empty(self) -> bool:
        """Whether no pixel changes."""
        return not self.mask.any()

    @property
    def region(self) -> tuple[int | slice, ...]:
        """Index of `bbox` in the labels array."""
        y0, x0, y1, x1 = self.bbox
        return (*self.plane, slice(y0, y1), slice(x0, x1))

    def apply(self, labels: LabelArray) -> None:
        """Write the new labels.

        Parameters
        ----------
        labels : array-like
            ``(*planes, Y, X)`` integers, changed in place; only `region` is read and written.
            A numpy array, a zarr array or anything with ``__getitem__`` and ``__setitem__``.
        """
        if self.empty:
            return
        block = np.array(labels[self.region])
        block[self.mask] = self.new[self.mask]
        labels[self.region] = block

    def inverse(self) -> "LabelEdit":
        """The edit back to the old labels.

        Returns
        -------
        LabelEdit
            `old` and `new` exchanged.
        """
        return LabelEdit(self.plane, self.bbox, self.mask, old=self.new, new=self.old)

    def indices(self) -> tuple[NDArray[np.intp], ...]:
        """Index of the changing pixels in the array of labels.

        Returns
        -------
        tuple of ndarray
            One ``(area,)`` intp array per axis of the labels, in the order of :meth:`values`, as
            ``napari.layers.Labels.data_setitem`` takes them.
        """
        rows, cols = np.nonzero(self.mask)
        planes = (np.full(rows.shape, index, dtype=np.intp) for index in self.plane)
        return (*planes, rows + self.bbox[0], cols + self.bbox[1])

    def values(self) -> NDArray[np.integer[Any]]:
        """New labels of the changing pixels, ``(area,)``, in the order of :meth:`indices`."""
        return self.new[self.mask]


def erasing(
    labels: LabelArray, plane: Plane, bbox: tuple[int, int, int, int], label: int
) -> LabelEdit:
    """The edit to remove a label within a region; the labels are read, not changed.

    Parameters
    ----------
    labels : array-like
        ``(*planes, Y, X)`` integers; only the region is read.
    plane : tuple of int
        Index of the leading axes.
    bbox : tuple of int
        ``(y0, x0, y1, x1)``, data pixels.
    label : int
        The label to remove.

    Returns
    -------
    LabelEdit
        Empty if the label does not occur in the region.
    """
    y0, x0, y1, x1 = bbox
    old = np.array(labels[(*plane, slice(y0, y1), slice(x0, x1))])
    mask = old == label
    return LabelEdit(plane, bbox, mask, old, np.where(mask, 0, old).astype(old.dtype))


def difference(
    before: LabelArray, after: LabelArray, plane: Plane, bbox: tuple[int, int, int, int]
) -> LabelEdit:
    """The edit from labels to other labels within a region; both are read, not changed.

    Parameters
    ----------
    before, after : array-like
        ``(*planes, Y, X)`` integers of one shape; only the region is read.
    plane : tuple of int
        Index of the leading axes.
    bbox : tuple of int
        ``(y0, x0, y1, x1)``, data pixels.

    Returns
    -------
    LabelEdit
        In the dtype of `after`, cut to the pixels that differ; empty if none does.
    """
    y0, x0, y1, x1 = bbox
    region = (*plane, slice(y0, y1), slice(x0, x1))
    new = np.asarray(after[region])
    old = np.asarray(before[region]).astype(new.dtype)
    mask = old != new
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not rows.size:
        return LabelEdit(plane, (y0, x0, y0, x0), mask[:0, :0], old[:0, :0], new[:0, :0])
    top, left, bottom, right = rows[0], columns[0], rows[-1] + 1, columns[-1] + 1
    inner = (slice(top, bottom), slice(left, right))
    box = (y0 + int(top), x0 + int(left), y0 + int(bottom), x0 + int(right))
    return LabelEdit(plane, box, mask[inner].copy(), old[inner].copy(), new[inner].copy())
