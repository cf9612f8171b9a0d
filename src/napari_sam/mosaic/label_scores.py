"""LabelScores: confidences of the objects of a mosaic by label, in four bytes each."""

from collections.abc import Iterator, MutableMapping
from typing import Never

import numpy as np
from numpy.typing import NDArray

from napari_sam.errors import LabelError


class LabelScores(MutableMapping[int, float]):
    """Read-only mapping from the labels 1 to n to confidences, backed by an array.

    Made by :meth:`Mosaic.prepare <napari_sam.mosaic.mosaic.Mosaic.prepare>`. A dict of the objects
    of a large image would take a hundred bytes for each.

    Parameters
    ----------
    scores : ndarray
        ``(n,)`` float32: confidence of the object with label ``i + 1``, from 0 to 1.
    """

    def __init__(self, scores: NDArray[np.float32]) -> None:
        self._scores = scores

    def __getitem__(self, label: int) -> float:
        """Confidence of the object with a label."""
        if not 1 <= label <= len(self._scores):
            raise KeyError(label)
        return float(self._scores[label - 1])

    def __len__(self) -> int:
        """Number of objects."""
        return len(self._scores)

    def __iter__(self) -> Iterator[int]:
        """The labels, in increasing order."""
        return iter(range(1, len(self._scores) + 1))

    def __setitem__(self, label: int, score: float) -> Never:
        """Refuse: the scores belong to the labels, which cannot be painted into."""
        raise LabelError("the scores of labels drawn from tiles cannot be changed")

    def __delitem__(self, label: int) -> Never:
        """Refuse, as :meth:`__setitem__` does."""
        raise LabelError("the scores of labels drawn from tiles cannot be changed")
