"""An image of dark rings on a bright ground, with the true labels."""

import numpy as np
from numpy.typing import NDArray

RADIUS = 14


def rings(seed: int = 0, side: int = 320) -> tuple[NDArray[np.uint8], NDArray[np.uint32]]:
    """Image ``(side, side)`` and labels of rings whose inside looks like the ground outside."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:side, :side]
    image = 150 + rng.normal(0, 8, (side, side))
    labels = np.zeros((side, side), np.uint32)
    places = [(row, col) for row in range(36, side - 30, 50) for col in range(36, side - 30, 50)]
    for number, (row, col) in enumerate(places, 1):
        row, col = row + rng.integers(-6, 7), col + rng.integers(-6, 7)
        distance = np.hypot(y - row, x - col)
        labels[distance <= RADIUS] = number
        image[(distance <= RADIUS) & (distance > RADIUS - 4)] -= 90
    return np.clip(image, 0, 255).astype(np.uint8), labels
