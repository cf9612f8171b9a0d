"""Discs as masks, and masks as whole planes."""

import numpy as np

from napari_sam.masks.mask import Mask


def disc(y: float, x: float, radius: float, plane: tuple[int, ...] = (0,), size: int = 96) -> Mask:
    rows, cols = np.mgrid[:size, :size]
    pixels = (rows - y) ** 2 + (cols - x) ** 2 < radius**2
    return Mask(plane, (0, 0, size, size), pixels, 0.9, 5.0).tight()


def full(mask: Mask, shape: tuple[int, int] = (96, 96)) -> np.ndarray:
    canvas = np.zeros(shape, bool)
    y0, x0, y1, x1 = mask.bbox
    canvas[y0:y1, x0:x1] = mask.pixels
    return canvas
