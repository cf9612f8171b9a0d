"""Shape: measures of an object by itself, and its contacts with neighbours."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import ConvexHull
from scipy.spatial.distance import pdist
from skimage.measure import marching_cubes, mesh_surface_area, regionprops

from .object_windows import MARGIN, Labels

IN_PLANE = (
    "perimeter",
    "axis_major_length",
    "axis_minor_length",
    "eccentricity",
    "orientation",
    "solidity",
    "feret_diameter_max",
    "equivalent_diameter_area",
)
"""Measures of a plane object that have the names and values of scikit-image's ``regionprops``."""

IN_SPACE = ("axis_major_length", "axis_minor_length", "equivalent_diameter_area")
"""Measures of an object in several planes, by the same names."""


def shape_of(window: Labels, label: int, scale: Sequence[float], solid: bool) -> dict[str, float]:
    """Shape of an object, and its contacts.

    Parameters
    ----------
    window : ndarray
        ``(z, y, x)`` labels with a margin of :data:`~napari_sam.measure.object_windows.MARGIN`
        pixels around the object.
    label : int
        The object.
    scale : sequence of float
        Size of a pixel along z, y and x.
    solid : bool
        Whether the labels have several planes: volumes and surfaces instead of areas and lengths.

    Returns
    -------
    dict
        Name of a measure to its value, in the unit of `scale`; NaN where it is not defined, such
        as the perimeter with pixels that are no squares.
    """
    mask = window == label
    inner = mask[tuple(slice(MARGIN, -MARGIN) for _ in mask.shape)]
    if solid:
        return _in_space(inner, scale) | _contacts(window, mask, scale, solid)
    return _in_plane(inner[0], scale[1:]) | _contacts(window, mask, scale, solid)


def _in_plane(mask: NDArray[np.bool_], scale: Sequence[float]) -> dict[str, float]:
    (region,) = regionprops(mask.astype(np.uint8), spacing=tuple(scale))
    square = math.isclose(*scale)
    names = IN_PLANE if square else IN_PLANE[1:]
    values = {name: float(region[name]) for name in names}
    perimeter = values.get("perimeter", math.nan)
    circularity = 4 * math.pi * region.area / perimeter**2 if perimeter else math.nan
    # A digital circle of few pixels has less perimeter than a true one; ImageJ limits it too.
    more = {"perimeter": perimeter, "circularity": float(np.minimum(1, circularity))}
    return {name: (values | more)[name] for name in ("perimeter", "circularity", *IN_PLANE[1:])}


def _in_space(mask: NDArray[np.bool_], scale: Sequence[float]) -> dict[str, float]:
    (region,) = regionprops(mask.astype(np.uint8), spacing=tuple(scale))
    vertices, faces, *_ = marching_cubes(np.pad(mask, 1), 0.5, spacing=tuple(scale))
    surface = float(mesh_surface_area(vertices, faces))
    sphericity = math.pi ** (1 / 3) * (6 * float(region.area)) ** (2 / 3) / surface
    # The pair of points that are farthest apart lies on the hull, which has few points.
    farthest = float(pdist(vertices[ConvexHull(vertices).vertices]).max())
    solidity = math.nan if _is_flat(mask) else float(region.solidity)
    return {
        "surface_area": surface,
        "sphericity": min(1.0, sphericity),
        "solidity": solidity,
        "feret_diameter_max": farthest,
    } | {name: float(region[name]) for name in IN_SPACE}


def _is_flat(mask: NDArray[np.bool_]) -> bool:
    """Whether all pixels lie in a plane, so that they have no convex hull in space."""
    coords = np.argwhere(mask)
    return bool(np.linalg.matrix_rank(coords - coords[0]) < 3)


def _contacts(
    window: Labels, mask: NDArray[np.bool_], scale: Sequence[float], solid: bool
) -> dict[str, float]:
    """Number of objects that share sides of pixels with an object, and the extent of the sides."""
    space = (0, 1, 2) if solid else (1, 2)
    label = window[mask][0]
    neighbours: set[int] = set()
    extent = 0.0
    for axis in space:
        side = math.prod(scale[other] for other in space if other != axis)
        for step in (-1, 1):  # the margin keeps the object off the ends, where roll would wrap
            beside = np.roll(window, step, axis)[mask]
            touching = beside[(beside != 0) & (beside != label)]
            extent += touching.size * side
            neighbours.update(touching.tolist())
    return {
        "neighbours": float(len(neighbours)),
        "contact_area" if solid else "contact_length": extent,
    }
