"""Training windows: a random place, scale and look of a sample."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.random import Generator
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from torch.nn import functional

from .samples import Sample

Float = NDArray[np.floating[Any]]
SMALLEST_OBJECT = 16  # pixels that must be visible in the window


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """What the model gets to see, and what is there.

    Parameters
    ----------
    rgb : ndarray
        ``(size, size, 3)`` float32 in 0..255.
    labels, inner : ndarray
        ``(size, size)`` int32, consecutive from 1.
    """

    rgb: NDArray[np.float32]
    labels: NDArray[np.int32]
    inner: NDArray[np.int32]


def draw_window(sample: Sample, size: int, rng: Generator) -> Window:
    """Cut, turn, scale and recolour a window of ``size`` pixels."""
    matrix, center = _placement(sample, size, rng)
    grid = _sampling_grid(matrix, center, size, sample.labels.shape)
    drawn = _warp(sample.labels[..., None].astype(np.float32), grid, "nearest")
    labels = drawn[..., 0].astype(np.int32)
    inner = np.zeros_like(labels)
    if sample.inner is not None:
        there = _warp(sample.inner[..., None].astype(np.float32), grid, "nearest")
        inner = there[..., 0].astype(np.int32)
    image = sample.image if sample.image.ndim == 3 else sample.image[..., None]
    look = _stretch(image, rng)
    zoom_out = math.sqrt(abs(float(np.linalg.det(matrix))))
    if zoom_out > 1.3:  # the warp alone would alias
        look = gaussian_filter(look, (0.4 * zoom_out, 0.4 * zoom_out, 0))
    rgb = recolour(_warp(look, grid, "bilinear"), rng)
    kept = _keep_visible(labels)
    return Window(rgb, kept, np.where(inner > 0, kept, 0).astype(np.int32))


def _placement(
    sample: Sample, size: int, rng: Generator
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Matrix from window to image pixels (yx), and the window's centre in the image."""
    h, w = sample.labels.shape
    zoom = float(np.exp(rng.uniform(math.log(0.6), math.log(2.5))))
    zoom = max(zoom, 0.6 * size / min(h, w))  # not much more of the mirror than of the image
    angle = rng.uniform(-math.pi, math.pi) if rng.random() < 0.5 else 0.0
    angle += rng.integers(4) * math.pi / 2
    c, s = math.cos(angle), math.sin(angle)
    flip = np.diag([1.0, rng.choice([-1.0, 1.0])])
    squeeze = np.diag(np.exp(rng.normal(0, 0.08, 2)))
    matrix = np.array([[c, -s], [s, c]]) @ flip @ squeeze / zoom
    margin = 0.5 * size / zoom
    center = np.array([rng.uniform(min(margin, n / 2), max(n - margin, n / 2)) for n in (h, w)])
    return matrix, center


def _sampling_grid(
    matrix: NDArray[np.float64],
    center: NDArray[np.float64],
    size: int,
    shape: tuple[int, ...],
) -> torch.Tensor:
    """``(1, size, size, 2)`` xy in ``[-1, 1]`` of the image."""
    steps = np.arange(size) - (size - 1) / 2
    yx = np.stack(np.meshgrid(steps, steps, indexing="ij"), -1) @ matrix.T + center
    unit = 2 * yx / np.array(shape[:2]) - 1
    return torch.from_numpy(unit[None, ..., ::-1].astype(np.float32).copy())


def _warp(image: Float, grid: torch.Tensor, mode: str) -> NDArray[np.float32]:
    source = torch.from_numpy(np.ascontiguousarray(image, np.float32)).permute(2, 0, 1)[None]
    warped = functional.grid_sample(
        source, grid, mode=mode, padding_mode="reflection", align_corners=False
    )
    values: NDArray[np.float32] = warped[0].permute(1, 2, 0).numpy()
    return values


def _stretch(image: NDArray[np.uint8], rng: Generator) -> Float:
    """Contrast limits as a user or the automatic contrast might choose them: to about 0..1."""
    if image.shape[-1] == 3 and rng.random() < 0.5:
        return image.astype(np.float32) / 255
    step = max(1, image.shape[0] // 256)
    low = np.percentile(image[::step, ::step], rng.uniform(0, 2))
    high = np.percentile(image[::step, ::step], rng.uniform(98, 100))
    return np.clip((image - low) / max(high - low, 1), 0, 1).astype(np.float32)


def recolour(image: Float, rng: Generator) -> NDArray[np.float32]:
    """Random look of ``(h, w, 1 or 3)`` values in 0..1, as ``(h, w, 3)`` in 0..255."""
    image = np.clip(image, 0, 1)
    if image.shape[-1] == 3 and rng.random() < 0.25:
        image = image.mean(-1, keepdims=True)
    if rng.random() < 0.5:
        image = image ** np.float32(np.exp(rng.uniform(-0.7, 0.7)))
    if rng.random() < 0.1:
        image = 1 - image
    if rng.random() < 0.3:
        image = gaussian_filter(image, (sigma := rng.uniform(0.3, 1.5), sigma, 0))
    if image.shape[-1] == 1:
        colour = rng.uniform(0, 1, 3) if rng.random() < 0.1 else np.ones(3)
        image = image * (colour / colour.max())
    elif rng.random() < 0.2:
        image = image[..., rng.permutation(3)] * rng.uniform(0.7, 1.2, 3)
    image = image * rng.uniform(0.6, 1.1) + rng.uniform(-0.05, 0.15)
    if rng.random() < 0.4:
        grey = rng.standard_normal((*image.shape[:2], 1))
        image = image + grey * rng.exponential(0.03)
    return (255 * np.clip(image, 0, 1)).astype(np.float32)


def _keep_visible(labels: NDArray[np.int32]) -> NDArray[np.int32]:
    """Drop slivers, number the rest from 1."""
    areas = np.bincount(labels.ravel())
    keep = areas >= SMALLEST_OBJECT
    keep[0] = False
    number = np.where(keep, np.cumsum(keep), 0).astype(np.int32)
    return number[labels]
