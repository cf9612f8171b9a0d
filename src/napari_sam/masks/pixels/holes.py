"""Holes: background enclosed by a mask, filled up to a size."""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import generate_binary_structure
from scipy.ndimage import label as connected_components

CROSS = generate_binary_structure(2, 1)
"""Neighbours along rows and columns, not along diagonals."""


def fill_holes(pixels: NDArray[np.bool_], largest: float) -> NDArray[np.bool_]:
    """Fill the holes of a mask up to a number of pixels.

    Parameters
    ----------
    pixels : ndarray
        ``(h, w)`` bool, True inside the object; beyond the array is background.
    largest : float
        Pixels of the largest hole to fill; ``inf`` for all.

    Returns
    -------
    ndarray
        ``(h, w)`` bool; the same array if the mask has no hole. Background pixels are connected
        along rows and columns only: a gap along a diagonal does not open a hole.
    """
    if largest < 1:
        return pixels
    height, width = pixels.shape
    background = np.ones((height + 2, width + 2), bool)
    background[1:-1, 1:-1] = ~pixels
    holes, count = connected_components(background, CROSS)
    if count == 1:  # the outside alone
        return pixels
    small = np.bincount(holes.ravel()) <= largest
    small[[0, holes[0, 0]]] = False
    filled: NDArray[np.bool_] = pixels | small[holes[1:-1, 1:-1]]
    return filled
