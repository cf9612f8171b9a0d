"""Tables of the kinds of procedural images and of the looks, and rendering of real labels."""

from collections.abc import Callable

import numpy as np
from numpy.random import Generator

from training.samples import Sample

from . import kinds
from . import looks_electron as electron
from . import looks_fluorescence as fluorescence
from . import looks_light as light
from . import looks_optical as optical
from . import looks_stained as stained
from .fields import Labels, chance
from .scene import Scene
from .shapes import nuclei

GENERATORS: tuple[Callable[[Generator], Sample], ...] = (
    kinds.fluorescent_nuclei,
    kinds.cytoplasm,
    kinds.phase_contrast_cells,
    kinds.bacteria_phase,
    kinds.bacteria_colony,
    kinds.worms,
    kinds.mitochondria,
    kinds.plastids,
    kinds.tissue_stained,
    kinds.epithelium,
    kinds.bacteria_colony,
    kinds.phase_contrast_cells,
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
"""Kinds of procedural images, generated in turn. Those that carry over worst to images of other
origin stand twice, and are painted twice as often: phase contrast and touching bacteria."""

LOOKS: tuple[Callable[[Generator, Scene], Sample], ...] = (
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
    optical.zernike_cells,
    optical.sheared_cells,
    optical.defocused_cells,
    optical.solid_bodies,
    optical.absorbing_bodies,
    stained.haematoxylin_eosin,
    stained.immunohistochemistry,
    stained.stained_cells,
    stained.walls,
    electron.organelles,
    electron.plastids,
    electron.neuropil,
    electron.granules,
    electron.surface,
)
"""Looks in which :func:`render` shows labels."""


def render(labels: Labels, rng: Generator) -> Sample:
    """Render a label map in a random look, half of the time with procedural nuclei.

    Parameters
    ----------
    labels : ndarray
        ``(H, W)`` int32, 0 for background; returned unchanged in the sample.
    """
    scene = Scene(labels.astype(np.int32))
    if chance(rng, 0.5):
        scene = Scene(scene.labels, nuclei(rng, scene))
    look = LOOKS[int(rng.integers(len(LOOKS)))]
    return look(rng, scene)
