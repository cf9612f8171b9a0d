"""Looks of fluorescence: stained nuclei, cytoplasm, membranes and fibres, single or combined."""

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from training.samples import Sample

from . import optics
from .fields import (
    Image,
    blur,
    chance,
    log_uniform,
    patches,
    per_object,
    pick,
    smooth_noise,
    spots,
    stripes,
    turbulence,
)
from .scene import Scene


def haze(rng: Generator, scene: Scene, strongest: float = 0.25) -> Image:
    """Light from outside the focal plane, and specks of dye."""
    shape, size = scene.shape, scene.diameter
    light = np.full(shape, rng.uniform(0, 0.1), np.float32)
    if chance(rng, 0.5):
        light += rng.uniform(0, strongest) * blur(scene.inside.astype(np.float32), 0.5 * size)
    if chance(rng, 0.5):
        light += rng.uniform(0, 0.5 * strongest) * np.clip(smooth_noise(rng, shape, size), 0, 3)
    if chance(rng, 0.3):
        everywhere = np.ones(shape, bool)
        light += rng.uniform(0, 1) * spots(rng, everywhere, 2e-4, rng.uniform(0.6, 1.2))
    return light


def ghosts(rng: Generator, scene: Scene) -> Image:
    """Unlabelled objects far out of focus: soft blobs."""
    size = scene.diameter
    regions = patches(rng, scene.shape, 0.5 * size, rng.uniform(0.1, 0.5)).astype(np.float32)
    return blur(regions, rng.uniform(0.35, 0.8) * size)


def stain_nuclei(rng: Generator, scene: Scene) -> Image:
    """Stained chromatin: a brightness for each nucleus, lumps, dark nucleoli, bright rims."""
    labels, size = scene.labels, scene.diameter
    level = per_object(rng, labels, rng.uniform(0.25, 0.9), 1)
    lumps = 1 + rng.uniform(0.02, 0.3) * turbulence(rng, scene.shape, max(size / 8, 0.8), 2)
    body = level * np.clip(lumps, 0.3, 2)
    if chance(rng, 0.5):
        body *= 0.5 + 0.5 * scene.dome
    if chance(rng, 0.25):
        holes = smooth_noise(rng, scene.shape, max(size / 12, 0.8)) > 1.5
        body *= 1 - 0.6 * blur(holes.astype(np.float32), max(size / 30, 0.5))
    if chance(rng, 0.2):
        body *= 0.6 + 0.7 * scene.ring(0.06 * size, 0.06 * size + 0.7)
    if scene.overlap is not None:
        body *= 1 + rng.uniform(0.3, 0.9) * scene.overlap
    if chance(rng, 0.3):  # objects at different distances from the focal plane
        far = per_object(rng, labels, -0.5, 1).clip(0, 1)
        body = (1 - far) * body + blur(far * body, min(0.07 * size, 6))
    return body


def stain_cytoplasm(rng: Generator, scene: Scene) -> Image:
    """Stained cytoplasm: bright where the cell is thick, grainy, nuclei dark, bright or hidden."""
    labels, size = scene.labels, scene.diameter
    thick = scene.dome if chance(rng, 0.5) else scene.slab(log_uniform(rng, 0.02, 0.3) * size + 0.5)
    floor = rng.uniform(0.15, 0.6)
    body = per_object(rng, labels, rng.uniform(0.2, 0.8), 1) * (floor + (1 - floor) * thick)
    grain = turbulence(rng, scene.shape, rng.uniform(0.02, 0.12) * size + 0.6, 2)
    body *= np.clip(1 + rng.uniform(0.03, 0.25) * grain, 0.2, 2.5)
    if chance(rng, 0.2):
        body *= np.clip(1 + 0.35 * stripes(rng, labels, max(0.08 * size, 3), 1.0), 0.2, 2)
    body *= 1 - rng.uniform(0.1, 0.5) * scene.ring(0.3, 0.02 * size + 0.8)
    if chance(rng, 0.3):
        body += scene.inside * spots(rng, scene.inside, 0.01, rng.uniform(0.5, 1.2))
    if scene.inner is not None:
        weight = pick(rng, -1.0, -0.6, 0.0, 0.3)
        body *= 1 + weight * rng.uniform(0.5, 1) * blur((scene.inner > 0).astype(np.float32), 1)
    if scene.overlap is not None:
        body *= 1 + rng.uniform(0.2, 0.8) * scene.overlap
    return body


def stain_membrane(rng: Generator, scene: Scene) -> Image:
    """Stained membranes: outlines of uneven brightness, with weak stain inside."""
    size = scene.diameter
    width = min(log_uniform(rng, 0.7, 3), 0.06 * size + 0.6)
    lines = scene.ring(0.3, width)
    fade = 1 + rng.uniform(0, 0.35) * smooth_noise(rng, scene.shape, 0.3 * size)
    lines *= np.clip(fade, 0.3, 2) * (0.6 + per_object(rng, scene.labels, 0, 0.6))
    if chance(rng, 0.3):
        lines *= np.clip(1 + 0.4 * smooth_noise(rng, scene.shape, 1.2), 0.3, 2)
    inside = per_object(rng, scene.labels, 0, rng.uniform(0.05, 0.35))
    inside *= np.clip(1 + 0.3 * turbulence(rng, scene.shape, 0.06 * size + 0.6), 0.1, 2)
    if chance(rng, 0.3):
        inside += 0.6 * spots(rng, scene.inside, 0.004, rng.uniform(0.6, 1.5))
    return lines + inside


