"""An image with two kinds of objects: bright disks, and rods of the same brightness."""

import numpy as np

from napari_sam.masks.mask import Mask

DISKS = tuple((22 + 40 * row, 22 + 76 * col) for row in range(4) for col in range(2))
"""Middles yx of the disks, with a radius of 10 pixels."""

RODS = tuple((y, x + 38) for y, x in DISKS)
"""Middles yx of the rods, 27 pixels high and 5 wide."""


def image_of_kinds() -> np.ndarray:
    """Eight disks and eight rods on noise, ``(160, 160)`` uint8."""
    noise = np.random.default_rng(0).integers(0, 40, (160, 160))
    pixels = [*map(disk_pixels, DISKS), *map(rod_pixels, RODS)]
    return (noise + 150 * np.logical_or.reduce(pixels)).astype(np.uint8)


def disk(number: int) -> Mask:
    """A disk as an accepted object."""
    return _mask(disk_pixels(DISKS[number]))


def rod(number: int) -> Mask:
    """A rod as an accepted object."""
    return _mask(rod_pixels(RODS[number]))


def disk_pixels(middle: tuple[int, int]) -> np.ndarray:
    y, x = np.mgrid[:160, :160]
    return np.asarray((y - middle[0]) ** 2 + (x - middle[1]) ** 2 < 11**2)


def rod_pixels(middle: tuple[int, int]) -> np.ndarray:
    y, x = np.mgrid[:160, :160]
    return np.asarray((abs(y - middle[0]) < 14) & (abs(x - middle[1]) < 3))


def _mask(pixels: np.ndarray) -> Mask:
    (y0, x0), (y1, x1) = np.argwhere(pixels).min(0), np.argwhere(pixels).max(0) + 1
    return Mask((), (int(y0), int(x0), int(y1), int(x1)), pixels[y0:y1, x0:x1], 1.0, 0.0)
