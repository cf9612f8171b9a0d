"""Split: images to learn from, and images kept apart for the figures."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from napari_sam.errors import LearningError
from napari_sam.learning.gather import FEWEST_OBJECTS, SMALLEST_AREA
from napari_sam.learning.lesson import HELD_BACK

from .labelled_plane import LabelledPlane

APART = 0.2
"""Share of the images that are kept apart, by default; at least one image is."""


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """Planes to learn from, and planes for the figures.

    Parameters
    ----------
    learned, apart : tuple of LabelledPlane
        No image is on both sides, unless `by_object`.
    by_object : bool
        Whether there is a single image, of which every third object is kept apart. The figures are
        then of these objects alone.
    """

    learned: tuple[LabelledPlane, ...]
    apart: tuple[LabelledPlane, ...]
    by_object: bool

    @property
    def objects(self) -> int:
        """Number of objects to learn from."""
        return sum(len(plane.boxes) for plane in self.learned)


def split(
    planes: Sequence[LabelledPlane], apart: float = APART, tests: Collection[int] = ()
) -> Split:
    """Split by image and not by object: neighbours in an image are too much alike.

    Parameters
    ----------
    planes : sequence of LabelledPlane
        All planes with an object.
    apart : float
        Share of the images to keep apart, 0 to 1. At least one image is kept apart, and at least
        one is learned.
    tests : collection of int
        Numbers of images that are to be kept apart, instead of a share of all.

    Raises
    ------
    LearningError
        If there are fewer than three objects to learn from.
    """
    images = sorted({plane.image for plane in planes})
    if len(images) > 1:
        kept_apart = set(images) & set(tests)
        if kept_apart in (set(), set(images)):
            count = min(max(1, round(apart * len(images))), len(images) - 1)
            kept_apart = set(np.random.default_rng(0).permutation(images)[:count].tolist())
        sides = [plane.image in kept_apart for plane in planes]
        made = Split(
            tuple(plane for plane, side in zip(planes, sides, strict=True) if not side),
            tuple(plane for plane, side in zip(planes, sides, strict=True) if side),
            by_object=False,
        )
    else:
        made = _by_object(planes)
    if made.objects < FEWEST_OBJECTS:
        raise LearningError(
            f"{made.objects} objects are too few to learn from: label at least {FEWEST_OBJECTS} "
            f"of {SMALLEST_AREA} pixels or more, in one image at least {FEWEST_OBJECTS + 1}"
        )
    return made


def _by_object(planes: Sequence[LabelledPlane]) -> Split:
    learned, apart = [], []
    first = 0
    for plane in planes:
        back = [n for i, n in enumerate(plane.boxes, first + 1) if i % HELD_BACK == 0]
        first += len(plane.boxes)
        if len(back) < len(plane.boxes):
            learned.append(plane.without(back))
        if back:
            apart.append(plane.only(back))
    return Split(tuple(learned), tuple(apart), by_object=True)
