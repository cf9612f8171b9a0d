"""Appearance: size, shape, brightness, colour and texture of objects."""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, gaussian_gradient_magnitude, gaussian_laplace
from skimage.measure import regionprops_table

APPEARANCE = 13
"""Columns of :func:`appearance`."""

Floats = NDArray[np.float64]

_TEXTURE_SCALES = (1.0, 2.0)
"""Standard deviations of the Gaussians, in pixels, whose gradients and Laplacians are measured."""

_SURROUNDINGS = 8.0
"""Standard deviation of the Gaussian, in pixels, that weighs the background around an object."""


def appearance(
    ranks: NDArray[np.intp], rgb: NDArray[np.float32], count: int
) -> NDArray[np.float32]:
    """Size, shape, brightness, colour and texture of objects.

    Parameters
    ----------
    ranks : ndarray
        ``(height, width)``: 1 to `count` for an object, 0 for background.
    rgb : ndarray
        ``(height, width, 3)`` float32, 0 to 255: the image as the model sees it.
    count : int
        Number of objects; each has a pixel.

    Returns
    -------
    ndarray
        ``(count, 13)`` float32: the natural logarithm of the area in pixels, eccentricity, solidity
        (scikit-image's); mean, standard deviation and skewness of the brightness, and its
        difference from the background around; means of red and of blue minus green; logarithms of
        the mean gradient and of the mean absolute Laplacian at two scales. Finite everywhere.
    """
    inside = ranks > 0
    objects = ranks[inside] - 1
    areas = np.bincount(objects, minlength=count)

    def mean(values: Floats) -> Floats:
        """Mean of values of the pixels inside over each object."""
        return np.asarray(np.bincount(objects, values, minlength=count) / areas)

    shape = regionprops_table(ranks, properties=("eccentricity", "solidity"))
    colours = rgb[inside].astype(np.float64)
    grey = rgb.mean(axis=2, dtype=np.float64)
    brightness = mean(grey[inside])
    deviations = grey[inside] - brightness[objects]
    spread = np.sqrt(mean(deviations**2))
    columns = [
        np.log(areas),
        shape["eccentricity"],
        shape["solidity"],
        brightness,
        spread,
        np.cbrt(mean(deviations**3)) / (spread + 1),
        mean(grey[inside] - _around(grey, inside)[inside]),
        mean(colours[:, 0] - colours[:, 1]),
        mean(colours[:, 2] - colours[:, 1]),
    ]
    for scale in _TEXTURE_SCALES:
        columns.append(np.log1p(mean(gaussian_gradient_magnitude(grey, scale)[inside])))
        columns.append(np.log1p(mean(np.abs(gaussian_laplace(grey, scale))[inside])))
    features: NDArray[np.float32] = np.nan_to_num(np.stack(columns, axis=1)).astype(np.float32)
    return features


def _around(grey: Floats, inside: NDArray[np.bool_]) -> Floats:
    """Brightness of the background near each pixel; of the pixels around where there is none."""
    outside = (~inside).astype(np.float64) + 1e-3
    weights = gaussian_filter(outside, _SURROUNDINGS)
    return np.asarray(gaussian_filter(grey * outside, _SURROUNDINGS) / weights)
