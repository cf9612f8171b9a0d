"""Layouts: arrangements of objects as in cultures, tissues, colonies and embryos."""

import numpy as np
from numpy.random import Generator
from scipy.ndimage import distance_transform_edt

from .colony import draw_rods, grow
from .fields import Labels, chance, log_uniform, patches, pick
from .outlines import Outline, rod_outline, round_outline, ruffled_outline, spread_outline
from .scene import Scene, compact, one_piece
from .shapes import blobs, keep_whole, mosaic, nuclei, random_places, rows, scatter

SIZE = 512  # side of a procedural image, pixels
SHAPE = (SIZE, SIZE)


def with_nuclei(rng: Generator, scene: Scene, low: float = 0.35, high: float = 0.65) -> Scene:
    """Add a nucleus to each object; ``low`` and ``high`` are radii relative to the object."""
    return Scene(scene.labels, nuclei(rng, scene, low, high), scene.overlap)


def culture(rng: Generator, low: float, high: float) -> Scene:
    """Nuclei or round cells of a culture, apart and touching."""
    outline = round_outline(rng.uniform(0.02, 0.1), rng.uniform(1.1, 2.5))
    cover, spread = rng.uniform(0.1, 0.6), rng.uniform(0.05, 0.35)
    return blobs(rng, SHAPE, outline, log_uniform(rng, low, high), cover, spread, 0.15)


def tissue(rng: Generator, cover: float, overlap: float = 0.2, largest: float = 70) -> Scene:
    """Nuclei of tissue, long and round; ``cover`` is their share of the picture."""
    outline = round_outline(rng.uniform(0.03, 0.12), rng.uniform(1.2, 3.5))
    diameter, spread = log_uniform(rng, 9, largest), rng.uniform(0.1, 0.35)
    return blobs(rng, SHAPE, outline, diameter, cover, spread, overlap)


def sheet(rng: Generator, low: float, high: float) -> Scene:
    """Sheet of cells, over the picture or in islands, touching or with gaps."""
    diameter = log_uniform(rng, low, high)
    wobble, mixed = rng.uniform(0.02, 0.12), pick(rng, 0.0, 0.0, rng.uniform(0.1, 0.6))
    stretch = pick(rng, 1.0, 1.0, rng.uniform(1, 2.5))
    labels = mosaic(rng, SHAPE, diameter, int(rng.integers(0, 3)), wobble, mixed, stretch)
    if chance(rng, 0.45):
        labels = keep_whole(labels, patches(rng, SHAPE, 1.5 * diameter, rng.uniform(0.3, 0.9)))
    if chance(rng, 0.3):
        gap = rng.uniform(0.8, 0.06 * diameter + 1)
        labels = np.where(Scene(labels).depth > gap, labels, 0).astype(np.int32)
    return Scene(compact(one_piece(labels)))


def adherent(rng: Generator, low: float, high: float) -> Scene:
    """Spread cells with arms or a lamella, alone and touching."""
    diameter, cover = log_uniform(rng, low, high), rng.uniform(0.15, 0.9)
    outline = round_outline(rng.uniform(0.05, 0.2), rng.uniform(1.2, 4))
    kind = pick(rng, "arms", "arms", "smooth", "branched", "ruffled")
    if kind == "arms":
        outline = spread_outline(int(rng.integers(2, 6)), rng.uniform(1.3, 3))
    elif kind == "branched" and diameter > 30:  # as nerve cells
        outline, cover = spread_outline(6, rng.uniform(2.5, 5), 0.5), 0.4 * cover
    elif kind == "ruffled" and diameter > 40:
        outline = ruffled_outline()
    return blobs(rng, SHAPE, outline, diameter, cover, 0.2, rng.uniform(0.02, 0.3))


def bacteria(rng: Generator) -> Scene:
    """Bacteria: rods, cocci, curved rods and filaments, in dense colonies or scattered."""
    width = log_uniform(rng, 6, 26)
    if chance(rng, 0.35):
        labels = rows(rng, SHAPE, width, rng.uniform(2.5, 6))
        colony = patches(rng, SHAPE, rng.uniform(3, 8) * width, rng.uniform(0.1, 0.8))
        return Scene(keep_whole(compact(labels), colony))
    bend = rng.uniform(0, 0.3)
    outline: Outline = pick(
        rng,
        rod_outline(rng.uniform(2, 5), bend),
        rod_outline(rng.uniform(2, 5), bend),
        round_outline(0.02, 1.3),
        rod_outline(rng.uniform(8, 14), bend),
    )
    cover = rng.uniform(0.1, 1.2) / outline.reach
    return blobs(rng, SHAPE, outline, width, cover, rng.uniform(0.03, 0.12), 0.03)


def growing(rng: Generator) -> Scene:
    """Colonies of rods or cocci that grew from single cells, touching along their long sides."""
    width = log_uniform(rng, 6, 26)
    longest = pick(rng, 1.05, rng.uniform(1.5, 3), rng.uniform(2, 4), rng.uniform(4, 7))
    room = SIZE**2 / (width**2 * longest)
    count = int(np.clip(rng.uniform(0.15, 0.9) * room, 2, 400))
    rods = grow(rng, count, longest, int(rng.integers(1, 6)))
    gap = rng.uniform(0.3, 0.12 * width) if chance(rng, 0.4) else 0.0
    return Scene(draw_rods(rng, rods, SHAPE, width, gap))


