"""Outlines of single objects as implicit functions, positive inside of the object.

Coordinates are relative to the object: ``u`` along its axis and ``v`` across, in units of the
radius of a round object of the same size.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from .fields import Image, log_uniform


@dataclass(frozen=True, slots=True)
class Outline:
    """Random family of shapes.

    Parameters
    ----------
    draw : callable
        ``(u, v, rng) -> field``: draws one random shape of the family.
    reach : float
        Largest distance of any part from the centre, in radii.
    """

    draw: Callable[[Image, Image, Generator], Image]
    reach: float


def round_outline(roughness: float = 0.05, elongation: float = 1.4) -> Outline:
    """Ellipses with a smoothly wavy edge: nuclei, yeast, vesicles, rounded cells."""

    def draw(u: Image, v: Image, rng: Generator) -> Image:
        stretch = rng.uniform(1, elongation) ** 0.5
        u, v = u / stretch, v * stretch
        angle = np.arctan2(v, u)
        radius = np.ones_like(u)
        for wave in range(2, 7):
            height = roughness * rng.normal() * 4 / wave**1.8
            radius += height * np.cos(wave * angle + rng.uniform(0, 6.3))
        return np.clip(radius, 0.4, 1.6) - np.hypot(u, v)

    return Outline(draw, (1.1 + 4 * roughness) * elongation**0.5)


def rod_outline(longest: float, bend: float = 0.1, shortest: float = 1.3) -> Outline:
    """Curved capsules of half width 1, from ``shortest`` to ``longest`` times as long as wide."""

    def draw(u: Image, v: Image, rng: Generator) -> Image:
        half = log_uniform(rng, shortest, longest) - 1
        curve = rng.normal(0, bend)
        within = np.clip(u, -half, half)
        wave = rng.normal(0, bend) * np.sin(within * (rng.uniform(1.5, 4.5) / half))
        middle = v - curve * (within**2 / half - half / 3) - 0.4 * half * wave
        return 1 - np.hypot(np.maximum(np.abs(u) - half, 0), middle)

    return Outline(draw, longest * (1 + 2 * bend) + 1)


def spread_outline(arms: int, length: float, body: float = 0.8) -> Outline:
    """Bodies with tapering arms and concave edges: adherent cells, fibroblasts."""

    def draw(u: Image, v: Image, rng: Generator) -> Image:
        stretch = rng.uniform(1, 2.2) ** 0.5
        ball = np.hypot(u / stretch, v * stretch) / body - 1
        field = np.exp(-5 * np.clip(ball, -1, 8))
        turn = rng.uniform(0, 2 * np.pi)
        for arm in range(int(rng.integers(2, arms + 1))):
            angle = turn + 2 * np.pi * arm / arms + rng.normal(0, 0.5)
            reach, root = length * rng.uniform(0.4, 1), rng.uniform(0.25, 0.6)
            along = u * np.cos(angle) + v * np.sin(angle)
            across = v * np.cos(angle) - u * np.sin(angle) + rng.normal(0, 0.15) * along**2
            share = np.clip(along / reach, 0, 1)
            beyond = np.hypot(along - share * reach, across)
            field += np.exp(-5 * np.clip(beyond / (root * (1.1 - share)) - 1, -1, 8))
        return field - 1

    return Outline(draw, length + 0.7)


def ruffled_outline() -> Outline:
    """Flat cells with an irregular, partly spiky lamella."""

    def draw(u: Image, v: Image, rng: Generator) -> Image:
        stretch = rng.uniform(1, 2.5) ** 0.5
        u, v = u / stretch, v * stretch
        angle = np.arctan2(v, u)
        radius = np.full_like(u, 0.9)
        jagged = rng.uniform(0.9, 1.6)
        for wave in range(1, 12):
            height = 0.22 * rng.normal() / wave**jagged
            radius += height * np.cos(wave * angle + rng.uniform(0, 6.3))
        for _ in range(int(rng.integers(0, 5))):
            away = np.cos(angle - rng.uniform(-np.pi, np.pi))
            radius += rng.uniform(0.2, 0.7) * np.exp(-(1 - away) / rng.uniform(0.004, 0.06))
        return np.clip(radius, 0.35, 2.1) - np.hypot(u, v)

    return Outline(draw, 3.2)
