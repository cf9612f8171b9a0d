"""Sets of procedural images, and real shapes in procedural looks."""

import multiprocessing
from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.random import Generator

from training.samples import Sample

from . import kinds
from . import looks_electron as electron
from . import looks_fluorescence as fluorescence
from . import looks_light as light
from . import looks_stained as stained
from .fields import Labels, chance
from .scene import Scene
from .shapes import nuclei

GENERATORS: tuple[Callable[[Generator], Sample], ...] = (
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
    stained.haematoxylin_eosin,
    stained.immunohistochemistry,
    stained.stained_cells,
    stained.walls,
    electron.organelles,
    electron.neuropil,
    electron.granules,
    electron.surface,
)


def procedural_image(seed: int, index: int) -> Sample:
    """One image of a set, the kinds in turn."""
    return GENERATORS[index % len(GENERATORS)](np.random.default_rng((seed, index)))


def procedural_set(count: int, seed: int) -> list[Sample]:
    """``count`` samples."""
    return procedural_images(count, seed)


def procedural_images(count: int, seed: int, processes: int = 1) -> list[Sample]:
    """``count`` samples, the same for any number of processes."""
    image = partial(procedural_image, seed)
    if processes <= 1:
        return [image(index) for index in range(count)]
    with multiprocessing.get_context("fork").Pool(processes) as pool:
        return pool.map(image, range(count), chunksize=8)


def render(labels: Labels, rng: Generator) -> Sample:
    """Objects of a real label map in a random look.

    Parameters
    ----------
    labels : ndarray
        ``(H, W)`` int32, 0 is background; comes back unchanged.
    """
    scene = Scene(labels.astype(np.int32))
    if chance(rng, 0.5):
        scene = Scene(scene.labels, nuclei(rng, scene))
    look = LOOKS[int(rng.integers(len(LOOKS)))]
    return look(rng, scene)
