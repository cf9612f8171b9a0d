"""Divide: a volume to the objects that fill it, by a watershed of its map of centres."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import find_objects, gaussian_filter, mean
from skimage.measure import label
from skimage.morphology import local_maxima, reconstruction
from skimage.segmentation import watershed

from napari_sam.image.volume import Plane
from napari_sam.masks.mask import Mask

from .views import Maps

SMOOTHING = 1.25
"""Standard deviation in voxels of the Gaussian that smooths the map of centres."""

RISE = 0.25
"""Height of a maximum of the map above the pass to a higher one, below which both are of one
object. Chosen on training images, like the smoothing."""

FOREGROUND = 0.5
"""Probability of an object below which a voxel is background."""

SMALLEST = 50
"""Voxels below which a part is no object."""

_LIKELY = 10.0  # object score, a logit, of all objects: the foreground is known


def divide(maps: Maps) -> NDArray[np.int32]:
    """Divide a volume at the passes between the maxima of its map of centres.

    Parameters
    ----------
    maps : ndarray
        See :data:`~napari_sam.masks.packed.views.Maps`.

    Returns
    -------
    ndarray
        ``(Z, Y, X)`` int32, objects from 1 on without gaps, 0 for background.
    """
    centre = gaussian_filter(maps[0], SMOOTHING)
    # the extended maxima of Soille, Morphological Image Analysis, section 6.3.5
    seeds = label(local_maxima(reconstruction(centre - RISE, centre)))
    parts = watershed(-centre, seeds, mask=maps[1] > FOREGROUND)
    numbers = np.zeros(int(seeds.max()) + 1, np.int32)
    large = np.flatnonzero(np.bincount(parts.ravel(), minlength=len(numbers))[1:] >= SMALLEST) + 1
    numbers[large] = np.arange(1, len(large) + 1)
    return np.asarray(numbers[parts])


def scores_of(labels: NDArray[np.int32], maps: Maps) -> list[float]:
    """Means of the map of centres in objects ``1, 2, ...``, 0 to 1, as their predicted IoU.

    Low where two objects were joined. On training images its rank correlation with the IoU was 0.2.
    """
    numbers = np.arange(1, int(labels.max()) + 1)
    return [float(score) for score in mean(maps[0], labels, numbers)]


def masks_of_plane(
    labels: NDArray[np.int32], plane: Plane, scores: Sequence[float]
) -> dict[int, Mask]:
    """Masks of the objects of a plane, by label.

    Parameters
    ----------
    labels : ndarray
        ``(Y, X)`` int32, a plane of the divided volume.
    plane : tuple of int
        Index of the plane.
    scores : sequence of float
        From :func:`scores_of`.
    """
    masks = {}
    for number, region in enumerate(find_objects(labels), 1):
        if region is not None:
            rows, cols = region
            bbox = (rows.start, cols.start, rows.stop, cols.stop)
            pixels = labels[region] == number
            masks[number] = Mask(plane, bbox, pixels, scores[number - 1], _LIKELY)
    return masks
