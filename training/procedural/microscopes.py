"""Microscopes for unstained cells, with random settings, which turn phase maps into images."""

from collections.abc import Callable

import numpy as np
from numpy.random import Generator

from .fields import Image, blur, log_uniform, pick, smooth_noise
from .phase_optics import defocused, interference, zernike

Microscope = Callable[[Generator, Image, float], Image]
"""``(rng, phase, size) -> image``: phase map in radians and size of the objects in pixels."""


def phase_contrast(rng: Generator, phase: Image, size: float) -> Image:
    """Phase contrast, positive or, seldom, negative; halos from narrow to as wide as objects."""
    ring = float(np.clip(log_uniform(rng, 0.08, 1.2) * size, 2, 40))
    sign = pick(rng, 1, 1, 1, 1, -1)
    sharpness = min(rng.uniform(0.4, 1.2), 0.1 * size)
    return zernike(sign * phase, ring, rng.uniform(0.1, 0.5), sharpness)


def relief(rng: Generator, phase: Image, size: float) -> Image:
    """Differential interference contrast."""
    smooth = blur(phase, min(rng.uniform(0.5, 1.5), 0.08 * size))
    shear, bias = min(rng.uniform(0.7, 3), 0.2 * size), rng.uniform(0.3, 1.6)
    return interference(smooth, shear, rng.uniform(0, 2 * np.pi), bias)


def brightfield(rng: Generator, phase: Image, size: float) -> Image:
    """Brightfield, a little out of focus, with weak absorption."""
    distance = pick(rng, -1, 1) * log_uniform(rng, 4, 120) * min(1.0, size / 25)
    fine = 0.02 * smooth_noise(rng, (phase.shape[0], phase.shape[1]), 2)
    absorption = rng.uniform(0, 0.08) * np.clip(phase, 0, None) * (1 + fine)
    return defocused(phase, absorption, distance, rng.uniform(0.1, 0.4))
