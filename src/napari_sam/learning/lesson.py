"""Lesson: accepted objects in their surroundings, and which pixels are known."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from napari_sam.tiles.bbox import BBox
from napari_sam.tiles.grid import Tile

HELD_BACK = 3
"""Accepted objects of which one is held back to judge what was learned."""


@dataclass(frozen=True, slots=True, eq=False)
class Page:
    """Part of a plane with accepted objects.

    Made by :func:`~napari_sam.learning.gather.gather`; windows for the steps are cut from it.

    Parameters
    ----------
    tile : Tile
        Tile of the image that shows all objects of the page.
    bbox : tuple of int
        ``(y0, x0, y1, x1)`` of the part, data pixels; it may reach beyond the tile.
    rgb : ndarray
        ``(h, w, 3)`` uint8: the part as the model sees it.
    labels : ndarray
        ``(h, w)`` int32: 1, 2, ... for the objects of the page, 0 elsewhere.
    known : ndarray
        ``(h, w)`` bool: pixels whose label is known, 0 included. All others may be anything.
    boxes : tuple of BBox
        Box of each object, by its number minus 1, in pixels of the page.
    """

    tile: Tile
    bbox: BBox
    rgb: NDArray[np.uint8]
    labels: NDArray[np.int32]
    known: NDArray[np.bool_]
    boxes: tuple[BBox, ...]

    def only(self, numbers: Sequence[int]) -> "Page":
        """The page with a few of its objects known, under new numbers from 1.

        The pixels of the others become unknown, as if they had not been accepted.
        """
        table = np.zeros(len(self.boxes) + 1, np.int32)
        table[list(numbers)] = np.arange(1, len(numbers) + 1)
        labels = table[self.labels]
        return replace(
            self,
            labels=labels,
            known=self.known & ((self.labels == 0) | (labels > 0)),
            boxes=tuple(self.boxes[number - 1] for number in numbers),
        )


@dataclass(frozen=True, slots=True, eq=False)
class Lesson:
    """All pages to learn from.

    Parameters
    ----------
    pages : tuple of Page
        Each with at least one object.
    """

    pages: tuple[Page, ...]

    @property
    def objects(self) -> int:
        """Number of objects."""
        return sum(len(page.boxes) for page in self.pages)

    def split(self) -> tuple["Lesson", "Lesson"]:
        """Split into objects to learn from, and every third object to judge by.

        Returns
        -------
        tuple of Lesson
            An object is in one of the two; to the other, its pixels are unknown.
        """
        taught: list[Page] = []
        judged: list[Page] = []
        first = 0
        for page in self.pages:
            numbers = range(1, len(page.boxes) + 1)
            back = [n for n in numbers if (first + n) % HELD_BACK == 0]
            first += len(page.boxes)
            for pages, chosen in ((taught, [n for n in numbers if n not in back]), (judged, back)):
                if chosen:
                    pages.append(page.only(chosen))
        return Lesson(tuple(taught)), Lesson(tuple(judged))
