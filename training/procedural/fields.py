"""Random fields and random values per object, from which shapes and looks are composed.

Fields are float32 with the shape ``(H, W)`` of the image.
"""

from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from scipy.sparse import csr_array

Image = NDArray[np.floating[Any]]
Labels = NDArray[np.int32]
Mask = NDArray[np.bool_]
Shape = tuple[int, int]


def log_uniform(rng: Generator, low: float, high: float) -> float:
    """Random number in ``low..high`` with a uniform logarithm."""
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def chance(rng: Generator, probability: float) -> bool:
    """Random bool, True with ``probability``."""
    return bool(rng.random() < probability)


def pick(rng: Generator, *choices: Any) -> Any:
    """Random choice among the arguments, with equal probabilities."""
    return choices[int(rng.integers(len(choices)))]


def _interpolation(length: int, spacing: float, sigma: float) -> csr_array:
    """Sparse ``(length, k)`` Gaussians of grid points ``spacing`` apart; rows have norm 1."""
    taps = 2 * int(np.ceil(3 * sigma / spacing)) + 1
    place = np.arange(length) / spacing
    nearest = np.round(place).astype(np.int32)
    column = nearest[:, None] + np.arange(taps, dtype=np.int32)
    offset = (column - taps // 2 - place[:, None]) * spacing / sigma
    weight = np.exp(-0.5 * offset**2).astype(np.float32) * np.float32(np.pi**-0.25)
    start = np.arange(0, length * taps + 1, taps, dtype=np.int32)
    shape = (length, int(nearest[-1]) + taps)
    return csr_array((weight.ravel(), column.ravel(), start), shape=shape)


def smooth_noise(rng: Generator, shape: Shape, sigma: float, sigma_x: float | None = None) -> Image:
    """Noise of zero mean and unit deviation, correlated over ``sigma`` (and ``sigma_x``) pixels."""
    sigmas = (sigma, sigma if sigma_x is None else sigma_x)
    if min(sigmas) < 1.5:
        noise = gaussian_filter(rng.standard_normal(shape, np.float32), sigmas, truncate=3)
        return noise / (noise.std() + 1e-6)
    rows, columns = (_interpolation(n, s, s) for n, s in zip(shape, sigmas, strict=True))
    coarse = rng.standard_normal((rows.shape[1], columns.shape[1]), np.float32)
    return np.ascontiguousarray((columns @ (rows @ coarse).T).T)


def patches(rng: Generator, shape: Shape, size: float, share: float) -> Mask:
    """Smooth regions ``(H, W)`` bool that cover about a ``share`` of the picture."""
    field = smooth_noise(rng, shape, size)
    return field > np.quantile(field[::8, ::8], 1 - np.clip(share, 0.05, 0.95))


def turbulence(rng: Generator, shape: Shape, sigma: float, octaves: int = 3) -> Image:
    """Sum of noises correlated over ``sigma``, ``sigma / 2``, ...; about unit deviation."""
    layers = [
        0.6**octave * smooth_noise(rng, shape, max(sigma / 2**octave, 0.6))
        for octave in range(octaves)
    ]
    return sum(layers[1:], layers[0]) / np.float32(np.sqrt(sum(0.36**o for o in range(octaves))))


def blur(image: Image, sigma: float) -> Image:
    """Gaussian blur; large ``sigma`` is computed at reduced resolution."""
    if sigma < 0.2:
        return image
    if sigma <= 6:
        return gaussian_filter(image, sigma, truncate=3)
    step = max(int(sigma / 3), 1)
    h, w = image.shape
    padded = np.pad(image, ((0, -h % step), (0, -w % step)), mode="edge")
    small = padded.reshape(padded.shape[0] // step, step, -1, step).mean((1, 3))
    small = gaussian_filter(small, sigma / step, truncate=3)
    return enlarge(small, step, (h, w))


def enlarge(small: Image, step: int, shape: Shape) -> Image:
    """Bilinear enlargement of block means, with blocks of ``step`` pixels, to ``shape``."""
    for length in shape:  # rows, then columns of the transposed
        place = np.clip((np.arange(length) + 0.5) / step - 0.5, 0, small.shape[0] - 1)
        low = np.minimum(place.astype(np.int64), max(small.shape[0] - 2, 0))
        high = np.minimum(low + 1, small.shape[0] - 1)
        share = (place - low).astype(np.float32)[:, None]
        small = (small[low] + share * (small[high] - small[low])).T
    return small


def gradient(image: Image, angle: float) -> Image:
    """Derivative along a direction, ``angle`` in radians from the x axis."""
    dy, dx = np.gradient(image)
    return np.sin(angle) * dy + np.cos(angle) * dx


def ramp(rng: Generator, shape: Shape) -> Image:
    """Linear ramp in a random direction, from 0 to 1."""
    angle = rng.uniform(0, 2 * np.pi)
    y, x = np.ogrid[: shape[0], : shape[1]]
    plane = np.sin(angle) * y + np.cos(angle) * x
    return ((plane - plane.min()) / max(np.ptp(plane), 1)).astype(np.float32)


def per_object(rng: Generator, labels: Labels, low: float, high: float) -> Image:
    """Random value in ``low..high`` for each object, 0 on the background."""
    values = rng.uniform(low, high, int(labels.max()) + 1).astype(np.float32)
    values[0] = 0
    return values[labels]


def stripes(rng: Generator, labels: Labels, period: float, bend: float = 0.5) -> Image:
    """Lines about a ``period`` apart, -1..1, in a random direction for each object.

    ``bend`` is the amplitude of their waviness in periods.
    """
    number = int(labels.max()) + 1
    angle = rng.uniform(0, np.pi, number)
    sine, cosine, start = np.sin(angle), np.cos(angle), rng.uniform(0, 512, number)
    y, x = np.ogrid[: labels.shape[0], : labels.shape[1]]
    along = x * cosine.astype(np.float32)[labels] + y * sine.astype(np.float32)[labels]
    along += bend * period * smooth_noise(rng, (labels.shape[0], labels.shape[1]), 3 * period)
    place = (along * np.float32(8 / period)).astype(np.int64) + start.astype(np.int64)[labels]
    profile = gaussian_filter(rng.standard_normal(4096), 1.8, mode="wrap")
    return np.clip(profile / (1.5 * profile.std()), -1, 1).astype(np.float32)[place % 4096]


def spots(rng: Generator, where: Mask, density: float, sigma: float) -> Image:
    """Gaussian spots of height about 1 on a share ``density`` of the pixels of a mask."""
    hits = np.where(where & (rng.random(where.shape, np.float32) < density), 1, 0)
    height = hits * rng.uniform(0.4, 1.2, where.shape).astype(np.float32)
    return blur(height, sigma) * np.float32(2 * np.pi * max(sigma, 0.4) ** 2)
