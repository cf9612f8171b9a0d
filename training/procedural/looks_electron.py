"""Looks of electron microscopy: dark membranes, grey cytoplasm, organelles."""

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from training.samples import Sample

from . import optics
from .fields import (
    Image,
    Labels,
    Mask,
    Shape,
    blur,
    chance,
    gradient,
    log_uniform,
    patches,
    per_object,
    pick,
    smooth_noise,
    spots,
    stripes,
    turbulence,
)
from .outlines import round_outline
from .scene import Scene
from .shapes import blobs, mosaic, nuclei


def sheets(rng: Generator, shape: Shape, spacing: float, width: float) -> Image:
    """Long thin membranes, 0..1: zero lines of a random field, shown in patches."""
    field = turbulence(rng, shape, spacing, 2)
    slope = np.hypot(*np.gradient(field)) + 0.01
    lines = np.exp(-((field / (slope * np.float32(width))) ** 2))
    return lines * patches(rng, shape, 1.5 * spacing, rng.uniform(0.3, 0.9))


def vesicles(rng: Generator, where: Mask, radius: float, share: float) -> Image:
    """Vesicles: small dark rings, crowded in patches, 0..1."""
    near = patches(rng, (where.shape[0], where.shape[1]), 8 * radius, share) & where
    rings = spots(rng, near, 0.06 / radius**2, 0.75 * radius)
    return np.clip(np.exp(-(((rings - 0.45) / 0.2) ** 2)) * (rings > 0.15), 0, 1)


def mitochondria(rng: Generator, scene: Scene, width: float) -> Image:
    """Darkness of mitochondria, about 0..1: two membranes, cristae, matrix."""
    labels = scene.labels
    outer = scene.ring(0.5 * width, 0.7 * width)
    cleft = scene.ring(2.0 * width, 0.6 * width)
    inner = scene.ring(3.2 * width, 0.6 * width) if chance(rng, 0.6) else 0 * outer
    period = width * rng.uniform(4.5, 9)
    waves = stripes(rng, labels, period, rng.uniform(0.6, 1.8))
    broken = np.clip(smooth_noise(rng, scene.shape, 2.5 * width + 1) + 0.9, 0, 1)
    cristae = np.clip(3 * waves - 1, 0, 1) * broken * (scene.depth > 3 * width)
    matrix = per_object(rng, labels, 0.7, 1) * rng.uniform(0.15, 0.6) * scene.inside
    body = matrix + rng.uniform(0.2, 0.55) * (cristae + inner) - 0.15 * cleft * scene.inside
    return np.maximum(body, rng.uniform(0.6, 0.9) * outer)


def chloroplasts(rng: Generator, scene: Scene, width: float) -> Image:
    """Darkness of chloroplasts, about 0..1: envelope, stacks of thylakoids, starch, droplets."""
    labels = scene.labels
    lamellae = stripes(rng, labels, max(width * rng.uniform(2, 5), 1.6), rng.uniform(0.2, 0.8))
    stacks = np.clip(smooth_noise(rng, scene.shape, 0.12 * scene.diameter + 1) + 0.4, 0, 1)
    inside = scene.slab(1.5 * width)
    dark = inside * (rng.uniform(0.2, 0.5) + rng.uniform(0.15, 0.4) * lamellae * (0.3 + stacks))
    if chance(rng, 0.7):
        grain = smooth_noise(rng, scene.shape, rng.uniform(0.1, 0.22) * scene.diameter)
        starch = (grain > rng.uniform(0.9, 1.6)) & (scene.depth > 3 * width)
        dark = np.where(starch, rng.uniform(-0.1, 0.1), dark)
    droplets = spots(rng, scene.depth > 3 * width, 0.001, max(0.02 * scene.diameter, 0.8))
    dark = dark + rng.uniform(0.2, 0.7) * np.clip(droplets, 0, 1)
    return np.maximum(dark, rng.uniform(0.3, 0.7) * scene.ring(0.5 * width, 0.8 * width))


def grain(rng: Generator, shape: Shape, size: float) -> Image:
    """Fine dark grain of the cytoplasm: ribosomes and stain."""
    fine = turbulence(rng, shape, rng.uniform(0.7, 1.6), 2)
    return rng.uniform(0.03, 0.12) * fine + rng.uniform(0, 0.06) * turbulence(rng, shape, size / 3)


def _finish(rng: Generator, darkness: Image, size: float) -> NDArray[np.uint8]:
    """Image of the camera from darkness; a few images are inverted."""
    image = -darkness + rng.uniform(0, 0.08) * smooth_noise(rng, _shape(darkness), 60)
    return optics.grey(rng, image if chance(rng, 0.93) else -image, size)


def _shape(image: Image) -> Shape:
    return image.shape[0], image.shape[1]


def organelles(rng: Generator, scene: Scene) -> Sample:
    """Mitochondria in cytoplasm with unlabelled membranes, vesicles and droplets."""
    shape, size = scene.shape, scene.diameter
    width = float(np.clip(rng.uniform(0.02, 0.05) * size, 0.7, 2.5))
    free = scene.depth < -1.5 * width
    dark = np.full(shape, rng.uniform(0.05, 0.3), np.float32) + grain(rng, shape, size)
    if chance(rng, 0.6):  # several cells in the picture
        cells = mosaic(rng, shape, rng.uniform(3, 8) * size, 0, 0.2, 0.5)
        dark += per_object(rng, cells, 0, 0.15)
        dark += rng.uniform(0.3, 0.8) * Scene(cells).ring(0, width) * free
    for _ in range(int(rng.integers(0, 3))):
        lines = sheets(rng, shape, rng.uniform(0.3, 1) * size, 0.8 * width)
        dark += rng.uniform(0.2, 0.6) * lines * free
    dark += rng.uniform(0.1, 0.5) * vesicles(rng, free, max(0.06 * size, 2), 0.3)
    if chance(rng, 0.4):  # droplets are uniform and have no membrane
        drops = blobs(rng, shape, round_outline(0.02, 1.1), 0.4 * size, 0.03)
        dark += pick(rng, -0.4, 0.6) * blur((drops.inside & free).astype(np.float32), 0.7)
    image = np.where(scene.inside, grain(rng, shape, size) + 0.2, dark)
    image = image + mitochondria(rng, scene, width)
    return Sample(_finish(rng, image, size), scene.labels)


