"""Looks of transmitted light without stain: phase contrast, DIC, brightfield.

Each method derives its contrast from the optical thickness of the cells.
"""

import numpy as np
from numpy.random import Generator

from training.samples import Sample

from . import optics
from .fields import (
    Image,
    Shape,
    blur,
    chance,
    gradient,
    log_uniform,
    per_object,
    pick,
    ramp,
    smooth_noise,
    spots,
    turbulence,
)
from .scene import Scene


def thickness(rng: Generator, scene: Scene, granular: float = 0.2) -> Image:
    """Optical thickness of cells: dome or slab, with nucleus, granules and vacuoles."""
    size = scene.diameter
    body = scene.dome if chance(rng, 0.6) else scene.slab(rng.uniform(0.04, 0.2) * size + 0.5)
    body = body * per_object(rng, scene.labels, rng.uniform(0.5, 1), 1)
    fine = turbulence(rng, scene.shape, rng.uniform(0.02, 0.08) * size + 0.7, 3)
    inside = scene.slab(0.08 * size + 0.5)
    body += rng.uniform(0.05, 0.5) * granular * fine * inside
    deep = scene.depth > 0.08 * size + 1
    if chance(rng, 0.6):
        sigma = float(np.clip(rng.uniform(0.012, 0.03) * size, 0.6, 3))
        grains = spots(rng, deep, log_uniform(rng, 0.002, 0.02), sigma)
        body += rng.uniform(0.1, 1.5) * granular * pick(rng, 1, 1, -1) * np.clip(grains, 0, 1.5)
    if scene.inner is not None and chance(rng, 0.7):
        nucleus = blur((scene.inner > 0).astype(np.float32), 0.02 * size + 0.5)
        body += rng.uniform(-0.25, 0.3) * nucleus
        nucleoli = spots(rng, scene.inner > 0, 0.002, 0.02 * size + 0.5)
        body += rng.uniform(0, 0.4) * np.clip(nucleoli, 0, 1)
    if scene.overlap is not None:
        body += rng.uniform(0.2, 0.6) * blur(scene.overlap.astype(np.float32), 0.7)
    return body


def dust(rng: Generator, shape: Shape, size: float) -> Image:
    """Unlabelled dirt: specks much smaller than cells, and faint rings far out of focus."""
    y, x = np.ogrid[: shape[0], : shape[1]]
    image = np.zeros(shape, np.float32)
    if chance(rng, 0.5):
        sigma = float(np.clip(0.03 * size, 0.6, 2.5))
        specks = spots(rng, np.ones(shape, bool), 10 ** rng.uniform(-4.5, -3.3), sigma)
        image += rng.uniform(-0.5, 0.5) * (specks - blur(specks, 2 * sigma))
    for _ in range(rng.poisson(0.5)):
        away = np.hypot(y - rng.uniform(0, shape[0]), x - rng.uniform(0, shape[1]))
        radius, width = rng.uniform(8, 60), rng.uniform(2, 8)
        wave = np.cos((away - radius) / width) * np.exp(-(((away - radius) / (2 * width)) ** 2))
        image += (rng.uniform(-0.06, 0.06) * wave).astype(np.float32)
    return image


def ground(rng: Generator, shape: Shape, strength: float = 0.15) -> Image:
    """Slowly varying background."""
    slope = rng.uniform(0, 2 * strength) * ramp(rng, shape)
    clouds = rng.uniform(0, 0.5 * strength) * smooth_noise(rng, shape, shape[0] / rng.uniform(3, 9))
    fine = rng.uniform(0, 0.1 * strength) * turbulence(rng, shape, rng.uniform(1, 5), 2)
    return slope + clouds + fine


def phase_contrast(rng: Generator, scene: Scene) -> Sample:
    """Phase contrast: thickness minus its blurred surroundings, dark cells in bright halos."""
    size = scene.diameter
    thick = thickness(rng, scene, rng.uniform(0.1, 0.6))
    width = float(np.clip(rng.uniform(0.08, 0.35) * size, 1.5, 25))
    image = (1 - rng.uniform(0, 0.4)) * blur(thick, width) - thick
    rim = min(rng.uniform(1, 3), 0.06 * size + 0.6)
    image += rng.uniform(0, 0.6) * scene.ring(-rim, rim) * pick(rng, 1, 1, 0.3)
    image -= rng.uniform(0, 0.4) * scene.ring(rim, rim)
    if chance(rng, 0.3):  # round and thick cells appear bright
        image += per_object(rng, scene.labels, 0, 1) ** 4 * 1.5 * scene.dome
    if chance(rng, 0.15):
        image = -image
    image += ground(rng, scene.shape) + dust(rng, scene.shape, size)
    return Sample(optics.grey(rng, image, size), scene.labels)


