"""ClassPredictions: the probability of each class for each object of an image."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class ClassPredictions:
    """Classes of all objects; made by :func:`~napari_sam.classify.classify.classify`.

    Parameters
    ----------
    labels : ndarray
        ``(n,)`` int64, increasing.
    classes : tuple of str
        Names of the classes with examples, in alphabetical order.
    probabilities : ndarray
        ``(n, classes)`` float64, 0 to 1; each row adds up to 1. The row of an example is 1 for its
        own class.
    examples : mapping of int to str
        The examples among the labels.
    """

    labels: NDArray[np.int64]
    classes: tuple[str, ...]
    probabilities: NDArray[np.float64]
    examples: Mapping[int, str]

    @property
    def predicted(self) -> dict[int, tuple[str, float]]:
        """Most probable class of each label, with its probability; without the examples."""
        best = self.probabilities.argmax(axis=1)
        highest = self.probabilities.max(axis=1, initial=0)
        return {
            label: (self.classes[i], probability)
            for label, i, probability in zip(
                self.labels.tolist(), best.tolist(), highest.tolist(), strict=True
            )
            if label not in self.examples
        }
