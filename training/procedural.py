"""Procedural micrographs for what the real sets lack.

Each generator draws a label map from smooth random shapes and then an image of it, in the manner
of one kind of microscope. They are stand-ins: the variety matters, not the realism.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt, gaussian_filter
from scipy.spatial import cKDTree
from skimage.segmentation import find_boundaries

from .samples import Sample

SIZE = 320
Image = NDArray[np.floating[Any]]
Labels = NDArray[np.int32]


def smooth_noise(rng: Generator, sigma: float) -> Image:
    """Gaussian noise of zero mean and unit deviation, correlated over ``sigma`` pixels."""
    noise = gaussian_filter(rng.standard_normal((SIZE, SIZE)), sigma, mode="reflect")
    return (noise / noise.std()).astype(np.float32)


def _warped_grid(rng: Generator, amount: float, sigma: float) -> NDArray[np.float64]:
    """Pixel positions ``(SIZE * SIZE, 2)`` moved by a smooth random field."""
    y, x = np.mgrid[:SIZE, :SIZE].astype(np.float64)
    y += amount * smooth_noise(rng, sigma)
    x += amount * smooth_noise(rng, sigma)
    return np.stack([y.ravel(), x.ravel()], axis=1)


def blobs(rng: Generator, radius: float, density: float, elongation: float) -> Labels:
    """Separate or touching bent ellipses; later ones lie behind earlier ones."""
    labels = np.zeros((SIZE, SIZE), np.int32)
    y, x = _warped_grid(rng, 0.25 * radius, 0.8 * radius).T.reshape(2, SIZE, SIZE)
    count = int(density * SIZE**2 / (np.pi * radius**2)) + 1
    for index in range(1, count + 1):
        cy, cx = rng.uniform(0, SIZE, 2)
        angle, size = rng.uniform(0, np.pi), radius * rng.uniform(0.6, 1.4)
        stretch = np.sqrt(rng.uniform(1, elongation))
        u = (x - cx) * np.cos(angle) + (y - cy) * np.sin(angle)
        v = (y - cy) * np.cos(angle) - (x - cx) * np.sin(angle)
        inside = (u / stretch) ** 2 + (v * stretch) ** 2 < size**2
        free = inside & (labels == 0)
        if free.sum() > 0.6 * inside.sum():
            labels[free] = index
    return labels


def rods(rng: Generator, radius: float, density: float) -> Labels:
    """Capsules, alone and side by side."""
    labels = np.zeros((SIZE, SIZE), np.int32)
    y, x = _warped_grid(rng, 0.5 * radius, 6 * radius).T.reshape(2, SIZE, SIZE)
    count = int(density * SIZE**2 / (12 * radius**2)) + 1
    angle = rng.uniform(0, np.pi)
    for index in range(1, count + 1):
        cy, cx = rng.uniform(0, SIZE, 2)
        angle += rng.normal(0, 0.8)
        half = radius * rng.uniform(1, 5)
        u = (x - cx) * np.cos(angle) + (y - cy) * np.sin(angle)
        v = (y - cy) * np.cos(angle) - (x - cx) * np.sin(angle)
        inside = np.hypot(np.maximum(np.abs(u) - half, 0), v) < radius
        if not (inside & (labels > 0)).any():
            labels[inside] = index
    return labels


def mosaic(rng: Generator, radius: float, stretch: float = 1.0) -> Labels:
    """Cells that fill the plane: a warped Voronoi diagram."""
    count = int(SIZE**2 / (np.pi * radius**2)) + 2
    seeds = rng.uniform(-radius, SIZE + radius, (count, 2))
    points = _warped_grid(rng, 0.3 * radius, 0.7 * radius)
    squeeze = np.array([1.0, stretch])
    nearest = cKDTree(seeds * squeeze).query(points * squeeze)[1]
    return (nearest.reshape(SIZE, SIZE) + 1).astype(np.int32)


def _per_object(rng: Generator, labels: Labels, low: float, high: float) -> Image:
    values = rng.uniform(low, high, labels.max() + 1).astype(np.float32)
    values[0] = 0
    return values[labels]


def _expose(rng: Generator, image: Image, noise: float) -> NDArray[np.uint8]:
    """Photon and read noise, then 8 bits."""
    image = image - image.min()
    image = image / max(float(image.max()), 1e-6)
    photons = 10 ** rng.uniform(1.3, 3)
    image = rng.poisson(image * photons) / photons + noise * rng.standard_normal(image.shape)
    return (255 * np.clip(image, 0, 1)).astype(np.uint8)


def _compact(labels: Labels) -> Labels:
    ids, compact = np.unique(labels, return_inverse=True)
    compact = compact.reshape(labels.shape) + (0 if ids[0] == 0 else 1)
    return compact.astype(np.int32)


def fluorescent_nuclei(rng: Generator) -> Sample:
    """Bright textured nuclei on a dark, uneven background."""
    radius = rng.uniform(5, 28)
    labels = blobs(rng, radius, rng.uniform(0.1, 0.8), 2.5)
    texture = 1 + 0.25 * smooth_noise(rng, radius / 5)
    image = _per_object(rng, labels, 0.3, 1) * np.clip(texture, 0.2, None)
    image = gaussian_filter(image, rng.uniform(0.6, 2.0))
    image += rng.uniform(0, 0.15) * np.clip(1 + smooth_noise(rng, 60), 0, None)
    return Sample(_expose(rng, image, rng.uniform(0, 0.03)), labels)


def membrane_cells(rng: Generator) -> Sample:
    """Whole cells: bright membranes, faint cytoplasm, nuclei in another colour or none."""
    radius = rng.uniform(12, 34)
    labels = mosaic(rng, radius)
    if rng.random() < 0.5:
        labels = np.where(smooth_noise(rng, 2 * radius) > rng.uniform(-1, 0.3), labels, 0)
    edges = find_boundaries(labels, mode="inner")
    depth = distance_transform_edt(~edges) * (labels > 0)
    inner = np.where(depth > rng.uniform(0.3, 0.5) * radius, labels, 0).astype(np.int32)
    membrane = gaussian_filter(edges.astype(np.float32), rng.uniform(0.7, 1.6))
    cytoplasm = _per_object(rng, labels, 0.05, 0.4) * (1 + 0.3 * smooth_noise(rng, 3))
    nuclei = gaussian_filter(_per_object(rng, inner, 0.5, 1), 1)
    cell = _expose(rng, rng.uniform(0.3, 2) * membrane + cytoplasm, 0.02)
    if rng.random() < 0.4:
        return Sample(cell, labels.astype(np.int32), inner)
    nucleus = _expose(rng, nuclei, 0.02)
    channels = [cell, nucleus, np.zeros_like(cell) if rng.random() < 0.5 else cell]
    order = rng.permutation(3)
    return Sample(np.stack([channels[i] for i in order], -1), labels.astype(np.int32), inner)


def phase_contrast(rng: Generator) -> Sample:
    """Grey cells whose rim is bright outside and dark inside."""
    radius = rng.uniform(8, 30)
    labels = blobs(rng, radius, rng.uniform(0.1, 0.6), 5)
    inside = labels > 0
    depth = distance_transform_edt(inside) - distance_transform_edt(~inside)
    width = rng.uniform(1.5, 4)
    halo = np.exp(-(((depth + width) / width) ** 2)) * rng.uniform(0.2, 0.8)
    rim = np.exp(-(((depth - width) / width) ** 2)) * rng.uniform(0.1, 0.5)
    texture = 0.15 * smooth_noise(rng, 2) * inside + 0.04 * smooth_noise(rng, 1.5)
    image = halo - rim + texture + rng.uniform(-0.2, 0.1) * inside + 0.1 * smooth_noise(rng, 70)
    return Sample(_expose(rng, image.astype(np.float32), 0.02), labels)


def bacteria(rng: Generator) -> Sample:
    """Rods, bright in fluorescence or dark in phase contrast."""
    labels = rods(rng, rng.uniform(3, 8), rng.uniform(0.1, 0.8))
    image = gaussian_filter(_per_object(rng, labels, 0.5, 1), rng.uniform(0.6, 1.5))
    image += 0.05 * smooth_noise(rng, 2) + 0.05 * smooth_noise(rng, 50)
    return Sample(_expose(rng, image if rng.random() < 0.5 else -image, 0.02), labels)


def electron_microscopy(rng: Generator) -> Sample:
    """Dense profiles with dark membranes and dark organelles."""
    radius = rng.uniform(8, 40)
    filled = mosaic(rng, radius, rng.uniform(1, 2))
    edges = find_boundaries(filled, mode="inner")
    depth = distance_transform_edt(~edges)
    thickness = rng.uniform(0.5, 2.5)
    labels = np.where(depth > thickness, filled, 0)
    membrane = np.exp(-((depth / (thickness + 0.5)) ** 2))
    organelles = (smooth_noise(rng, rng.uniform(2, 5)) > 1.6) & (depth > 3)
    image = 0.7 + 0.15 * _per_object(rng, filled, 0, 1) - rng.uniform(0.3, 0.7) * membrane
    image -= 0.3 * gaussian_filter(organelles.astype(np.float32), 1)
    image += 0.08 * smooth_noise(rng, 1.2) + 0.03 * smooth_noise(rng, 20)
    return Sample(_expose(rng, image.astype(np.float32), 0.03), _compact(labels))


GENERATORS: tuple[Callable[[Generator], Sample], ...] = (
    fluorescent_nuclei,
    membrane_cells,
    membrane_cells,
    phase_contrast,
    bacteria,
    electron_microscopy,
)


def procedural_set(count: int, seed: int) -> list[Sample]:
    """``count`` samples, the kinds in turn."""
    rng = np.random.default_rng(seed)
    return [GENERATORS[index % len(GENERATORS)](rng) for index in range(count)]
