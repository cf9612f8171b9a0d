"""Movies of discs, which the tests of the tracking share."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

Disc = tuple[float, float, float]
"""Centre y and x, and radius, pixels."""


def movie(
    frames: Sequence[Mapping[int, Disc]], shape: tuple[int, int] = (64, 80)
) -> NDArray[np.uint16]:
    """Labels with a disc for each label of each frame."""
    y, x = np.mgrid[: shape[0], : shape[1]]
    labels = np.zeros((len(frames), *shape), np.uint16)
    for pixels, discs in zip(labels, frames, strict=True):
        for label, (cy, cx, radius) in discs.items():
            pixels[(y - cy) ** 2 + (x - cx) ** 2 <= radius**2] = label
    return labels


def dividing() -> NDArray[np.uint16]:
    """A mother, label 5, who divides after frame 2 into 1 and 2; and 9, who does not move."""
    frames: list[dict[int, Disc]] = [{5: (30, 20 + t, 8), 9: (50, 60, 5)} for t in range(3)]
    frames += [{1: (23 - t, 23, 5.6), 2: (37 + t, 23, 5.6), 9: (50, 60, 5)} for t in range(3)]
    return movie(frames)