def plastids(rng: Generator, scene: Scene) -> Sample:
    """Chloroplasts along the walls of plant cells, around pale vacuoles."""
    shape, size = scene.shape, scene.diameter
    width = float(np.clip(rng.uniform(0.015, 0.04) * size, 0.7, 2.5))
    cells = Scene(mosaic(rng, shape, rng.uniform(3, 7) * size, 0, 0.1, 0.3))
    vacuole = np.clip((cells.depth - rng.uniform(0.4, 1.2) * size) / (4 * width), 0, 1)
    dark = (rng.uniform(0.15, 0.4) + grain(rng, shape, size)) * (1 - 0.8 * vacuole)
    lines = sheets(rng, shape, rng.uniform(0.2, 0.6) * size, 0.8 * width)
    dark += rng.uniform(0.1, 0.4) * lines * (1 - vacuole)
    dark += rng.uniform(0.1, 0.7) * cells.ring(0, rng.uniform(1, 4) * width)
    dark = np.where(scene.inside, grain(rng, shape, size), dark)
    return Sample(_finish(rng, dark + chloroplasts(rng, scene, width), size), scene.labels)


def neuropil(rng: Generator, scene: Scene) -> Sample:
    """Densely packed profiles with membranes of varying contrast, and mitochondria."""
    shape, size = scene.shape, scene.diameter
    width = float(np.clip(log_uniform(rng, 0.02, 0.08) * size, 0.7, 3.5))
    fade = 1 + rng.uniform(0, 0.35) * smooth_noise(rng, shape, 0.6 * size)
    membrane = rng.uniform(0.45, 1) * np.clip(fade, 0.35, 1.5) * scene.ring(0, width)
    dark = per_object(rng, scene.labels, 0, rng.uniform(0.02, 0.35)) + grain(rng, shape, size)
    dark += 0.3 * (~scene.inside) + membrane
    deep = scene.depth > 2.5 * width + 1
    if chance(rng, 0.6):
        dark += rng.uniform(0.1, 0.4) * vesicles(rng, deep, max(0.05 * size, 1.5), 0.3)
    if chance(rng, 0.4):
        tubules = spots(rng, deep, 0.01, max(0.6 * width, 0.6))
        dark += rng.uniform(0.1, 0.4) * np.clip(tubules, 0, 1)
    inner = None
    if chance(rng, 0.6):
        inner = random_part(rng, nuclei(rng, scene, 0.35, 0.7), rng.uniform(0.2, 0.7), 0.2 * size)
        bodies = Scene(inner)
        dark = np.where(bodies.inside, 0.15 + mitochondria(rng, bodies, 0.7 * width), dark)
    return Sample(_finish(rng, dark, size), scene.labels, inner)


def random_part(rng: Generator, labels: Labels, share: float, smallest: float) -> Labels:
    """Random ``share`` of the objects wider than about ``smallest`` pixels, with their labels."""
    number = int(labels.max()) + 1
    keep = rng.random(number) < share
    keep &= np.bincount(labels.ravel(), minlength=number) > 0.8 * smallest**2
    return np.where(keep[labels], labels, 0).astype(np.int32)


def granules(rng: Generator, scene: Scene) -> Sample:
    """Dense granules, vesicles or droplets in cytoplasm with unlabelled membranes."""
    shape, size = scene.shape, scene.diameter
    width = float(np.clip(0.06 * size, 0.7, 2.5))
    dark = 0.2 + grain(rng, shape, size)
    lines = sheets(rng, shape, max(1.5 * size, 25), width) * (scene.depth < -width)
    dark += rng.uniform(0.2, 0.6) * lines
    fill = per_object(rng, scene.labels, 0.6, 1) * scene.slab(0.08 * size + 0.3)
    kind = pick(rng, "dense", "core", "empty")
    if kind == "core":
        fill = fill * (scene.relative > rng.uniform(0.2, 0.5))
    dark += {"dense": 0.7, "core": 0.7, "empty": -0.2}[kind] * rng.uniform(0.6, 1.2) * fill
    if kind != "dense" or chance(rng, 0.4):
        dark += rng.uniform(0.4, 0.8) * scene.ring(0.5, width)
    return Sample(_finish(rng, dark, size), scene.labels)


def surface(rng: Generator, scene: Scene) -> Sample:
    """Particles in scanning electron microscopy: bright edges, rough, lit from one side."""
    shape, size = scene.shape, scene.diameter
    height = scene.dome + 0.03 * turbulence(rng, shape, 0.1 * size + 0.8, 3) * scene.inside
    shade = gradient(blur(height, 0.7), rng.uniform(0, 2 * np.pi)) * 0.1 * size
    edge = scene.ring(0.05 * size, 0.06 * size + 0.6) * scene.inside
    image = per_object(rng, scene.labels, 0.3, 0.6) + rng.uniform(0.2, 0.8) * edge
    image += rng.uniform(0.1, 0.5) * np.clip(shade, -1, 1)
    back = 0.1 + rng.uniform(0.02, 0.1) * turbulence(rng, shape, rng.uniform(1, 12), 3)
    return Sample(optics.grey(rng, np.where(scene.inside, image, back), size), scene.labels)