def dark_bodies(rng: Generator, scene: Scene) -> Sample:
    """Bacteria in phase contrast: uniformly dark, with a bright halo around the colony."""
    size = scene.diameter
    body = blur(scene.slab(0.15 * size + 0.3), 0.05 * size + 0.3)
    body *= per_object(rng, scene.labels, rng.uniform(0.5, 0.95), 1) + (~scene.inside)
    around = blur(scene.inside.astype(np.float32), rng.uniform(0.3, 0.9) * size)
    image = -body + rng.uniform(0.2, 0.8) * around * ~scene.inside
    image += 0.3 * rng.uniform(0, 1) * around * scene.inside
    image += rng.uniform(0, 0.12) * turbulence(rng, scene.shape, rng.uniform(1, 6), 2)
    image += ground(rng, scene.shape) + dust(rng, scene.shape, 0.5 * size)
    return Sample(optics.grey(rng, image if chance(rng, 0.85) else -image, size), scene.labels)


def dic(rng: Generator, scene: Scene) -> Sample:
    """Differential interference contrast: derivative of the thickness along one direction."""
    size = scene.diameter
    thick = thickness(rng, scene, rng.uniform(0.05, 0.4))
    shear = min(rng.uniform(0.6, 2.5), 0.05 * size + 0.5)
    relief = gradient(blur(thick, shear), rng.uniform(0, 2 * np.pi))
    relief /= np.percentile(np.abs(relief[::3, ::3]), 99) + 1e-6
    grain = rng.uniform(0, 0.1) * turbulence(rng, scene.shape, rng.uniform(1, 3), 2)
    image = relief + grain + 2 * ground(rng, scene.shape, 0.4) + dust(rng, scene.shape, size)
    return Sample(optics.grey(rng, image, size), scene.labels)


def brightfield(rng: Generator, scene: Scene) -> Sample:
    """Brightfield out of focus: bright and dark rims, little contrast inside."""
    size = scene.diameter
    thick = thickness(rng, scene, rng.uniform(0.1, 0.8))
    near = min(log_uniform(rng, 0.6, 3), 0.06 * size + 0.4)
    wide = near * rng.uniform(1.5, 3.5)
    lens = blur(thick, near) - blur(thick, wide)
    lens += rng.uniform(-0.6, 0.6) * (blur(thick, wide) - blur(thick, 2 * wide))
    lens /= np.percentile(np.abs(lens[::3, ::3]), 99) + 1e-6
    image = pick(rng, -1, 1) * lens - rng.uniform(-0.1, 0.4) * blur(thick, near)
    image += ground(rng, scene.shape, 0.5) + dust(rng, scene.shape, size)
    return Sample(optics.grey(rng, image, size), scene.labels)


def ringed(rng: Generator, scene: Scene) -> Sample:
    """Yeast in brightfield: dark and bright diffraction rings, vacuole and granules inside."""
    size = scene.diameter
    period = float(np.clip(rng.uniform(0.12, 0.35) * size, 3, 16))
    wall = scene.depth - np.float32(rng.uniform(0, 0.35) * period)
    reach = period * rng.uniform(0.35, 0.9)
    waves = np.cos(2 * np.pi * wall / period + rng.uniform(-0.6, 0.6))
    image = pick(rng, -1, -1, 1) * waves * np.exp(-np.abs(wall) / reach)
    image *= 1 - 0.25 * per_object(rng, scene.labels, 0, 1)
    image += (
        rng.uniform(-0.4, 0.5) * scene.slab(0.12 * size) * per_object(rng, scene.labels, 0.3, 1)
    )
    vacuole = smooth_noise(rng, scene.shape, 0.13 * size) > 1.2
    deep = scene.slab(0.2 * size) ** 3
    image += rng.uniform(-0.4, 0.4) * blur(vacuole.astype(np.float32), 0.03 * size + 0.4) * deep
    image += rng.uniform(0, 0.2) * deep * turbulence(rng, scene.shape, 0.05 * size + 0.7, 2)
    image += rng.uniform(-0.6, 0.6) * spots(rng, scene.relative > 0.4, 0.003, 0.03 * size + 0.5)
    image += ground(rng, scene.shape, 0.3) + dust(rng, scene.shape, 0.6 * size)
    return Sample(optics.grey(rng, image, size), scene.labels)
