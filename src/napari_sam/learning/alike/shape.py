"""Shape: size and proportions of an object as three numbers."""

import numpy as np
from numpy.typing import NDArray

from napari_sam.masks.mask import Mask

SPREAD = (1.0, 0.7, 0.7)
"""Differences of the logarithms of area, length and width that count as 1."""

TOLERANCE = 0.5
"""Difference up to which an object is no less alike than its example."""


def shape_of(mask: Mask) -> NDArray[np.float64]:
    """Logarithms of area, length and width of a mask, ``(3,)`` float64, data pixels.

    Length and width are the axes of the ellipse with the same second moments.
    """
    y, x = np.nonzero(mask.pixels)
    if not len(y):
        return np.full(3, -np.inf)
    moments = np.cov(np.stack([y, x]), ddof=0) + np.eye(2) / 12  # a pixel is a square, not a point
    width, length = 4 * np.sqrt(np.linalg.eigvalsh(moments))
    return np.log([len(y), length, width])


def shape_likeness(shape: NDArray[np.float64], examples: NDArray[np.float64]) -> float:
    """Likeness of a shape ``(3,)`` to the most similar of ``(N, 3)`` examples, 0 to 1.

    A single example does not tell how much the shapes of its kind differ, so twice the difference
    is allowed from it.
    """
    spread = np.multiply(SPREAD, 1 + 1 / len(examples) ** 2)
    away = np.abs((shape - examples) / spread).max(axis=1) - TOLERANCE
    return float(np.exp(-(np.maximum(away, 0.0) ** 2)).max())
