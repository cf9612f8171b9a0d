"""Kinds of unstained micrograph whose contrast follows from the optics, and of organelles."""

from numpy.random import Generator

from training.samples import Sample

from . import looks_electron as electron
from . import looks_fluorescence as fluorescence
from . import looks_optical as optical
from .fields import chance, log_uniform
from .layouts import (
    SHAPE,
    aligned,
    bacteria,
    budding,
    crossing,
    growing,
    unstained,
    with_nuclei,
)
from .outlines import round_outline
from .scene import Scene
from .shapes import blobs


def zernike_cells(rng: Generator) -> Sample:
    """Adherent cells in phase contrast, from sparse to confluent."""
    return optical.zernike_cells(rng, _elongated_or_unstained(rng, 18, 160))


def sheared_cells(rng: Generator) -> Sample:
    """Cells in differential interference contrast."""
    return optical.sheared_cells(rng, _elongated_or_unstained(rng, 18, 200))


def defocused_cells(rng: Generator) -> Sample:
    """Unstained cells in brightfield, a little out of focus."""
    return optical.defocused_cells(rng, _elongated_or_unstained(rng, 14, 160))


def _elongated_or_unstained(rng: Generator, low: float, high: float) -> Scene:
    if chance(rng, 0.25):
        return with_nuclei(rng, aligned(rng), 0.5, 0.9)
    return unstained(rng, low, high)


def bacteria_colony(rng: Generator) -> Sample:
    """Colonies of bacteria in phase contrast, brightfield or DIC."""
    return optical.solid_bodies(rng, growing(rng) if chance(rng, 0.75) else bacteria(rng))


def stained_colony(rng: Generator) -> Sample:
    """Colonies of bacteria in fluorescence: filled, or stained envelopes."""
    look = fluorescence.membranes if chance(rng, 0.3) else fluorescence.fluorescent_cells
    return look(rng, growing(rng))


def budding_yeast(rng: Generator) -> Sample:
    """Yeast with buds in phase contrast, brightfield or DIC."""
    look = optical.solid_bodies if chance(rng, 0.6) else optical.defocused_cells
    return look(rng, budding(rng))


def worms(rng: Generator) -> Sample:
    """Worms in brightfield that touch and cross."""
    return optical.absorbing_bodies(rng, crossing(rng))


def plastids(rng: Generator) -> Sample:
    """Chloroplasts in electron microscopy: lenses with stacks of membranes and starch."""
    outline = round_outline(rng.uniform(0.02, 0.08), rng.uniform(1.6, 4))
    diameter, cover = log_uniform(rng, 30, 170), rng.uniform(0.1, 0.6)
    return electron.plastids(rng, blobs(rng, SHAPE, outline, diameter, cover, 0.2, 0, 0.03))
