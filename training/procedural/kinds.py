"""Kinds of micrograph: combinations of a layout and a look."""

from numpy.random import Generator

from training.samples import Sample

from . import looks_electron as electron
from . import looks_fluorescence as fluorescence
from . import looks_light as light
from . import looks_stained as stained
from .fields import chance, log_uniform, pick
from .layouts import (
    SHAPE,
    adherent,
    apart,
    bacteria,
    ball,
    budding,
    culture,
    mixture,
    profiles,
    sheet,
    tissue,
    unstained,
    with_nuclei,
)
from .outlines import rod_outline, round_outline
from .shapes import blobs


def fluorescent_nuclei(rng: Generator) -> Sample:
    """Fluorescent nuclei of a culture."""
    return fluorescence.fluorescent_nuclei(rng, culture(rng, 9, 110))


def tissue_nuclei(rng: Generator) -> Sample:
    """Fluorescent nuclei of tissue: crowded, overlapping, others out of focus."""
    scene = tissue(rng, rng.uniform(0.6, 1.4), rng.uniform(0.2, 0.45))
    return fluorescence.fluorescent_nuclei(rng, scene)


def cytoplasm(rng: Generator) -> Sample:
    """Cells stained by fluorescent dyes, with and without nuclei, in any colours."""
    scene = adherent(rng, 20, 200) if chance(rng, 0.5) else sheet(rng, 18, 160)
    return fluorescence.fluorescent_cells(rng, with_nuclei(rng, scene))


def epithelium(rng: Generator) -> Sample:
    """Sheet of cells with stained membranes or walls."""
    scene = sheet(rng, 14, 150)
    if chance(rng, 0.2):
        return stained.walls(rng, scene)
    return fluorescence.membranes(rng, with_nuclei(rng, scene))


def actin_cells(rng: Generator) -> Sample:
    """Large spread cells with actin stress fibres."""
    return fluorescence.actin(rng, with_nuclei(rng, adherent(rng, 60, 240), 0.2, 0.5))


def phase_contrast_cells(rng: Generator) -> Sample:
    """Adherent cells in phase contrast."""
    return light.phase_contrast(rng, unstained(rng, 18, 160))


def dic_cells(rng: Generator) -> Sample:
    """Cells in differential interference contrast."""
    return light.dic(rng, unstained(rng, 18, 200))


def brightfield_cells(rng: Generator) -> Sample:
    """Unstained cells in brightfield, a little out of focus."""
    return light.brightfield(rng, unstained(rng, 14, 160))


def bacteria_phase(rng: Generator) -> Sample:
    """Bacteria in phase contrast: dark with a halo."""
    return light.dark_bodies(rng, bacteria(rng))


def bacteria_fluorescence(rng: Generator) -> Sample:
    """Bacteria in fluorescence: filled, or stained envelopes."""
    scene = bacteria(rng)
    look = fluorescence.membranes if chance(rng, 0.3) else fluorescence.fluorescent_cells
    return look(rng, scene)


def yeast(rng: Generator) -> Sample:
    """Yeast with buds in brightfield, phase contrast or DIC."""
    look = pick(rng, light.ringed, light.ringed, light.ringed, light.phase_contrast, light.dic)
    sample: Sample = look(rng, budding(rng))
    return sample


def embryo(rng: Generator) -> Sample:
    """Embryo: a few large round cells in a ball."""
    look = pick(
        rng,
        light.dic,
        light.brightfield,
        light.phase_contrast,
        fluorescence.membranes,
        fluorescence.fluorescent_cells,
    )
    sample: Sample = look(rng, with_nuclei(rng, ball(rng), 0.25, 0.5))
    return sample


def tissue_stained(rng: Generator) -> Sample:
    """Nuclei of tissue stained by haematoxylin and eosin."""
    return stained.haematoxylin_eosin(rng, tissue(rng, rng.uniform(0.08, 0.8)))


def tissue_brown(rng: Generator) -> Sample:
    """Nuclei of tissue in immunohistochemistry (DAB)."""
    return stained.immunohistochemistry(rng, tissue(rng, rng.uniform(0.08, 0.8)))


def smear(rng: Generator) -> Sample:
    """Stained cells on a slide: blood, cytology."""
    outline = round_outline(rng.uniform(0.01, 0.12), rng.uniform(1.05, 1.8))
    diameter, cover = log_uniform(rng, 20, 200), rng.uniform(0.15, 0.8)
    scene = blobs(rng, SHAPE, outline, diameter, cover, 0.12, rng.uniform(0, 0.3))
    if chance(rng, 0.5):
        scene = with_nuclei(rng, scene, 0.2, 0.6)
    return stained.stained_cells(rng, scene)


def mixed_sizes(rng: Generator) -> Sample:
    """Particles or cells of very different sizes, in any of seven looks."""
    look = pick(
        rng,
        fluorescence.fluorescent_nuclei,
        fluorescence.rings,
        light.brightfield,
        light.phase_contrast,
        electron.surface,
        electron.granules,
        stained.stained_cells,
    )
    sample: Sample = look(rng, mixture(rng))
    return sample


def droplets(rng: Generator) -> Sample:
    """Vesicles, droplets and shells in fluorescence or brightfield."""
    outline, cover = round_outline(0.015, 1.15), rng.uniform(0.1, 0.8)
    scene = blobs(rng, SHAPE, outline, log_uniform(rng, 10, 160), cover, 0.35)
    sample: Sample = pick(rng, fluorescence.rings, light.ringed, light.brightfield)(rng, scene)
    return sample


def mitochondria(rng: Generator) -> Sample:
    """Mitochondria in electron microscopy."""
    outline = pick(
        rng,
        rod_outline(rng.uniform(1.5, 5), rng.uniform(0, 0.25)),
        round_outline(rng.uniform(0.03, 0.12), rng.uniform(1.3, 3)),
    )
    return electron.organelles(rng, apart(rng, outline, 16, 130, rng.uniform(0.05, 0.4)))


def neuropil(rng: Generator) -> Sample:
    """Dense neurites in electron microscopy."""
    return electron.neuropil(rng, profiles(rng))


def granules(rng: Generator) -> Sample:
    """Granules, vesicles or droplets in electron microscopy."""
    outline = round_outline(rng.uniform(0.01, 0.06), rng.uniform(1.05, 1.5))
    return electron.granules(rng, apart(rng, outline, 9, 70, rng.uniform(0.05, 0.5)))
