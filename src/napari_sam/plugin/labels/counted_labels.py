"""CountedLabels: labels whose pixels are counted as they are written; no Qt."""

from collections import Counter
from typing import Any

import numpy as np

from napari_sam.labels.label_array import LabelArray

_TABLE = 1 << 20
"""Labels below which a table of counts is made, which is faster than sorting the pixels."""


class CountedLabels:
    """Labels with the number of pixels of each.

    Parameters
    ----------
    labels : array-like
        ``(*planes, Y, X)`` integers without a label yet; written through this object alone.

    Attributes
    ----------
    areas : Counter
        Pixels by label, of labels with pixels.
    """

    def __init__(self, labels: LabelArray) -> None:
        self._labels = labels
        self.areas = Counter[int]()

    @property
    def shape(self) -> tuple[int, ...]:
        """Size along each axis."""
        return self._labels.shape

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return self._labels.ndim

    @property
    def dtype(self) -> np.dtype[Any]:
        """Integer type of the labels."""
        return self._labels.dtype

    def __getitem__(self, region: Any, /) -> Any:
        """Labels of a region."""
        return self._labels[region]

    def __setitem__(self, region: Any, labels: Any, /) -> None:
        """Write the labels of a region."""
        before, after = np.asarray(self._labels[region]), np.asarray(labels)
        changes = before != after
        self._add(before[changes], -1)
        self._add(np.broadcast_to(after, before.shape)[changes], 1)
        self._labels[region] = labels

    def _add(self, labels: "np.ndarray[Any, np.dtype[np.integer[Any]]]", sign: int) -> None:
        if not labels.size:
            return
        if int(labels.max()) < _TABLE:
            table = np.bincount(labels.astype(np.intp))
            values = np.flatnonzero(table)
            counts = table[values]
        else:
            values, counts = np.unique(labels, return_counts=True)
        for value, count in zip(values.tolist(), counts.tolist(), strict=True):
            if value:
                self.areas[value] += sign * count
                if not self.areas[value]:
                    del self.areas[value]
