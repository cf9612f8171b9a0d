"""Fields of the race: parts of true images in which about thirty cells lie."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from numpy.typing import NDArray

from napari_sam.evaluate.objects import labelled_pixels

CELLS = 30
"""Cells that a field should have."""

MOST = 45
"""Cells above which a smaller field is cut, and a field that cannot be smaller is left out."""

FEWEST = 15
"""Cells below which a field is left out."""

SIDES = (512, 384, 256)
"""Sides of a field in pixels, the preferred side first."""

STEP = 64
"""Pixels between the places in the image at which a field may begin."""

SMALLEST = 25
"""Pixels of a cell, cut by the edge of the field, below which it is left out of the truth."""


@dataclass(frozen=True, slots=True, eq=False)
class Field:
    """Part of an image with its true labels.

    Parameters
    ----------
    name : str
        Set and file.
    image : ndarray
        ``(y, x)`` or ``(y, x, 3)``, as in the file.
    truth : ndarray
        ``(y, x)`` uint16; 0 is background.
    """

    name: str
    image: NDArray[Any]
    truth: NDArray[np.uint16]

    @property
    def cells(self) -> int:
        """Number of true cells."""
        return len(np.unique(self.truth[self.truth > 0]))

    def write(self, folder: Path) -> Path:
        """Write the image as a TIFF, which the race opens."""
        path = folder / f"{self.name.replace('/', '-')}.tif"
        kind = "rgb" if self.image.ndim == 3 else "minisblack"
        tifffile.imwrite(path, self.image, photometric=kind)
        return path


def choose_fields(folder: Path, most: int) -> Iterator[Field]:
    """Yield at most `most` fields of a set, each of another file.

    Wide fields come first, and of the same width those with a number of cells nearest to thirty.

    Parameters
    ----------
    folder : Path
        Has files ``.npz`` with `image` and `labels` of one plane.
    most : int
        Number of fields.
    """
    fields = [field for path in sorted(folder.glob("*.npz")) if (field := best_field(path))]
    yield from sorted(fields, key=_preference)[:most]


def _preference(field: Field) -> tuple[int, int]:
    return -field.truth.shape[1], abs(field.cells - CELLS)


def best_field(path: Path) -> Field | None:
    """Cut the field of a file whose number of cells is nearest to thirty, None without any."""
    with np.load(path) as file:
        image, labels = file["image"], file["labels"]
    if labels.ndim != 2:
        return None
    for side in SIDES:
        cuts = [_cut(path, image, labels, y, x, side) for y, x in _corners(labels.shape, side)]
        field = min(cuts, key=lambda field: abs(field.cells - CELLS))
        if field.cells <= MOST:
            return field if field.cells >= FEWEST else None
    return None


def _corners(shape: tuple[int, ...], side: int) -> Iterator[tuple[int, int]]:
    for y in range(0, max(1, shape[0] - side + 1), STEP):
        for x in range(0, max(1, shape[1] - side + 1), STEP):
            yield y, x


def _cut(path: Path, image: NDArray[Any], labels: NDArray[Any], y: int, x: int, side: int) -> Field:
    part = np.s_[y : y + side, x : x + side]
    truth = np.zeros(labels[part].shape, np.uint16)
    numbers = 0
    for _, (y0, x0, y1, x1), pixels in labelled_pixels(labels[part]):
        if np.count_nonzero(pixels) >= SMALLEST:
            numbers += 1
            truth[y0:y1, x0:x1][pixels] = numbers
    return Field(f"{path.parent.name}/{path.stem}", np.ascontiguousarray(image[part]), truth)
