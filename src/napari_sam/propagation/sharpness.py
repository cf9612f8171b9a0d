"""Sharpness: mean gradient along the outline of a mask, for objects that go out of focus."""

import numpy as np
from scipy.ndimage import distance_transform_edt, gaussian_filter

from napari_sam.image.volume import Volume
from napari_sam.masks.mask import Mask
from napari_sam.tiles.bbox import grown, intersection

from .flow import grey

_BAND = 3
"""Width in data pixels of the band on each side of the outline in which gradients are taken."""

_SMOOTHING = 1.0
"""Standard deviation in data pixels of the Gaussian before the gradient: photon noise has steeper
gradients than an object."""


def sharpness(volume: Volume, mask: Mask) -> float:
    """Measure how steep the image is along the outline of a mask.

    Defocus makes an object dimmer and its outline wider; both lower the gradient there. In planes
    in focus, as those of an electron microscope, the gradient stays about the same.

    Parameters
    ----------
    volume : Volume
        The image; only the pixels around the mask are read.
    mask : Mask
        Not empty.

    Returns
    -------
    float
        Mean magnitude of the gradient of the smoothed grey values, in units of the image per pixel;
        0 for a mask too close to a constant image or too small to tell.
    """
    region = intersection(grown(mask.bbox, 2 * _BAND), (0, 0, volume.height, volume.width))
    if region is None or min(region[2] - region[0], region[3] - region[1]) < 2:
        return 0.0
    inside = mask.within(region)
    near = np.where(inside, distance_transform_edt(inside), distance_transform_edt(~inside))
    smooth = gaussian_filter(grey(volume, mask.plane, region), _SMOOTHING)
    return float(np.hypot(*np.gradient(smooth))[near <= _BAND].mean())
