"""Looks of stained tissue and smears in colour, from the optical densities of dyes.

Light passes the dyes one after the other, so their optical densities add up. The colours of the
dyes are those of Ruifrok and Johnston, "Quantification of histochemical staining by color
deconvolution", 2001, and, for scanned slides of other laboratories, of Macenko and others, "A
method for normalizing histology slides for quantitative analysis", ISBI 2009.
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
    patches,
    per_object,
    pick,
    smooth_noise,
    spots,
    stripes,
    turbulence,
)
from .scene import Scene

DAB = (0.27, 0.57, 0.78)
HAEMATOXYLINS = (0.65, 0.70, 0.29), (0.56, 0.72, 0.41)
EOSINS = (0.07, 0.99, 0.11), (0.22, 0.80, 0.56)
"""Optical densities of each dye in red, green and blue: of Ruifrok and Johnston, and of Macenko.
The stains of laboratories lie between the two and around them."""


def _dye(rng: Generator, density: Image, colour: tuple[float, ...]) -> Image:
    """Optical densities ``(H, W, 3)`` of a dye whose colour varies a little at random."""
    mixed = np.array(colour, np.float32) * np.exp(rng.normal(0, 0.15, 3)).astype(np.float32)
    return np.clip(density, 0, None)[..., None] * mixed


def between(rng: Generator, ends: tuple[tuple[float, ...], ...]) -> tuple[float, ...]:
    """Colour of a dye from one of two to the other, and a fifth of the way beyond."""
    share = rng.uniform(-0.2, 1.2)
    first, second = (np.array(end) for end in ends)
    return tuple(np.clip(first + share * (second - first), 0.02, 1))


def stroma(rng: Generator, shape: Shape, size: float) -> Image:
    """Density of the tissue between nuclei, about 0..1: fibres, lumps, empty gaps."""
    long, short = rng.uniform(0.8, 4) * size, rng.uniform(0.08, 0.3) * size + 0.6
    fibres = 1.5 * stripes(rng, np.ones(shape, np.int32), 4 * short, rng.uniform(0.3, 1.5))
    fibres *= np.clip(0.5 + smooth_noise(rng, shape, long), 0, 2)
    lumps = turbulence(rng, shape, rng.uniform(0.4, 1.5) * size, 4)
    weight = rng.uniform(0, 1)
    density = 0.5 + 0.2 * (weight * fibres + (1 - weight) * lumps)
    density *= 1 + rng.uniform(0, 0.3) * smooth_noise(rng, shape, 3 * size)
    if chance(rng, 0.5):
        gaps = patches(rng, shape, rng.uniform(0.5, 2.5) * size, rng.uniform(0.05, 0.5))
        density *= 1 - rng.uniform(0.6, 1) * blur(gaps.astype(np.float32), 1)
    return np.clip(density, 0.02, 1.2)


def chromatin(rng: Generator, scene: Scene) -> Image:
    """Density of nuclei, pale to dark: lumps, darker rim, nucleoli."""
    size = scene.diameter
    level = per_object(rng, scene.labels, rng.uniform(0.35, 0.8), 1)
    lumps = turbulence(rng, scene.shape, max(size / 9, 0.7), 2)
    body = level * np.clip(1 + rng.uniform(0.05, 0.3) * lumps, 0.3, 2)
    body *= 1 + rng.uniform(0, 0.6) * scene.ring(0.03 * size + 0.5, 0.05 * size + 0.5)
    nucleoli = spots(rng, scene.relative > 0.3, 0.002, max(size / 20, 0.6))
    body += rng.uniform(0, 0.4) * np.clip(nucleoli, 0, 1)
    if scene.overlap is not None:
        body *= 1 + rng.uniform(0.3, 0.7) * scene.overlap
    soft = min(rng.uniform(0.4, 1.2), 0.04 * size + 0.2)
    return blur(body, soft)


def haematoxylin_eosin(rng: Generator, scene: Scene) -> Sample:
    """Haematoxylin and eosin: blue nuclei in pink tissue."""
    size = scene.diameter
    tissue = stroma(rng, scene.shape, size)
    cytoplasm = blur(np.exp(-np.clip(-scene.depth, 0, None) / (0.3 * size)), 0.1 * size)
    eosin = rng.uniform(0.2, 0.7) * tissue + rng.uniform(0, 0.3) * cytoplasm
    blue = rng.uniform(0.6, 1.4) * chromatin(rng, scene)
    blue += rng.uniform(0, 0.25) * tissue + rng.uniform(0, 0.2) * _behind(rng, scene)
    density = _dye(rng, eosin, between(rng, EOSINS)) + _dye(rng, blue, between(rng, HAEMATOXYLINS))
    return Sample(optics.scanned(rng, density, size), scene.labels)


def _behind(rng: Generator, scene: Scene) -> Image:
    """Unlabelled nuclei below the focal plane: pale and soft."""
    regions = patches(rng, scene.shape, 0.4 * scene.diameter, rng.uniform(0.05, 0.3))
    return blur(regions.astype(np.float32), 0.35 * scene.diameter)


def immunohistochemistry(rng: Generator, scene: Scene) -> Sample:
    """Immunohistochemistry: brown (DAB) nuclei, cytoplasm or membranes; all nuclei blue too."""
    size = scene.diameter
    tissue = stroma(rng, scene.shape, size)
    nuclei = chromatin(rng, scene)
    positive = per_object(rng, scene.labels, 0, 1) > rng.uniform(0.1, 0.9)
    where = pick(rng, "nuclei", "nuclei", "membrane", "cytoplasm")
    brown = rng.uniform(0, 0.25) * tissue
    if where == "nuclei":
        brown += rng.uniform(0.7, 1.6) * nuclei * positive
    elif where == "membrane":
        far = rng.uniform(0.15, 0.4) * size
        patchy = np.clip(smooth_noise(rng, scene.shape, 2 * size) + 0.5, 0, 1)
        brown += rng.uniform(0.3, 0.9) * scene.ring(-far, 0.06 * size + 0.8) * patchy
    else:
        near = np.exp(-np.clip(-scene.depth, 0, None) / (0.4 * size)) * ~scene.inside
        patchy = np.clip(smooth_noise(rng, scene.shape, 2 * size) + 0.3, 0, 1)
        brown += rng.uniform(0.3, 0.8) * near * patchy * tissue * 1.5
    blue = rng.uniform(0.5, 1.2) * nuclei * np.where(positive & (where == "nuclei"), 0.5, 1)
    blue += rng.uniform(0.03, 0.25) * tissue
    density = _dye(rng, brown, DAB) + _dye(rng, blue, between(rng, HAEMATOXYLINS))
    return Sample(optics.scanned(rng, density, size), scene.labels)


def stained_cells(rng: Generator, scene: Scene) -> Sample:
    """Stained cells of a smear: pale bodies and dark nuclei on white."""
    size = scene.diameter
    body = scene.slab(rng.uniform(0.01, 0.06) * size + 0.5)
    if scene.inner is None and chance(rng, 0.6):  # red blood cells are pale in the middle
        body = body * (1 - rng.uniform(0.2, 0.8) * scene.dome**3)
    body = body * per_object(rng, scene.labels, rng.uniform(0.4, 0.9), 1)
    grain = turbulence(rng, scene.shape, rng.uniform(0.02, 0.1) * size + 0.6, 3)
    body *= np.clip(1 + rng.uniform(0.02, 0.2) * grain, 0.2, 2)
    if scene.overlap is not None:
        body *= 1 + rng.uniform(0.4, 0.9) * scene.overlap
    body += rng.uniform(0, 0.3) * scene.ring(0.6, 0.9)
    colour = rng.uniform(0.1, 1, 3)
    density = _dye(rng, rng.uniform(0.2, 0.8) * body, tuple(colour))
    density += rng.uniform(0, 0.08) * turbulence(rng, scene.shape, 2 * size, 3)[..., None]
    if scene.inner is not None:
        dark = rng.uniform(0.5, 1.2) * chromatin(rng, Scene(scene.inner))
        density += _dye(rng, dark, tuple(rng.uniform(0.4, 1, 3)))
    if chance(rng, 0.3):
        sigma = min(1.5, 0.03 * size + 0.4)
        density += 0.5 * spots(rng, np.ones(scene.shape, bool), 5e-5, sigma)[..., None]
    image = optics.brightfield_rgb(rng, density, size)
    if chance(rng, 0.3):
        image = image.mean(-1).astype(np.uint8)
    return Sample(image, scene.labels, scene.inner)


def walls(rng: Generator, scene: Scene) -> Sample:
    """Cell walls of a section: dark lines between pale cells, in a random tint."""
    size = scene.diameter
    fade = np.clip(1 + rng.uniform(0, 0.3) * smooth_noise(rng, scene.shape, 0.5 * size), 0.4, 2)
    lines = fade * scene.ring(0, min(rng.uniform(0.7, 3), 0.06 * size + 0.6))
    fill = per_object(rng, scene.labels, 0, rng.uniform(0.02, 0.35))
    fill *= np.clip(1 + 0.2 * turbulence(rng, scene.shape, 0.06 * size + 0.6), 0.2, 2)
    if chance(rng, 0.4):
        grains = spots(rng, scene.depth > 0.1 * size, 0.002, 0.02 * size + 0.5)
        fill += rng.uniform(0.1, 0.5) * np.clip(grains, 0, 1)
    tint = tuple(rng.uniform(0.2, 1, 3)), tuple(rng.uniform(0.1, 1, 3))
    density = _dye(rng, rng.uniform(0.4, 1.3) * lines, tint[0]) + _dye(rng, fill, tint[1])
    image = optics.brightfield_rgb(rng, density, size)
    return Sample(image.mean(-1).astype(np.uint8) if chance(rng, 0.4) else image, scene.labels)
