"""Images of two kinds of discs, with their labels, for the tests of object classes."""

import numpy as np
from numpy.typing import NDArray

PLACES = tuple((y, x) for y in (16, 48, 80) for x in (16, 48, 80, 112))
"""Middles, yx, of the objects with the labels 1 to 12."""


def two_kinds() -> tuple[NDArray[np.uint8], NDArray[np.uint32]]:
    """Image ``(96, 128)`` and labels: odd ones are large dark discs, even ones small bright."""
    y, x = np.mgrid[:96, :128]
    image = np.random.default_rng(0).integers(0, 30, (96, 128))
    labels = np.zeros((96, 128), np.uint32)
    for label, (cy, cx) in enumerate(PLACES, start=1):
        radius = (11 if label % 2 else 5) + label % 3 / 2
        inside = (y - cy) ** 2 + (x - cx) ** 2 < radius**2
        image[inside] += 90 if label % 2 else 200
        labels[inside] = label
    return image.astype(np.uint8), labels


def kind(label: int) -> str:
    """Class of a disc of :func:`two_kinds`."""
    return "large" if label % 2 else "small"
