"""Samples: small generated images of nuclei, to try the dock without any file."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

LayerData = tuple[NDArray[np.uint16], dict[str, Any], str]


def nuclei_2d() -> list[LayerData]:
    """Plane of fluorescent nuclei.

    Returns
    -------
    list of tuple
        One image layer, ``(384, 512)`` uint16, pixels of 0.5 µm.
    """
    image = generate_nuclei((384, 512), scale=(0.5, 0.5), count=60, radius=7.0)
    return [(image, _layer("nuclei", (0.5, 0.5), ("y", "x")), "image")]


def nuclei_3d() -> list[LayerData]:
    """A stack of fluorescent nuclei.

    Returns
    -------
    list of tuple
        One image layer, ``(20, 256, 320)`` uint16, voxels of 2 x 0.5 x 0.5 µm.
    """
    image = generate_nuclei((20, 256, 320), scale=(2.0, 0.5, 0.5), count=90, radius=7.0)
    return [(image, _layer("nuclei stack", (2.0, 0.5, 0.5), ("z", "y", "x")), "image")]


def _layer(name: str, scale: tuple[float, ...], axes: tuple[str, ...]) -> dict[str, Any]:
    return {"name": name, "scale": scale, "units": ("µm",) * len(scale), "axis_labels": axes}


def generate_nuclei(
    shape: tuple[int, ...], scale: tuple[float, ...], count: int, radius: float
) -> NDArray[np.uint16]:
    """Generated nuclei: ellipsoids with texture, blur and photon noise.

    Parameters
    ----------
    shape : tuple of int
        Of the image, two or three axes.
    scale : tuple of float
        Size of a pixel along each.
    count : int
        How many nuclei.
    radius : float
        Of a nucleus, in the unit of `scale`.

    Returns
    -------
    ndarray
        `shape`, uint16; always the same.
    """
    rng = np.random.default_rng(7)
    light = np.full(shape, 6.0)
    size = np.array(shape) * scale
    for _ in range(count):
        radii = radius * rng.uniform(0.6, 1.15, len(shape))
        _add_ellipsoid(light, rng.uniform(0, size), radii, scale, rng.uniform(30, 90))
    texture = gaussian_filter(rng.standard_normal(shape), 2.0)
    blurred = gaussian_filter(light * (1 + 1.2 * texture), [0.8 / s for s in scale])
    photons = rng.poisson(np.clip(blurred, 0, None)) + rng.normal(10, 1.5, shape)
    return np.clip(photons * 40, 0, 65535).astype(np.uint16)


def _add_ellipsoid(
    light: NDArray[np.float64],
    centre: NDArray[np.float64],
    radii: NDArray[np.float64],
    scale: tuple[float, ...],
    brightness: float,
) -> None:
    start = np.maximum(0, np.floor((centre - radii) / scale)).astype(int)
    stop = np.minimum(light.shape, np.ceil((centre + radii) / scale).astype(int) + 1)
    region = tuple(slice(a, b) for a, b in zip(start, stop, strict=True))
    places = np.ogrid[region]
    distance = sum(
        ((place * s - c) / r) ** 2
        for place, s, c, r in zip(places, scale, centre, radii, strict=True)
    )
    light[region] = np.where(distance < 1, np.maximum(light[region], brightness), light[region])
