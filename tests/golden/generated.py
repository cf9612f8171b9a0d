"""Weights, images and prompts that anybody can make again, on any machine.

No pretrained file is needed to compare two implementations: both get the same generated weights.
NumPy guarantees the stream of ``RandomState`` for ever, so the seed of a tensor is all there is.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Shapes = Mapping[str, tuple[int, ...]]


def generate_weights(shapes: Shapes) -> dict[str, NDArray[np.generic]]:
    """Weights of a model.

    Parameters
    ----------
    shapes : mapping of str to tuple of int
        Name of each tensor in the reference's own state dict -> its shape.

    Returns
    -------
    dict
        float32; counters are int64. Scaled so that activations keep their size through the layers:
        norms are near 1, biases near 0, matrices have the standard deviation 1 / sqrt(fan in).
    """
    return {name: _generate(name, tuple(shape)) for name, shape in shapes.items()}


def _generate(name: str, shape: tuple[int, ...]) -> NDArray[np.generic]:
    if name.endswith("num_batches_tracked"):
        return np.zeros(shape, np.int64)
    seed = int.from_bytes(hashlib.sha256(f"{name}{shape}".encode()).digest()[:4], "little")
    normal, points = np.random.RandomState(seed).standard_normal(shape), "point_embeddings."
    if name.endswith("running_var"):
        values = 1 + 0.1 * np.abs(normal)
    elif name.endswith(("bias", "running_mean")):
        values = 0.05 * normal
    elif name.endswith("weight") and len(shape) == 1:
        values = 1 + 0.05 * normal
    elif "gaussian" in name or name.endswith(("token.weight", "tokens.weight")) or points in name:
        values = normal  # positions, and embeddings of tokens and points
    elif name.endswith("weight"):
        values = normal / np.sqrt(np.prod(shape[1:]))
    else:
        values = 0.1 * normal
    return np.asarray(values, np.float32)


@dataclass(frozen=True)
class Case:
    """Prompts of one object, pixels of the image: xy, as the references take them."""

    name: str
    points: tuple[tuple[float, float], ...] = ()
    labels: tuple[int, ...] = ()
    box: tuple[float, float, float, float] | None = None
    mask: bool = False


SHAPES = {"square": (512, 512), "wide": (400, 640), "tall": (700, 480)}
"""Image shapes, height and width."""


def image(shape: str) -> NDArray[np.uint8]:
    """``(height, width, 3)`` uint8 RGB: blobs of three sizes, noise and a gradient."""
    h, w = SHAPES[shape]
    y, x = np.mgrid[:h, :w].astype(np.float64)
    waves = [np.sin(x / s + i) * np.cos(y / (s + 3) - i) for i, s in enumerate((9, 23, 61))]
    noise = np.random.RandomState(h + w).standard_normal((h, w, 3))
    rgb = 110 + 60 * np.stack(waves, axis=-1) + 8 * noise + (x + y)[..., None] / 40
    return np.asarray(np.clip(np.rint(rgb), 0, 255), np.uint8)


def cases(shape: str) -> Iterator[Case]:
    """The prompts that every model answers, on an image of :data:`SHAPES`."""
    h, w = SHAPES[shape]

    def at(*shares: tuple[float, float]) -> tuple[tuple[float, float], ...]:
        return tuple((round(fx * w), round(fy * h)) for fx, fy in shares)

    box = (round(0.25 * w), round(0.3 * h), round(0.6 * w), round(0.7 * h))
    five = at((0.5, 0.5), (0.4, 0.55), (0.1, 0.2), (0.9, 0.8), (0.7, 0.1))
    yield Case("point", at((0.4, 0.6)), (1,))
    yield Case("five", five, (1, 1, 0, 0, 0))
    yield Case("box", box=box)
    yield Case("box_point", at((0.45, 0.45)), (1,), box)
    yield Case("mask", mask=True)
    yield Case("point_mask", at((0.4, 0.6)), (1,), mask=True)


def mask_logits(size: int = 256) -> NDArray[np.float32]:
    """``(size, size)`` float32: the mask prompt, logits of a disk."""
    y, x = np.mgrid[:size, :size] / size
    return np.asarray(20 * (0.2 - np.hypot(y - 0.55, x - 0.4)), np.float32).clip(-10, 10)


def excerpt(values: NDArray[np.floating], most: int = 16) -> NDArray[np.float32]:
    """At most ``most`` evenly spaced values along each axis, the first and the last among them."""
    values = np.asarray(values, np.float32)
    for axis, length in enumerate(values.shape):
        values = values.take(np.unique(np.linspace(0, length - 1, most).round().astype(int)), axis)
    return values


def summary(values: NDArray[np.floating]) -> NDArray[np.float32]:
    """``(4,)`` float32 that no local difference escapes: mean, norm, smallest, largest."""
    values = np.asarray(values, np.float64)
    norm = np.linalg.norm(values) / np.sqrt(values.size)
    return np.array([values.mean(), norm, values.min(), values.max()], np.float32)
