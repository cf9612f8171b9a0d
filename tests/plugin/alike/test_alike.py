"""More objects like a few labels, in a real viewer: button, key, slider, undo, cancel, classes."""

import numpy as np
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication

from tests.plugin.bench import Bench, Open


def scene() -> np.ndarray:
    """Bright disks and thin rods on noise, 8 each."""
    y, x = np.mgrid[:160, :160]
    image = np.random.default_rng(0).integers(0, 40, (160, 160)).astype(float)
    for k in range(8):
        row, col = 22 + 40 * (k // 2), 22 + 76 * (k % 2)
        image[(y - row) ** 2 + (x - col) ** 2 < 11**2] += 150
        image[(abs(y - row) < 14) & (abs(x - col - 38) < 3)] += 150
    return np.clip(image, 0, 255).astype(np.uint8)
