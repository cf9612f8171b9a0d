"""Tables of the kinds of procedural images and of the looks, and rendering of real labels."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.random import Generator

from training.samples import Sample

from . import kinds, kinds_optical
from . import looks_electron as electron
from . import looks_fluorescence as fluorescence
from . import looks_light as light
from . import looks_optical as optical
from . import looks_stained as stained
from .fields import Labels, chance
from .scene import Scene
from .shapes import nuclei

Kind = Callable[[Generator], Sample]
Look = Callable[[Generator, Scene], Sample]

TEXTURES: tuple[Kind, ...] = (
    kinds.fluorescent_nuclei,
    kinds.cytoplasm,
    kinds.phase_contrast_cells,
    kinds.bacteria_phase,
    kinds.mitochondria,
    kinds.tissue_stained,
    kinds.epithelium,
    kinds.dic_cells,
    kinds.yeast,
    kinds.neuropil,
    kinds.actin_cells,
    kinds.brightfield_cells,
    kinds.bacteria_fluorescence,
    kinds.tissue_brown,
    kinds.embryo,
    kinds.tissue_nuclei,
    kinds.mixed_sizes,
    kinds.smear,
    kinds.droplets,
    kinds.granules,
)
"""Kinds whose contrast is painted."""

OPTICS: tuple[Kind, ...] = (
    kinds_optical.zernike_cells,
    kinds_optical.sheared_cells,
    kinds_optical.defocused_cells,
    kinds_optical.bacteria_colony,
    kinds_optical.stained_colony,
    kinds_optical.budding_yeast,
    kinds_optical.worms,
    kinds_optical.plastids,
    kinds_optical.zernike_cells,
    kinds_optical.bacteria_colony,
)
"""Kinds whose contrast follows from the optics, and organelles. Those that carry over worst to
images of other origin stand twice, and are painted twice as often: phase contrast and touching
bacteria."""

GENERATORS = TEXTURES + OPTICS
"""All kinds of procedural images, generated in turn."""

PAINTED_LOOKS: tuple[Look, ...] = (
    fluorescence.fluorescent_nuclei,
    fluorescence.fluorescent_cells,
    fluorescence.membranes,
    fluorescence.actin,
    fluorescence.rings,
    light.phase_contrast,
    light.dark_bodies,
    light.dic,
    light.brightfield,
    light.ringed,
    stained.haematoxylin_eosin,
    stained.immunohistochemistry,
    stained.stained_cells,
    stained.walls,
    electron.organelles,
    electron.neuropil,
    electron.granules,
    electron.surface,
)
"""Looks whose contrast is painted."""

LOOKS = (
    *PAINTED_LOOKS,
    optical.zernike_cells,
    optical.sheared_cells,
    optical.defocused_cells,
    optical.solid_bodies,
    optical.absorbing_bodies,
    electron.plastids,
)
"""Looks in which :func:`render` shows labels."""


def render(labels: Labels, rng: Generator, looks: Sequence[Look] = LOOKS) -> Sample:
    """Render a label map in a random look, half of the time with procedural nuclei.

    Parameters
    ----------
    labels : ndarray
        ``(H, W)`` int32, 0 for background; returned unchanged in the sample.
    rng : Generator
        Source of randomness.
    looks : sequence of callable
        The looks to choose from.
    """
    scene = Scene(labels.astype(np.int32))
    if chance(rng, 0.5):
        scene = Scene(scene.labels, nuclei(rng, scene))
    look = looks[int(rng.integers(len(looks)))]
    return look(rng, scene)
