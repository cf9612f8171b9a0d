"""Looks of unstained cells by the optics of their microscopes, from painted phase maps.

A painted thickness becomes a phase map by the delay of a cell, from thin lamellae of a tenth of a
radian to rounded cells of several; :mod:`.phase_optics` has the formulae.
"""

import numpy as np
from numpy.random import Generator

from training.samples import Sample

from . import optics
from .fields import Image, blur, chance, log_uniform, per_object, pick, smooth_noise
from .looks_light import dust, ground, thickness
from .microscopes import Microscope, brightfield, phase_contrast, relief
from .scene import Scene


def _shot(rng: Generator, scene: Scene, phase: Image, microscope: Microscope) -> Sample:
    """Image of a phase map, with dirt, uneven background and the camera."""
    size = scene.diameter
    image = microscope(rng, phase, size)
    dirt = ground(rng, scene.shape) + dust(rng, scene.shape, size)
    image = image + rng.uniform(0.1, 0.6) * image.std() * dirt
    return Sample(optics.grey(rng, image, size), scene.labels)


def _cells(rng: Generator, scene: Scene) -> Image:
    """Phase map of spread and rounded cells with organelles."""
    delay = log_uniform(rng, 0.2, 3) * per_object(rng, scene.labels, rng.uniform(0.4, 1), 1)
    return thickness(rng, scene, rng.uniform(0.1, 0.7)) * delay


def zernike_cells(rng: Generator, scene: Scene) -> Sample:
    """Cells in phase contrast with halo and shade-off."""
    return _shot(rng, scene, _cells(rng, scene), phase_contrast)


def sheared_cells(rng: Generator, scene: Scene) -> Sample:
    """Cells in differential interference contrast."""
    return _shot(rng, scene, _cells(rng, scene), relief)


def defocused_cells(rng: Generator, scene: Scene) -> Sample:
    """Cells in brightfield out of focus."""
    return _shot(rng, scene, _cells(rng, scene), brightfield)


def solid_bodies(rng: Generator, scene: Scene) -> Sample:
    """Bacteria and yeast: round in section, dense, with little inside."""
    size = scene.diameter
    section = scene.dome if chance(rng, 0.7) else scene.slab(0.15 * size + 0.3)
    phase = blur(section, 0.05 * size) * per_object(rng, scene.labels, rng.uniform(0.6, 0.95), 1)
    fine = smooth_noise(rng, scene.shape, max(0.12 * size, 0.8))
    phase *= 1 + rng.uniform(0, 0.15) * fine
    if chance(rng, 0.4):  # vacuole, storage granule or spore
        dots = np.clip(smooth_noise(rng, scene.shape, max(0.15 * size, 0.8)) - 1, 0, 1.5)
        phase += pick(rng, -1, 1) * rng.uniform(0.1, 0.5) * dots * scene.slab(0.2 * size + 0.5)
    microscope = pick(rng, phase_contrast, phase_contrast, phase_contrast, brightfield, relief)
    return _shot(rng, scene, phase * np.float32(log_uniform(rng, 0.3, 2)), microscope)


def absorbing_bodies(rng: Generator, scene: Scene) -> Sample:
    """Worms and other thick bodies in brightfield: absorbing, with granules and a bright edge."""
    size = scene.diameter
    phase = _cells(rng, scene)
    image = brightfield(rng, phase, size)
    depth = scene.dome * per_object(rng, scene.labels, rng.uniform(0.5, 0.9), 1)
    grains = smooth_noise(rng, scene.shape, max(0.1 * size, 0.8)) * scene.slab(0.1 * size + 0.5)
    density = rng.uniform(0.2, 1.2) * depth * np.clip(1 + rng.uniform(0.05, 0.4) * grains, 0, 2)
    if scene.overlap is not None:
        density = density * (1 + blur(scene.overlap.astype(np.float32), 0.7))
    image = image * np.exp(-density)
    if chance(rng, 0.3):
        image = optics.well(rng, image)
    return Sample(optics.grey(rng, image, size), scene.labels)
