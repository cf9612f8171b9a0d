"""Training windows, cut from the canvases at random places, scales and angles."""

import math

import numpy as np
import torch
from numpy.random import Generator
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from napari_sam.learning.windows import Windows, to_side, without_small

from .atlas import Atlas, Place, send
from .canvas import SIDE
from .looks import paint, stretch

ZOOMS = ((0.85, 0.5, 3.0), (0.15, 2.0, 5.0))
"""Share of windows, smallest and largest zoom, in window pixels per image pixel."""
AT_OBJECTS = 0.7  # share of windows that are placed at an object
BENDS = 0.4  # share of windows with an elastic deformation
FILLS = (0.0, 127.5)  # values beyond the image: black, or the encoder's padding (the mean)


def draw_windows(atlas: Atlas, places: list[Place], size: int, rng: Generator) -> Windows:
    """Cut a window from each place: rotated, scaled, deformed, in a random look."""
    device = atlas.device
    matrices, centres, zooms = _placements(places, size, rng)
    y, x = _coordinates(send(matrices, device), send(centres, device), size)
    zoom = send(zooms, device)
    y, x = _bend(y, x, zoom)
    canvas = send(np.array([place.canvas for place in places]), device)
    beyond = _beyond(places, y, x, rng)
    labels, inner, depth = atlas.nearest(canvas, y, x)
    labels, inner = labels.masked_fill(beyond, 0), inner & ~beyond
    labels, areas = without_small(labels, atlas.most_labels + 1)
    depth = torch.minimum(depth * zoom[:, None, None], to_side(size, device)) * (labels > 0)
    rgb = atlas.sample(canvas, y, x, zooms < 0.7)
    rgb = paint(stretch(rgb, [place.piece for place in places], rng))
    fills = send(rng.choice(FILLS, len(places)), device)
    rgb = torch.where(beyond[:, None], fills[:, None, None, None], rgb)
    return Windows(rgb, labels, inner & (labels > 0), depth, areas)


def _placements(
    places: list[Place], size: int, rng: Generator
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Matrices ``(B, 2, 2)`` from window to canvas pixels, centres ``(B, 2)``, zooms ``(B,)``."""
    count = len(places)
    shares, low, high = np.array(ZOOMS).T
    ranges = rng.choice(len(ZOOMS), count, p=shares)
    zooms = np.exp(rng.uniform(np.log(low[ranges]), np.log(high[ranges])))
    angles = rng.uniform(-math.pi, math.pi, count) * (rng.random(count) < 0.5)
    angles += rng.integers(4, size=count) * math.pi / 2
    c, s = np.cos(angles), np.sin(angles)
    turn = np.stack([np.stack([c, -s], -1), np.stack([s, c], -1)], -2)
    squeeze = np.exp(rng.normal(0, 0.1, (count, 2)))
    squeeze[:, 1] *= rng.choice([-1.0, 1.0], count)
    matrices = turn * squeeze[:, None] / zooms[:, None, None]
    sides = size / zooms
    centres = [_centre(place, side, rng) for place, side in zip(places, sides, strict=True)]
    return matrices, np.array(centres), zooms


def _centre(place: Place, side: float, rng: Generator) -> NDArray[np.float64]:
    """Centre ``(2,)``, yx, of a window of ``side`` canvas pixels: near an object, or anywhere."""
    centres = place.piece.centres
    if len(centres) and (not place.piece.complete or rng.random() < AT_OBJECTS):
        return centres[rng.integers(len(centres))] + rng.uniform(-0.35, 0.35, 2) * side
    y0, x0, y1, x1 = place.piece.box
    low = [min(a + side / 2, (a + b) / 2) for a, b in ((y0, y1), (x0, x1))]
    high = [max(b - side / 2, (a + b) / 2) for a, b in ((y0, y1), (x0, x1))]
    return rng.uniform(low, high)


def _coordinates(matrix: Tensor, centre: Tensor, size: int) -> tuple[Tensor, Tensor]:
    """Canvas coordinates y and x of each window pixel: ``(B, size, size)`` each."""
    steps = torch.arange(size, device=matrix.device) - (size - 1) / 2
    rows, cols = steps[None, :, None], steps[None, None, :]

    def along(axis: int) -> Tensor:
        a, b = (matrix[:, axis, k, None, None] for k in (0, 1))
        return a * rows + b * cols + centre[:, axis, None, None]

    return along(0), along(1)


def _bend(y: Tensor, x: Tensor, zoom: Tensor) -> tuple[Tensor, Tensor]:
    """Deform windows, a share of :data:`BENDS`, by a smooth field of up to about ten pixels."""
    count, size = y.shape[:2]
    knots = max(4, size // 64)
    amount = 6 * torch.rand_like(zoom) * (torch.rand_like(zoom) < BENDS)
    field = torch.randn(count, 2, knots, knots, device=y.device)
    field = functional.interpolate(field, (size, size), mode="bicubic", align_corners=True)
    field = field * (amount / zoom)[:, None, None, None]
    return y + field[:, 0], x + field[:, 1]


def _beyond(places: list[Place], y: Tensor, x: Tensor, rng: Generator) -> Tensor:
    """Window pixels ``(B, size, size)`` bool to fill: beyond the canvas, or beyond the image."""
    boxes = np.array([place.piece.box for place in places], float)
    inside_canvas = rng.random(len(places)) < 0.7
    boxes[inside_canvas] = (0, 0, SIDE, SIDE)
    y0, x0, y1, x1 = send(boxes, y.device).T[..., None, None] - 0.5
    return (y < y0) | (y >= y1) | (x < x0) | (x >= x1)
