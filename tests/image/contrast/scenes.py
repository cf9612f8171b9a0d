"""Scenes: generated micrographs for tests of automatic contrast."""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

RADIUS = 30
"""Radius of a nucleus, in pixels: an area of 2,821 pixels."""


def disc() -> NDArray[np.bool_]:
    """Pixels of a nucleus."""
    y, x = np.mgrid[-RADIUS : RADIUS + 1, -RADIUS : RADIUS + 1]
    area: NDArray[np.bool_] = np.hypot(y, x) <= RADIUS
    return area


def nuclei(
    shape: tuple[int, int], count: int, *, seed: int = 0, background: float = 100, noise: float = 5
) -> tuple[NDArray[np.uint16], list[tuple[int, int]]]:
    """Blurred nuclei with brightness 200 to 400 above a background; centres yx, no two overlap."""
    rng = np.random.default_rng(seed)
    image, centres = np.zeros(shape), list[tuple[int, int]]()
    edge = RADIUS + 5
    for _ in range(100 * count):
        y, x = int(rng.integers(edge, shape[0] - edge)), int(rng.integers(edge, shape[1] - edge))
        if len(centres) < count and all(np.hypot(y - v, x - u) > 2.3 * RADIUS for v, u in centres):
            region = image[y - RADIUS : y + RADIUS + 1, x - RADIUS : x + RADIUS + 1]
            region[disc()] = rng.uniform(200, 400)
            centres.append((y, x))
    image = gaussian_filter(image, 2) + background + rng.normal(0, noise, shape)
    return image.clip(0, 65535).astype(np.uint16), centres


def usual_limits(image: NDArray[np.generic]) -> tuple[float, float]:
    """Limits of an ordinary image: the percentiles 0.5 and 99.8 of all its pixels."""
    low, high = np.percentile(image, (0.5, 99.8))
    return float(low), float(high)
