"""LabelledPlane: pixels and true objects of a plane, to learn from or to judge by."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import cycle, pairwise, product, repeat
from math import ceil
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import find_objects
from skimage.measure import label as connected_components

from napari_sam.evaluate.ground_truth import Pair, Sample
from napari_sam.image.intensity import IntensityMapping, contrast_mapping
from napari_sam.image.volume import Plane
from napari_sam.learning.gather import SMALLEST_AREA
from napari_sam.tiles.bbox import BBox

BLOCK = 2048
"""Largest side of a labelled plane, in pixels: a larger image is cut into blocks."""

MOST_PIXELS = 1 << 27
"""Pixels in memory, at most (about 1 GB): of larger folders, blocks at equal distances are used.
A course of some minutes looks at about a tenth of that."""


@dataclass(frozen=True, slots=True, eq=False)
class LabelledPlane:
    """A plane, or a block of a large plane, with true objects.

    Made by :func:`read_planes`.

    Parameters
    ----------
    name : str
        Name of the image, for people.
    image : int
        Number of the image; all planes and blocks of an image are on one side of a split.
    rgb : ndarray
        ``(h, w, 3)`` uint8: the pixels as the model sees them.
    labels : ndarray
        ``(h, w)`` int32: 1, 2, ... for the objects, 0 elsewhere.
    boxes : dict of int to BBox
        ``(y0, x0, y1, x1)`` of each object of at least 16 pixels, by its label.
    hidden : ndarray, optional
        ``(h, w)`` bool: pixels of objects that were held back, whose label is not known here.
    """

    name: str
    image: int
    rgb: NDArray[np.uint8]
    labels: NDArray[np.int32]
    boxes: dict[int, BBox]
    hidden: NDArray[np.bool_] | None = None

    def without(self, numbers: Sequence[int]) -> "LabelledPlane":
        """The plane with some objects held back: to a learner, their pixels may be anything."""
        hidden = np.isin(self.labels, numbers) & (self.labels > 0)
        boxes = {number: box for number, box in self.boxes.items() if number not in set(numbers)}
        labels = np.where(hidden, 0, self.labels)
        return replace(self, labels=labels, boxes=boxes, hidden=hidden)

    def middle(self, side: int) -> tuple[slice, slice]:
        """Rows and columns of a square around the middle of the objects, inside the plane."""
        boxes = np.array(list(self.boxes.values()))
        centre = np.median((boxes[:, :2] + boxes[:, 2:]) / 2, axis=0)
        starts = [
            int(min(max(at - side / 2, 0), max(0, length - side)))
            for at, length in zip(centre, self.labels.shape, strict=True)
        ]
        return slice(starts[0], starts[0] + side), slice(starts[1], starts[1] + side)

    def only(self, numbers: Sequence[int]) -> "LabelledPlane":
        """The plane with only some of its objects."""
        boxes = {number: self.boxes[number] for number in numbers}
        labels = np.where(np.isin(self.labels, numbers), self.labels, 0)
        return replace(self, labels=labels, boxes=boxes)


def read_planes(
    pairs: Sequence[Pair], contrast: Any = "auto"
) -> Iterator[tuple[list[LabelledPlane], tuple[str, ...]]]:
    """Read images and labels into memory.

    Of a stack, planes at least four apart are read, and each connected part is an object.

    Parameters
    ----------
    pairs : sequence of Pair
        Images with labels.
    contrast : "auto", (low, high) or one pair per channel
        See :func:`~napari_sam.image.intensity.contrast_mapping`.

    Yields
    ------
    tuple
        For each pair the planes and blocks with an object, and warnings of reading it.

    Raises
    ------
    ImageError, LabelError
        If an image or its labels cannot be used.
    """
    step = max(1, ceil(sum(map(_pixels, pairs)) / MOST_PIXELS))
    used = cycle([True] + [False] * (step - 1))
    for image, pair in enumerate(pairs):
        sample = pair.read()
        mapping = contrast_mapping(sample.volume, contrast)
        planes = planes_of(sample, mapping, image, pair.image.name, used)
        yield planes, (*_thinned(step), *sample.volume.warnings)


def planes_of(
    sample: Sample,
    mapping: IntensityMapping,
    image: int,
    name: str,
    used: Iterator[bool] = repeat(True),
) -> list[LabelledPlane]:
    """Read the planes and blocks of an image with an object.

    Parameters
    ----------
    sample : Sample
        The image with its labels.
    mapping : IntensityMapping
        Values of the image to the brightness that the model sees.
    image : int
        Number of the image.
    name : str
        Name of the image, for people.
    used : iterator of bool
        Whether to read the next block; all by default.
    """
    planes = []
    for plane, block in product(sample.planes(), _blocks(sample)):
        if next(used):
            made = _read(sample, mapping, plane, block)
            if made[2]:
                planes.append(LabelledPlane(name if not plane else f"{name} {plane}", image, *made))
    return planes


def labelled_plane(
    name: str, image: int, rgb: NDArray[np.uint8], labels: NDArray[np.integer]
) -> LabelledPlane:
    """Make a labelled plane of pixels ``(h, w, 3)`` and labels ``(h, w)`` of any numbers."""
    return LabelledPlane(name, image, rgb, *_numbered(labels))


def _thinned(step: int) -> tuple[str, ...]:
    if step == 1:
        return ()
    return (f"the images do not fit into memory together: one of {step} parts of them is used",)


def _pixels(pair: Pair) -> int:
    sample = pair.read()
    return sample.volume.height * sample.volume.width * sum(1 for _ in sample.planes())


def _blocks(sample: Sample) -> list[BBox]:
    """Boxes of equal size over a plane, at most `BLOCK` to a side."""
    rows, cols = (
        np.linspace(0, side, ceil(side / BLOCK) + 1).astype(int).tolist()
        for side in (sample.volume.height, sample.volume.width)
    )
    return [(y0, x0, y1, x1) for (y0, y1), (x0, x1) in product(pairwise(rows), pairwise(cols))]


def _read(
    sample: Sample, mapping: IntensityMapping, plane: Plane, block: BBox
) -> tuple[NDArray[np.uint8], NDArray[np.int32], dict[int, BBox]]:
    y0, x0, y1, x1 = block
    labels = np.asarray(sample.labels[(*plane, slice(y0, y1), slice(x0, x1))])
    if plane:  # a plane may cut an object of a stack into several parts
        labels = connected_components(labels, background=0)
    rgb = mapping.apply(sample.volume.read(plane, *block))
    return np.asarray(rgb.round().clip(0, 255), np.uint8), *_numbered(labels)


def _numbered(labels: NDArray[np.integer]) -> tuple[NDArray[np.int32], dict[int, BBox]]:
    """Labels from 1 without gaps, and the boxes of large enough objects."""
    values, ranks = np.unique(np.append(labels, 0), return_inverse=True)
    background = int(np.searchsorted(values, 0))  # negative labels are no objects
    numbers = np.asarray(np.maximum(ranks[:-1].reshape(labels.shape) - background, 0), np.int32)
    areas = np.bincount(numbers.ravel())
    boxes: dict[int, BBox] = {
        number: (rows.start, cols.start, rows.stop, cols.stop)
        for number, (rows, cols) in enumerate(find_objects(numbers), 1)
        if areas[number] >= SMALLEST_AREA
    }
    return numbers, boxes
