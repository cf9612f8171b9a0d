"""Objects: true objects of a plane, with the prompts for each."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import find_objects

from napari_sam.masks.mask import Mask
from napari_sam.masks.pixels.depth import innermost
from napari_sam.tiles.bbox import BBox

SMALLEST_OBJECT = 25
"""Pixels below which a true object is not prompted: 3D labels end in slices of a few pixels."""

Bool = NDArray[np.bool_]
T = TypeVar("T")


@dataclass(frozen=True, slots=True, eq=False)
class TrueObject:
    """True object of a plane, made by :func:`objects_of` and :meth:`of`.

    Parameters
    ----------
    bbox : tuple of int
        ``(y0, x0, y1, x1)``, data pixels, the ends excluded.
    pixels : ndarray
        ``(y1 - y0, x1 - x0)`` bool, True inside the object.
    click : tuple of float
        ``(y, x)`` data pixels: the innermost pixel, farthest from the outline.
    """

    bbox: BBox
    pixels: Bool
    click: tuple[float, float]

    @classmethod
    def of(cls, bbox: BBox, pixels: Bool) -> "TrueObject":
        """The object with some pixels, at least one, and the click at the innermost."""
        y, x = innermost(pixels)
        return cls(bbox, pixels, (float(bbox[0] + y), float(bbox[1] + x)))

    @property
    def box(self) -> tuple[tuple[float, float], tuple[float, float]]:
        """Bounding box as a prompt: opposite corners yx, in the centres of the outermost pixels.

        The box of an object one pixel high or wide reaches to the edges of the pixel, since a box
        prompt needs two different corners on each axis.
        """
        y0, x0, y1, x1 = self.bbox
        dy, dx = 0.5 * (y1 - y0 == 1), 0.5 * (x1 - x0 == 1)
        return (y0 - dy, x0 - dx), (y1 - 1 + dy, x1 - 1 + dx)

    def iou(self, mask: Mask) -> float:
        """Intersection over union with a mask of the same plane, 0 to 1."""
        area = int(np.count_nonzero(self.pixels))
        common = int(np.count_nonzero(mask.within(self.bbox) & self.pixels))
        return common / (mask.area + area - common)

    def within(self, region: BBox) -> Bool:
        """Cut a region out of the plane, ``(h, w)`` bool: True inside the object."""
        return Mask((), self.bbox, self.pixels, 1.0, 0.0).within(region)


def objects_of(
    labels: NDArray[np.integer], smallest: int = SMALLEST_OBJECT
) -> Iterator[TrueObject]:
    """Find the objects of a label image.

    Parameters
    ----------
    labels : ndarray
        ``(y, x)`` integers; 0 is background.
    smallest : int
        Number of pixels below which an object is left out.

    Yields
    ------
    TrueObject
        Objects by ascending label.
    """
    for _, bbox, pixels in labelled_pixels(labels):
        if np.count_nonzero(pixels) >= smallest:
            yield TrueObject.of(bbox, pixels)


def labelled_pixels(labels: NDArray[np.integer]) -> Iterator[tuple[int, BBox, Bool]]:
    """Find the pixels of each label.

    Parameters
    ----------
    labels : ndarray
        ``(y, x)`` integers; 0 is background.

    Yields
    ------
    label : int
        Ascending.
    bbox : tuple of int
        ``(y0, x0, y1, x1)``, the ends excluded.
    pixels : ndarray
        ``(y1 - y0, x1 - x0)`` bool.
    """
    numbers = np.unique(labels[labels > 0])
    compact = np.where(labels > 0, np.searchsorted(numbers, labels) + 1, 0)  # labels have gaps
    for index, (rows, cols) in enumerate(find_objects(compact), 1):
        bbox = (rows.start, cols.start, rows.stop, cols.stop)
        yield int(numbers[index - 1]), bbox, compact[rows, cols] == index


def spread(objects: Sequence[T], most: int) -> list[T]:
    """Choose at most `most` objects, evenly spread over the sequence."""
    step = max(1.0, len(objects) / most)
    return [objects[int(i * step)] for i in range(min(len(objects), most))]
