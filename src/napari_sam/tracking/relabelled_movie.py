"""RelabelledMovie: labels of a movie with a number of their own in each frame, read lazily."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_sam.errors import LabelError
from napari_sam.labels.label_array import LabelArray

CHANGED = "the labels changed during the tracking: track them again"
"""Message where labels are not those that were tracked."""


class RelabelledMovie:
    """Read-only labels of a movie, replaced frame by frame.

    Made by :meth:`~napari_sam.tracking.lineage.Lineage.relabelled`; read by the writers as a
    :class:`~napari_sam.labels.label_array.LabelArray`.

    Parameters
    ----------
    labels : array-like
        ``(T, *space)`` integers.
    starts : ndarray
        ``(T + 1,)`` intp: index of the first label of each frame in the next two.
    old, new : ndarray
        ``(N,)`` int64: the labels of each frame in ascending order, and what replaces them.
    """

    def __init__(
        self,
        labels: LabelArray,
        starts: NDArray[np.intp],
        old: NDArray[np.int64],
        new: NDArray[np.int64],
    ) -> None:
        self._labels, self._starts, self._old, self._new = labels, starts, old, new
        self.shape = tuple(int(size) for size in labels.shape)
        self.chunks: Any = getattr(labels, "chunks", None)
        self.dtype = np.dtype(np.uint32)

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        """Read the whole movie."""
        return np.asarray(self[()], dtype)

    def __getitem__(self, region: Any) -> NDArray[np.uint32]:
        """Labels of a region, given by integers and slices; the last axes may be left out.

        Raises
        ------
        LabelError
            If the labels are not those that were tracked.
        """
        index = region if isinstance(region, tuple) else (region,)
        time, space = index[0] if index else slice(None), index[1:]
        if not isinstance(time, slice):
            return self._replaced(range(self.shape[0])[time], space)
        frames = [self._replaced(frame, space) for frame in range(*time.indices(self.shape[0]))]
        return np.stack(frames)

    def __setitem__(self, region: Any, labels: Any) -> None:
        """Refuse to be painted into.

        Raises
        ------
        LabelError
            Always.
        """
        raise LabelError("tracked labels are read only: save them, or copy them first")

    def _replaced(self, frame: int, space: tuple[Any, ...]) -> NDArray[np.uint32]:
        block = np.asarray(self._labels[(frame, *space)])
        rows = slice(self._starts[frame], self._starts[frame + 1])
        old = np.concatenate([[0], self._old[rows]])
        new = np.concatenate([[0], self._new[rows]]).astype(np.uint32)
        ranks = np.minimum(np.searchsorted(old, block), len(old) - 1)
        if not np.array_equal(old[ranks], block):
            raise LabelError(CHANGED)
        replaced: NDArray[np.uint32] = new[ranks]
        return replaced
