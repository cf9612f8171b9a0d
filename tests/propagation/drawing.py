"""Images and labels of objects that go through planes, and what became of them."""

import numpy as np

from napari_sam.masks.mask import Mask
from napari_sam.propagation.ending import Ending
from napari_sam.propagation.propagate import PropagationStep


def textured(truth: np.ndarray, seed: int = 0) -> np.ndarray:
    noise = np.random.default_rng(seed).integers(0, 60, truth.shape)
    return (noise + 150 * (truth > 0)).astype(np.uint8)


def tubes() -> np.ndarray:
    """Labels: 1 on planes 2 to 8 of 12, getting thinner; 2 on all planes."""
    z, y, x = np.mgrid[:12, :96, :96]
    truth = np.zeros(z.shape, np.uint8)
    truth[((y - 30) ** 2 + (x - 30) ** 2 < (12 - abs(z - 5)) ** 2) & (z >= 2) & (z <= 8)] = 1
    truth[(y - 60) ** 2 + (x - 50 - z) ** 2 < 100] = 2
    return truth


def balls() -> np.ndarray:
    """Labels of two balls in 12 slices."""
    z, y, x = np.mgrid[:12, :96, :96]
    truth = np.zeros(z.shape, np.uint8)
    for label, (cz, cy, cx) in enumerate([(6, 32, 32), (5, 62, 66)], start=1):
        distance = ((z - cz) / 4.5) ** 2 + ((y - cy) / 15) ** 2 + ((x - cx) / 15) ** 2
        truth[distance < 1] = label
    return truth


def seed_of(truth: np.ndarray, z: int, label: int) -> Mask:
    return Mask((z,), (0, 0, *truth.shape[1:]), truth[z] == label, 0.9, 5.0).tight()


def ends(steps: list[PropagationStep], label: int) -> dict[int, Ending]:
    return {step.plane[0]: step.ended[label] for step in steps if label in step.ended}