def crossing(rng: Generator) -> Scene:
    """Worms: long bent bodies that lie apart, touch and cross."""
    width = log_uniform(rng, 7, 30)
    outline = rod_outline(rng.uniform(9, 18), rng.uniform(0.15, 0.6), 6)
    cover = rng.uniform(0.05, 0.5) / outline.reach * 1.5
    return blobs(rng, SHAPE, outline, width, cover, 0.08, rng.uniform(0.05, 0.35))


def aligned(rng: Generator) -> Scene:
    """Spindles beside each other in streams, from sparse to confluent: myoblasts, fibroblasts."""
    diameter = log_uniform(rng, 25, 110)
    stretch = rng.uniform(3, 9)
    wobble = rng.uniform(0.05, 0.35) / np.sqrt(stretch)  # less than half the width of a spindle
    labels = mosaic(rng, SHAPE, diameter, 1, wobble, rng.uniform(0, 0.5), stretch)
    kept = rng.random(int(labels.max()) + 1) < rng.uniform(0.25, 1.1)
    labels = np.where(kept[labels], labels, 0).astype(np.int32)
    gap = rng.uniform(0, 0.05) * diameter
    return Scene(
        compact(one_piece(np.where(Scene(labels).depth > gap, labels, 0).astype(np.int32)))
    )


def budding(rng: Generator) -> Scene:
    """Yeast: mother cells, a random share with a bud."""
    diameter = log_uniform(rng, 14, 110)
    count = int(np.clip(rng.uniform(0.1, 0.7) * 1.3 * SIZE**2 / diameter**2, 4, 400))
    mothers = random_places(rng, SHAPE, count, rng.uniform(0, 1))
    radii = diameter / 2 * np.exp(rng.normal(0, 0.15, count))
    buds = radii * rng.uniform(0.35, 0.95, count)
    turn = rng.uniform(0, 2 * np.pi, count)
    away = ((radii + buds) * rng.uniform(0.9, 1.02, count))[:, None]
    beside = mothers + away * np.stack([np.sin(turn), np.cos(turn)], 1)
    buds = np.where(rng.random(count) < rng.uniform(0.2, 0.8), buds, 0)
    places = np.stack([mothers, beside], 1).reshape(-1, 2)
    sizes = np.stack([radii, buds], 1).ravel()
    outline = round_outline(0.02, rng.uniform(1.05, 1.5))
    return Scene(scatter(rng, SHAPE, outline, places[sizes > 0], sizes[sizes > 0], 0.12).labels)


def ball(rng: Generator) -> Scene:
    """Large round cells pressed into a ball: an embryo, a spheroid."""
    diameter = log_uniform(rng, 35, 200)
    across = min(max(rng.uniform(1.5, 5) * diameter, 150), 0.9 * SIZE)
    y, x = np.ogrid[:SIZE, :SIZE]
    centre = rng.uniform(0.35, 0.65, 2) * SIZE
    within = np.hypot(y - centre[0], x - centre[1]) < across / 2
    cells = mosaic(rng, SHAPE, diameter, 2, rng.uniform(0.01, 0.06), 0.2)
    cells = _rounded(np.where(within, cells, 0).astype(np.int32), 0.12 * diameter)
    return Scene(compact(cells, int(0.2 * diameter**2)))


def _rounded(labels: Labels, radius: float) -> Labels:
    """Morphological opening of each object by a disk, which rounds corners."""
    eroded = np.where(Scene(labels).depth > radius, labels, 0)
    distance, (row, column) = distance_transform_edt(eroded == 0, return_indices=True)
    return np.where((distance < radius) & (eroded[row, column] == labels), labels, 0).astype(
        np.int32
    )


def mixture(rng: Generator) -> Scene:
    """Objects of very different sizes: diameters from 8 pixels to the largest, 60 to 240."""
    largest = log_uniform(rng, 60, 240)
    smaller = rng.uniform(0, np.log(largest / 8), 300) ** rng.uniform(0.8, 1)
    diameters = largest * np.exp(-smaller)
    room = np.cumsum(diameters**2) < rng.uniform(0.2, 0.8) * SIZE**2
    diameters = np.sort(diameters[room | (np.arange(300) < 8)])[::-1]
    places = random_places(rng, SHAPE, len(diameters), 0)
    outline = pick(rng, round_outline(0.01, 1.05), round_outline(0.08, 1.8), ruffled_outline())
    return scatter(rng, SHAPE, outline, places, diameters / 2, 0.05)


def profiles(rng: Generator) -> Scene:
    """Cut neurites: dense profiles of mixed sizes with membranes between."""
    diameter = log_uniform(rng, 14, 130)
    wobble, mixed, stretch = rng.uniform(0.05, 0.22), rng.uniform(0, 1), rng.uniform(1, 2.5)
    labels = compact(one_piece(mosaic(rng, SHAPE, diameter, 0, wobble, mixed, stretch)))
    scene = Scene(labels)
    gap = rng.uniform(0, 0.05) * scene.diameter
    return Scene(compact(one_piece(np.where(scene.depth > gap, labels, 0).astype(np.int32))))


def apart(rng: Generator, outline: Outline, low: float, high: float, cover: float) -> Scene:
    """Bodies of an outline that never touch."""
    spread = rng.uniform(0.1, 0.3)
    return blobs(rng, SHAPE, outline, log_uniform(rng, low, high), cover, spread, 0, 0.1)


def unstained(rng: Generator, low: float, high: float) -> Scene:
    """Sheet of cells, or adherent cells of ``low`` to ``high`` pixels, with nuclei."""
    scene = sheet(rng, 25, 120) if chance(rng, 0.2) else adherent(rng, low, high)
    return with_nuclei(rng, scene)
