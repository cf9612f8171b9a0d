"""Packed: whether objects fill a stack with cubic voxels, and how wide they are."""

from collections.abc import Sequence
from math import prod
from statistics import fmean, median

import numpy as np
from numpy.typing import NDArray

from napari_sam.embeddings.embedding import Embedding
from napari_sam.embeddings.encode import Encoder
from napari_sam.image.volume import Plane, Volume
from napari_sam.masks.automatic.enlarged import median_side
from napari_sam.masks.automatic.propose import probabilities, propose

PACKED = 0.8
"""Share of three planes that the model takes for objects, from which on the stack is packed."""

LEAST_SIDE = 16
"""Voxels along the shortest axis below which a stack is too thin to be seen from the side."""

MOST_VOXELS = 2**26
"""Voxels above which a stack is not divided as a whole, for want of memory."""

SPACINGS = (0.7, 1.4)
"""Distances of planes, in pixels, between which voxels may be cubic."""

CUBIC = 1.5
"""Mean difference of neighbouring planes, as a multiple of that of neighbouring rows and columns,
up to which voxels count as cubic. In electron microscopy with cubic voxels it is 1.2, and 1.8 if
every other plane is left out."""

ENLARGED = 84.0
"""Median side of proposals, model pixels, to which planes are enlarged: the map of centres has
cells of 4 model pixels, and shows a boundary between two objects only if they are wide."""

LARGEST_ZOOM = 3.0
"""Times by which planes are enlarged, at most."""

_PAIRS = 8  # pairs of planes that are compared


def zoom_if_packed(encoder: Encoder, planes: Sequence[Plane], spacing: float) -> float | None:
    """The zoom at which to divide a stack as a whole, if objects fill it and voxels are cubic.

    Parameters
    ----------
    encoder : Encoder
        Model and image. The tiles in the middle of three planes are encoded, and kept.
    planes : sequence of tuple of int
        The planes of the stack.
    spacing : float
        Distance of neighbouring planes, in pixels; 1 if unknown.

    Returns
    -------
    float or None
        Times to enlarge its planes, 1 to :data:`LARGEST_ZOOM`. None for all other stacks, also for
        those of more than :data:`MOST_VOXELS`, and for models without a proposal head or that
        resize all windows.
    """
    config, grid = encoder.model.config, encoder.grid
    if not (config.proposals and config.knows_windows):
        return None
    shape = (len(planes), grid.height, grid.width)
    if min(shape) < LEAST_SIDE or prod(shape) > MOST_VOXELS:
        return None
    if not SPACINGS[0] <= spacing <= SPACINGS[1] or not is_cubic(encoder.volume, planes):
        return None
    middle = (grid.height // 2, grid.width // 2, grid.height // 2 + 1, grid.width // 2 + 1)
    chosen = (planes[len(planes) * quarter // 4] for quarter in (1, 2, 3))
    seen = [encoder.get(grid.best_for(plane, middle)) for plane in chosen]
    if fmean(map(_share_of_objects, seen)) < PACKED:
        return None
    side = median(median_side(propose(embedding)) for embedding in seen)
    return float(np.clip(round(4 * ENLARGED / side) / 4, 1, LARGEST_ZOOM))


def _share_of_objects(embedding: Embedding) -> float:
    """Mean foreground probability of a tile."""
    proposals = embedding.features.proposals
    return 0.0 if proposals is None else float(probabilities(proposals)[1].mean())


def is_cubic(volume: Volume, planes: Sequence[Plane]) -> bool:
    """Whether neighbouring planes are about as alike as neighbouring rows and columns.

    Many files do not tell how far apart their planes are.
    """
    across = along = 0.0
    region = (0, 0, volume.height, volume.width)
    for z in np.linspace(0, len(planes) - 2, _PAIRS).astype(int).tolist():
        first, second = (volume.read(p, *region).astype(np.float32) for p in planes[z : z + 2])
        across += _difference(first, second)
        along += (_difference(first[1:], first[:-1]) + _difference(first[:, 1:], first[:, :-1])) / 2
    return across <= CUBIC * along


def _difference(first: NDArray[np.float32], second: NDArray[np.float32]) -> float:
    return float(np.abs(first - second).mean())
