"""Picture: pixels and labels of a plane, for training data."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_sam.evaluate.ground_truth import Pair
from napari_sam.file_names import printable
from napari_sam.image.intensity import contrast_mapping
from napari_sam.labels.classes import ClassTable
from napari_sam.labels.files.class_files import read_classes
from napari_sam.labels.rank import rank_labels

NO_CLASS = "object"
"""Name of the class of objects to which nobody gave one."""


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """Pixels, labels and classes of a plane.

    Made by :func:`pictures`, written by :func:`~napari_sam.export.write_folder.write_folder`.

    Parameters
    ----------
    name : str
        Name for files, without a suffix; unique among the pictures of an export.
    values : ndarray
        ``(y, x)`` or ``(y, x, channels)``, as stored in the image.
    display : ndarray
        ``(y, x)`` or ``(y, x, 3)`` uint8: the values by the automatic contrast, for formats that
        hold nothing else.
    labels : ndarray
        ``(y, x)`` int64, 0 is background; numbers from 1 on without gaps.
    classes : tuple of str
        Name of the class of each label, the first for label 1.
    """

    name: str
    values: NDArray[Any]
    display: NDArray[np.uint8]
    labels: NDArray[np.int64]
    classes: tuple[str, ...]


def pictures(pairs: Iterable[Pair]) -> Iterator[Picture]:
    """Read the planes of images with labels; planes without an object are left out.

    Parameters
    ----------
    pairs : iterable of Pair
        Paths of images and labels. Classes are those saved with the labels.

    Yields
    ------
    Picture
        A plane in memory at a time.

    Raises
    ------
    ImageError
        If an image cannot be read.
    LabelError
        If labels do not fit their image.
    """
    used: set[str] = set()
    for pair in pairs:
        sample = pair.read()
        table = ClassTable() if pair.labels is None else read_classes(pair.labels)
        volume = sample.volume
        mapping = contrast_mapping(volume)
        for plane in volume.planes():
            labels = np.asarray(sample.labels[plane]).astype(np.int64)
            if not labels.any():
                continue
            values = volume.read(plane, 0, 0, volume.height, volume.width)
            display = np.rint(mapping.apply(values)).astype(np.uint8)
            numbers, ranks = rank_labels(labels)
            yield Picture(
                name=_name(pair.image, dict(zip(volume.plane_axes, plane, strict=True)), used),
                values=values[..., 0] if values.shape[-1] == 1 else values,
                display=display[..., 0] if (display == display[..., :1]).all() else display,
                labels=ranks,
                classes=tuple(table.class_of(int(n)) or NO_CLASS for n in numbers[1:]),
            )


def _name(image: Path, indices: Mapping[str, int], used: set[str]) -> str:
    """Name of a plane: the file's, with the indices of the plane, and a number if it is taken."""
    stem = printable(image.name.split(".")[0] or image.stem)
    name = stem + "".join(f"_{axis.lower()}{index:04}" for axis, index in indices.items())
    number = 1
    while (free := name if number == 1 else f"{name}-{number}") in used:
        number += 1
    used.add(free)
    return free
