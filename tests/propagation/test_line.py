"""Planes are compared with pixels only where both have the same unit."""

import numpy as np

from napari_sam.image.volume import Volume
from napari_sam.propagation.line import line_through


def test_planes_of_unlike_units_are_not_compared() -> None:
    volume = Volume.from_array(
        np.zeros((4, 20, 20), np.uint8), scale=(0.1, 1, 1), units=("second", *("micrometer",) * 2)
    )
    assert line_through(volume, "z", (0,)).spacing == 1