def stain_fibres(rng: Generator, scene: Scene) -> Image:
    """Stained actin: stress fibres along each cell, bright cortex, thin lamella."""
    labels, size = scene.labels, scene.diameter
    period = float(np.clip(rng.uniform(0.04, 0.12) * size, 3, 14))
    waves = stripes(rng, labels, period, rng.uniform(0.3, 1.2))
    bundles = np.clip(turbulence(rng, scene.shape, 0.15 * size, 2), 0, 2)
    body = rng.uniform(0.1, 0.4) * scene.slab(0.1 * size) + rng.uniform(0.08, 0.2)
    body += rng.uniform(0.2, 0.8) * np.clip(waves, 0, 1) * bundles
    body += rng.uniform(0.1, 0.7) * scene.ring(0.8, min(1.2, 0.05 * size + 0.4))
    return body * per_object(rng, labels, 0.5, 1)


def stain_puncta(rng: Generator, scene: Scene) -> Image:
    """Stained vesicles or transcripts: spots in cells, a few outside."""
    inside = spots(rng, scene.inside, log_uniform(rng, 0.002, 0.02), rng.uniform(0.6, 1.3))
    outside = spots(rng, ~scene.inside, 3e-4, rng.uniform(0.6, 1.3))
    return inside + outside + 0.1 * scene.inside


def fluorescent_nuclei(rng: Generator, scene: Scene) -> Sample:
    """Bright nuclei on a dark ground, with unlabelled objects out of focus."""
    image = stain_nuclei(rng, scene) + haze(rng, scene)
    if chance(rng, 0.3):
        image += rng.uniform(0.05, 0.25) * ghosts(rng, scene)
    return Sample(optics.grey(rng, image, scene.diameter), scene.labels)


def fluorescent_cells(rng: Generator, scene: Scene) -> Sample:
    """Cells stained by one dye or more: grey, or a composite with the nuclei."""
    dye = pick(rng, stain_cytoplasm, stain_cytoplasm, stain_membrane, stain_fibres)
    channels: list[Image] = [dye(rng, scene) + haze(rng, scene, 0.15)]
    visible_nuclei = None
    if scene.inner is not None and chance(rng, 0.75):
        visible_nuclei = scene.inner
        nuclei = Scene(scene.inner)
        channels.append(stain_nuclei(rng, nuclei) + haze(rng, nuclei, 0.2))
    if chance(rng, 0.25):
        channels.append(pick(rng, stain_membrane, stain_puncta, stain_cytoplasm)(rng, scene))
    return Sample(_composite(rng, channels, scene.diameter), scene.labels, visible_nuclei)


def membranes(rng: Generator, scene: Scene) -> Sample:
    """Stained membranes of an epithelium, with or without nuclei in another colour."""
    channels: list[Image] = [stain_membrane(rng, scene) + haze(rng, scene, 0.15)]
    visible_nuclei = None
    if scene.inner is not None and chance(rng, 0.4):
        visible_nuclei = scene.inner
        channels.append(stain_nuclei(rng, Scene(scene.inner)))
    return Sample(_composite(rng, channels, scene.diameter), scene.labels, visible_nuclei)


def actin(rng: Generator, scene: Scene) -> Sample:
    """Spread cells with stained fibres, with or without nuclei."""
    channels: list[Image] = [stain_fibres(rng, scene) + haze(rng, scene, 0.1)]
    visible_nuclei = None
    if scene.inner is not None and chance(rng, 0.6):
        visible_nuclei = scene.inner
        channels.append(stain_nuclei(rng, Scene(scene.inner)) + haze(rng, scene, 0.1))
    return Sample(_composite(rng, channels, scene.diameter), scene.labels, visible_nuclei)


def rings(rng: Generator, scene: Scene) -> Sample:
    """Vesicles and droplets: bright shells, hollow or half filled."""
    width = min(log_uniform(rng, 0.8, 4), 0.1 * scene.diameter + 0.5)
    shell = scene.ring(0.8 * width, width) * per_object(rng, scene.labels, 0.5, 1)
    filled = per_object(rng, scene.labels, 0, pick(rng, 0.05, 0.3, 0.6)) * scene.dome
    image = shell + filled + haze(rng, scene, 0.1)
    return Sample(_composite(rng, [image], scene.diameter), scene.labels)


def _composite(rng: Generator, channels: list[Image], size: float) -> NDArray[np.uint8]:
    """Camera image of the channels: mostly a colour composite, at times their grey sum."""
    if len(channels) == 1 and chance(rng, 0.85):
        return optics.grey(rng, channels[0], size)
    if len(channels) > 1 and chance(rng, 0.15):
        return optics.grey(rng, optics.normal(channels[0]) + optics.normal(channels[1]), size)
    return optics.colours(rng, channels, size)
