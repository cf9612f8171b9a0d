"""Label maps: placement of objects in the picture."""

from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from .fields import Labels, Mask, Shape, chance, smooth_noise
from .outlines import Outline
from .scene import Scene, compact, one_piece

Floats = NDArray[np.floating[Any]]


def random_places(rng: Generator, shape: Shape, count: int, clumping: float) -> Floats:
    """Random positions ``(count, 2)`` yx, a share ``clumping`` in clusters, others uniform."""
    size = np.array(shape, np.float32)
    places = rng.uniform(-0.03, 1.03, (count, 2)) * size
    clusters = rng.uniform(0, 1, (max(count // 25, 1) + 1, 2)) * size
    member = rng.random(count) < clumping
    home = clusters[rng.integers(len(clusters), size=count)]
    near = home + rng.normal(0, 1, (count, 2)) * size * rng.uniform(0.05, 0.16)
    return np.where(member[:, None], near, places)


def scatter(
    rng: Generator,
    shape: Shape,
    outline: Outline,
    places: Floats,
    radii: Floats,
    overlap: float = 0.0,
    gap: float = 0.0,
    angles: Floats | None = None,
) -> Scene:
    """Draw objects at places, in order; objects hidden by more than ``overlap`` are left out.

    ``gap`` is the smallest distance between objects in radii; ``angles`` are random by default.
    """
    h, w = shape
    labels = np.zeros(shape, np.int32)
    doubled = np.zeros(shape, bool)
    areas = np.ones(len(places) + 1)
    turns = rng.uniform(0, 2 * np.pi, len(places)) if angles is None else angles
    for index, ((cy, cx), radius, angle) in enumerate(zip(places, radii, turns, strict=True), 1):
        reach = outline.reach * radius + 2
        top, left = max(int(cy - reach), 0), max(int(cx - reach), 0)
        bottom, right = min(int(cy + reach) + 1, h), min(int(cx + reach) + 1, w)
        if bottom - top < 3 or right - left < 3:
            continue
        y = (np.arange(top, bottom, dtype=np.float32)[:, None] - np.float32(cy)) / radius
        x = (np.arange(left, right, dtype=np.float32) - np.float32(cx)) / radius
        c, s = np.float32(np.cos(angle)), np.float32(np.sin(angle))
        field = outline.draw(c * x + s * y, c * y - s * x, rng)
        box = np.s_[top:bottom, left:right]
        inside, occupied = field > 0, labels[box] > 0
        hidden = (occupied & (field > -gap)).sum() if gap else (occupied & inside).sum()
        if hidden > overlap * inside.sum() or _covers_most(labels[box][occupied & inside], areas):
            continue
        doubled[box] |= occupied & inside
        labels[box][inside & ~occupied] = index
        areas[index] = (inside & ~occupied).sum()
    labels = compact(one_piece(labels))
    return Scene(labels, overlap=doubled & (labels > 0))


def _covers_most(hit: Labels, areas: Floats) -> bool:
    """Whether the overlap, labels ``(n,)``, is more than half of the area of an older object."""
    if not len(hit):
        return False
    number = np.bincount(hit)
    return bool((number > 0.5 * areas[: len(number)]).any())


def blobs(
    rng: Generator,
    shape: Shape,
    outline: Outline,
    diameter: float,
    cover: float,
    spread: float = 0.25,
    overlap: float = 0.0,
    gap: float = 0.0,
) -> Scene:
    """Scatter objects of about a ``diameter`` over a share ``cover`` of the picture."""
    area = np.pi * (diameter / 2) ** 2
    count = int(np.clip(cover * shape[0] * shape[1] / area, 3, 600)) + 1
    places = random_places(rng, shape, count, rng.uniform(0, 1) if chance(rng, 0.6) else 0)
    radii = diameter / 2 * np.exp(rng.normal(0, spread, count))
    return scatter(rng, shape, outline, places, radii, overlap, gap)


def _warped(rng: Generator, shape: Shape, amount: float, sigma: float) -> Floats:
    """Pixel positions ``(H, W, 2)`` yx displaced by a smooth field."""
    y, x = np.mgrid[: shape[0], : shape[1]].astype(np.float32)
    if amount > 0:
        y += amount * smooth_noise(rng, shape, sigma)
        x += amount * smooth_noise(rng, shape, sigma)
    return np.stack([y, x], axis=-1)


def mosaic(
    rng: Generator,
    shape: Shape,
    diameter: float,
    regularity: int = 1,
    wobble: float = 0.1,
    mixed: float = 0.0,
    stretch: float = 1.0,
) -> Labels:
    """Labels of cells that fill the plane: a warped Voronoi diagram.

    ``regularity`` is the number of steps of Lloyd's algorithm, which evens out the cells;
    ``mixed``, 0..1, varies their sizes.
    """
    size = np.array(shape, np.float32)
    count = max(int(1.4 * size.prod() / (np.pi * (diameter / 2) ** 2)), 4)
    seeds = rng.uniform(-0.1, 1.1, (count, 2)) * size
    sample = rng.uniform(-0.15, 1.15, (20 * count, 2)) * size
    for _ in range(regularity):
        owner = cKDTree(seeds).query(sample)[1]
        number = np.maximum(np.bincount(owner, minlength=count), 1)[:, None]
        seeds = np.stack([np.bincount(owner, s, count) for s in sample.T], 1) / number
    angle = rng.uniform(0, np.pi)
    c, s = np.cos(angle), np.sin(angle)
    squeeze = np.array([[c, -s], [s, c]]) @ np.diag([np.sqrt(stretch), 1 / np.sqrt(stretch)])
    points = _warped(rng, shape, wobble * diameter, 0.35 * diameter).reshape(-1, 2) @ squeeze
    tree = cKDTree(seeds @ squeeze)
    if not mixed:
        return (tree.query(points)[1].reshape(shape) + 1).astype(np.int32)
    distance, owner = tree.query(points, k=min(6, count))
    lead = mixed * diameter * rng.uniform(-0.35, 0.35, count)
    best = np.argmin(distance - lead[owner], axis=1)
    return (owner[np.arange(len(owner)), best].reshape(shape) + 1).astype(np.int32)


def rows(rng: Generator, shape: Shape, width: float, longest: float) -> Labels:
    """Rods side by side in bending rows, as in a dense colony of bacteria."""
    where = _warped(rng, shape, rng.uniform(0, 2) * width, 5 * width)
    angle = rng.uniform(0, np.pi)
    along = where[..., 0] * np.sin(angle) + where[..., 1] * np.cos(angle)
    across = where[..., 0] * np.cos(angle) - where[..., 1] * np.sin(angle)
    row = np.floor(across / width).astype(np.int64)
    row -= row.min()
    length = width * rng.uniform(2.2, longest)
    along = along - along.min() + rng.uniform(0, length, int(row.max()) + 1)[row]
    number = np.round(along / length).astype(np.int64)
    ends = length * (np.arange(number.max() + 2) - 0.5)
    shift = rng.uniform(-0.3, 0.3, (int(row.max()) + 1, len(ends))) * length
    segment = number - (along < ends[number] + shift[row, number])
    segment += along >= ends[number + 1] + shift[row, number + 1]
    segment = np.clip(segment, 0, len(ends) - 2)
    start = ends[segment] + shift[row, segment]
    stop = ends[segment + 1] + shift[row, segment + 1]
    beyond = np.maximum(np.abs(along - (start + stop) / 2) - (stop - start) / 2 + width / 2, 0)
    off = np.hypot(beyond, across - (np.floor(across / width) + 0.5) * width)
    ids = row * len(ends) + segment + 1
    return np.where(off < width * rng.uniform(0.4, 0.49), ids, 0).astype(np.int32)


def keep_whole(labels: Labels, region: Mask) -> Labels:
    """Keep objects that lie in a region by more than half, uncut."""
    number = int(labels.max()) + 1
    area = np.bincount(labels.ravel(), minlength=number)
    within = np.bincount(labels[region], minlength=number)
    return compact(np.where((within > 0.5 * area)[labels], labels, 0).astype(np.int32))


def nuclei(rng: Generator, scene: Scene, low: float = 0.35, high: float = 0.65) -> Labels:
    """Nucleus of each object: an ellipse near the deepest point, with the label of the object."""
    labels = scene.labels
    number = int(labels.max()) + 1
    wander = scene.relative + rng.uniform(0, 0.15) * smooth_noise(
        rng, scene.shape, 0.3 * scene.diameter
    )
    best = np.full(number, -9, np.float32)
    np.maximum.at(best, labels.ravel(), wander.ravel())
    flat = np.flatnonzero((wander >= best[labels]) & scene.inside)
    centre = np.zeros((number, 2), np.float32)
    centre[labels.ravel()[flat]] = np.stack(np.divmod(flat, scene.shape[1]), 1)
    angle = rng.uniform(0, np.pi, number).astype(np.float32)[labels]
    radius = scene.deepest * rng.uniform(low, high, number).astype(np.float32)
    stretch = np.sqrt(rng.uniform(1, 1.8, number)).astype(np.float32)[labels]
    y, x = np.ogrid[: scene.shape[0], : scene.shape[1]]
    dy, dx = y - centre[labels, 0], x - centre[labels, 1]
    c, s = np.cos(angle), np.sin(angle)
    off = np.hypot((c * dx + s * dy) / stretch, (c * dy - s * dx) * stretch)
    off *= 1 + 0.08 * smooth_noise(rng, scene.shape, max(0.15 * scene.diameter, 2))
    return np.where((off < radius[labels]) & (scene.depth > 1.5), labels, 0).astype(np.int32)
