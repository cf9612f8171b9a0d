"""Spread: planes and patches that cover an image evenly."""

from collections.abc import Iterator

import numpy as np

from napari_sam.image.volume import Plane, Volume

PATCHES = 32
"""Number of patches from which automatic contrast is measured."""

PATCH_SIZE = 192
"""Side of such a patch, in pixels."""

Box = tuple[Plane, int, int, int, int]
"""Plane, y0, x0, y1, x1: a region as :meth:`Volume.read <napari_sam.image.volume.Volume.read>`
takes it, in data pixels, the ends excluded."""


def patch_boxes(volume: Volume) -> Iterator[Box]:
    """Patches spread evenly over all planes, always the same for the same size of image.

    Of a plane that is not larger than its patches together, the whole plane.
    """
    planes = list(spread_planes(volume, PATCHES))
    per_plane = max(1, PATCHES // len(planes))
    for index, plane in enumerate(planes):
        if volume.height * volume.width <= per_plane * PATCH_SIZE**2:
            yield plane, 0, 0, volume.height, volume.width
            continue
        for k in range(per_plane):
            # additive recurrence: even cover with any number of points (Roberts 2018, "R2")
            n = index * per_plane + k + 1
            y0 = int(((0.5 + 0.7548776662466927 * n) % 1) * max(1, volume.height - PATCH_SIZE))
            x0 = int(((0.5 + 0.5698402909980532 * n) % 1) * max(1, volume.width - PATCH_SIZE))
            y1, x1 = min(y0 + PATCH_SIZE, volume.height), min(x0 + PATCH_SIZE, volume.width)
            yield plane, y0, x0, y1, x1


def spread_planes(volume: Volume, most: int) -> Iterator[Plane]:
    """At most `most` planes, spread evenly over all planes."""
    total = int(np.prod(volume.plane_shape, dtype=np.int64)) if volume.plane_shape else 1
    for flat in np.unique(np.linspace(0, total - 1, min(total, most)).round().astype(np.int64)):
        yield tuple(int(i) for i in np.unravel_index(int(flat), volume.plane_shape or (1,)))[
            : len(volume.plane_shape)
        ]
