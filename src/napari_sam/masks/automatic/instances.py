"""Instances: from the maps of micro-sam's decoder to objects.

As in micro-sam (doi:10.1038/s41592-024-02580-4): the middle of an object is where both distances
are small, and a watershed on the distance to the boundary grows the middles over the foreground.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from skimage.measure import label as connected_components
from skimage.measure import regionprops
from skimage.segmentation import watershed

from napari_sam.masks.mask import Mask
from napari_sam.model.mask_decoder import NO_HEAD_SCORE
from napari_sam.tiles.grid import Tile


@dataclass(frozen=True, slots=True)
class InstanceSettings:
    """Thresholds of the watershed; the defaults are micro-sam's.

    Parameters
    ----------
    centre, boundary : float
        Distances, 0 in the middle of an object and 1 outside, below which a pixel belongs to the
        middle.
    foreground : float
        Probability above which a pixel belongs to an object.
    foreground_smoothing, distance_smoothing : float
        Standard deviation of the smoothing, data pixels.
    smallest : int
        Data pixels below which an object is dropped.
    """

    centre: float = 0.5
    boundary: float = 0.5
    foreground: float = 0.5
    foreground_smoothing: float = 1.0
    distance_smoothing: float = 1.6
    smallest: int = 25


# the settings that micro-sam publishes for its own models
_SETTINGS = {
    "vit_t_lm": InstanceSettings(0.5, 0.5, distance_smoothing=2.0, smallest=100),
    "vit_b_lm": InstanceSettings(0.4, 0.5, distance_smoothing=2.0, smallest=100),
    "vit_l_lm": InstanceSettings(0.4, 0.4, distance_smoothing=1.6, smallest=100),
    "vit_t_em_organelles": InstanceSettings(0.4, 0.5, distance_smoothing=1.2, smallest=100),
    "vit_b_em_organelles": InstanceSettings(0.3, 0.4, distance_smoothing=1.2, smallest=100),
    "vit_l_em_organelles": InstanceSettings(0.3, 0.4, distance_smoothing=1.2, smallest=100),
}


def instance_settings(name: str) -> InstanceSettings:
    """Settings of a model by its name; micro-sam's defaults for unknown names."""
    return _SETTINGS.get(name, InstanceSettings())


def label_instances(maps: NDArray[np.float32], settings: InstanceSettings) -> NDArray[np.int32]:
    """Label the objects in the maps of an image.

    Parameters
    ----------
    maps : ndarray
        ``(3, h, w)`` float32 in 0..1: foreground, distance to the centre, distance to the boundary.
    settings : InstanceSettings
        Thresholds.

    Returns
    -------
    ndarray
        ``(h, w)`` int32, 0 for background.
    """
    foreground, centre, boundary = (
        gaussian_filter(values, sigma)
        for values, sigma in zip(
            maps,
            (settings.foreground_smoothing, *[settings.distance_smoothing] * 2),
            strict=True,
        )
    )
    inside = foreground > settings.foreground
    middle = inside & (centre < settings.centre) & (boundary < settings.boundary)
    # pixels that touch along a diagonal are not joined, as in micro-sam
    middles = connected_components(middle, connectivity=1)
    labels: NDArray[np.int32] = watershed(boundary, middles, mask=inside).astype(np.int32)
    small = np.bincount(labels.ravel()) < settings.smallest
    labels[small[labels]] = 0
    return labels


def instances(maps: NDArray[np.float32], tile: Tile, settings: InstanceSettings) -> Iterator[Mask]:
    """Masks of the objects in the maps of a tile.

    Parameters
    ----------
    maps : ndarray
        ``(3, height, width)`` float32 of the tile, data pixels; see :func:`label_instances`.
    tile : Tile
        The tile.
    settings : InstanceSettings
        Thresholds.

    Yields
    ------
    Mask
        The ``iou`` is the object's mean foreground probability: micro-sam's decoder predicts no
        IoU.
    """
    for region in regionprops(label_instances(maps, settings), intensity_image=maps[0]):
        y0, x0, y1, x1 = region.bbox
        bbox = (tile.y0 + y0, tile.x0 + x0, tile.y0 + y1, tile.x0 + x1)
        iou = float(region.intensity_mean)
        yield Mask(tile.plane, bbox, region.image.copy(), iou, NO_HEAD_SCORE)
