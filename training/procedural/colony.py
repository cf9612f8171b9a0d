"""Growth of a colony of rods: they lengthen, divide and push each other apart.

A rod is a row of disks. Disks of different rods that overlap repel each other, which moves and
turns the rods, as in models of growing colonies of bacteria (for instance Rudge, Steiner, Phillips
and Haseloff, "Computational modeling of synthetic microbial biofilms", ACS Synthetic Biology 1,
2012). The rods come to lie side by side, touching along their long sides.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from .fields import Labels, Shape
from .scene import compact

_DISKS = 5  # of a rod
_PUSHES = 3  # steps apart after each step of growth
_SETTLE = 30  # steps apart after the growth
_GROWTH = 1.06  # factor of the length in a step

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Rods:
    """Rods of a colony; lengths in half widths of a rod.

    Parameters
    ----------
    centres : ndarray
        ``(N, 2)`` yx.
    angles : ndarray
        ``(N,)`` radians from the x axis.
    halves : ndarray
        ``(N,)`` half of the length between the middles of both round ends.
    limits : ndarray
        ``(N,)`` value of `halves` at which a rod divides.
    """

    centres: Floats
    angles: Floats
    halves: Floats
    limits: Floats

    @property
    def axes(self) -> Floats:
        """Unit vectors ``(N, 2)``, yx, along the rods."""
        return np.stack([np.sin(self.angles), np.cos(self.angles)], 1)


def grow(rng: Generator, count: int, longest: float, founders: int = 1) -> Rods:
    """Grow a colony from a few rods until it has at least ``count``.

    Parameters
    ----------
    rng : Generator
        Source of randomness.
    count : int
        Number of rods to reach.
    longest : float
        Half length of a rod at its division, in half widths; about 1 for cocci.
    founders : int
        Number of rods at the start, close together.
    """
    rods = Rods(
        rng.normal(0, 4 * longest * np.sqrt(founders - 1) + 0.01, (founders, 2)),
        rng.uniform(0, np.pi, founders),
        longest * rng.uniform(0.4, 0.9, founders),
        longest * rng.uniform(0.85, 1.15, founders),
    )
    while len(rods.halves) < count:
        rods = replace(
            rods, halves=rods.halves * _GROWTH ** rng.uniform(0.6, 1.4, len(rods.halves))
        )
        rods = _divide(rng, rods, longest)
        for _ in range(_PUSHES):
            rods = _push(rods)
    for _ in range(_SETTLE):
        rods = _push(rods)
    return rods


def _divide(rng: Generator, rods: Rods, longest: float) -> Rods:
    """Divide the rods that have reached their limits; daughters bend away a little."""
    ready = rods.halves >= rods.limits
    number = int(ready.sum())
    if not number:
        return rods
    half = np.maximum((rods.halves[ready] - 1) / 2, 0.05)
    away = (half + 1)[:, None] * rods.axes[ready]
    # cocci divide in changing directions
    turn = rng.normal(0, 0.08 if longest > 1.3 else 1.5, (2, number))
    centres, angles = rods.centres[ready], rods.angles[ready]
    old = ~ready
    return Rods(
        np.concatenate([rods.centres[old], centres - away, centres + away]),
        np.concatenate([rods.angles[old], angles + turn[0], angles + turn[1]]),
        np.concatenate([rods.halves[old], half, half]),
        np.concatenate([rods.limits[old], longest * rng.uniform(0.85, 1.15, 2 * number)]),
    )


def _push(rods: Rods) -> Rods:
    """Move and turn overlapping rods apart by one step."""
    share = np.linspace(-1, 1, _DISKS)
    arms = share[None, :, None] * rods.halves[:, None, None] * rods.axes[:, None]
    disks = (rods.centres[:, None] + arms).reshape(-1, 2)
    owner = np.repeat(np.arange(len(rods.halves)), _DISKS)
    pairs = cKDTree(disks).query_pairs(2.0, output_type="ndarray")
    pairs = pairs[owner[pairs[:, 0]] != owner[pairs[:, 1]]]
    pulls = _repulsion(disks, pairs).reshape(-1, _DISKS, 2)
    torque = (arms[..., 1] * pulls[..., 0] - arms[..., 0] * pulls[..., 1]).sum(1)
    # all disks of a rod at once would overshoot
    touched = np.bincount(owner[pairs].ravel(), minlength=len(rods.halves))
    damping = 1 / np.maximum(touched / 3, 1)
    shift = 0.6 * damping[:, None] * pulls.sum(1)
    turn = 0.6 * damping * torque / (rods.halves**2 / 2 + 0.5)
    return replace(
        rods,
        centres=rods.centres + np.clip(shift, -0.7, 0.7),
        angles=rods.angles + np.clip(turn, -0.2, 0.2),
    )


def _repulsion(disks: Floats, pairs: NDArray[np.integer]) -> Floats:
    """Displacement ``(N, 2)`` of disks of radius 1 by which each pair would just touch."""
    apart = disks[pairs[:, 1]] - disks[pairs[:, 0]]
    distance = np.maximum(np.hypot(*apart.T), 1e-3)[:, None]
    half = 0.5 * (2.0 - distance) * apart / distance
    pull = np.zeros_like(disks)
    np.add.at(pull, pairs[:, 0], -half)
    np.add.at(pull, pairs[:, 1], half)
    return pull


def draw_rods(rng: Generator, rods: Rods, shape: Shape, width: float, gap: float = 0.0) -> Labels:
    """Labels ``(H, W)`` of a colony around a random middle; a pixel belongs to the nearest rod.

    Parameters
    ----------
    rng : Generator
        Source of randomness.
    rods : Rods
        The colony.
    shape : tuple of int
        Height and width of the picture.
    width : float
        Width of a rod in pixels.
    gap : float
        Width of the gap between touching rods, in pixels; with 0 their labels touch.
    """
    radius = width / 2
    middle = np.array(shape) * rng.uniform(0.3, 0.7, 2)
    labels = np.zeros(shape, np.int32)
    nearest = np.full(shape, 1.0)
    constricted = (rods.halves > 0.75 * rods.limits) * rng.uniform(0, 0.6, len(rods.halves))
    for index, (centre, axis, half) in enumerate(
        zip(rods.centres * radius + middle, rods.axes, rods.halves * radius, strict=True), 1
    ):
        reach = half + radius + 2
        (top, bottom), (left, right) = (
            np.clip([c - reach, c + reach], 0, n).astype(int)
            for c, n in zip(centre, shape, strict=True)
        )
        if bottom - top < 2 or right - left < 2:
            continue
        y = np.arange(top, bottom)[:, None] - centre[0]
        x = np.arange(left, right) - centre[1]
        along, across = y * axis[0] + x * axis[1], y * axis[1] - x * axis[0]
        slim = radius * (1 - constricted[index - 1] * np.exp(-((along / radius) ** 2)))
        off = np.hypot(np.maximum(np.abs(along) - half, 0), across) / (slim - gap / 2)
        box = np.s_[top:bottom, left:right]
        closer = off < nearest[box]
        nearest[box][closer] = off[closer]
        labels[box][closer] = index
    return compact(labels)
