"""Class image: pixels with the number of a class, split into objects.

ilastik's simple segmentation and thresholded masks of Fiji are such images: all objects of a class
have one number.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import generate_binary_structure, label

from napari_sam.labels.classes import ClassTable
from napari_sam.labels.label_array import LabelArray

MOST_CLASSES = 8
"""Largest number of classes; an image with more numbers holds objects."""

PIECES = 10
"""Connected pieces of a number, on average, from which on the numbers are classes: an object, such
as a neuron, may have a few pieces."""

_LARGEST = 1 << 26
"""Pixels above which an image is taken as it is: splitting takes 0.1 s for a million pixels."""


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """Objects of a class image, made by :func:`split_classes`.

    Parameters
    ----------
    labels : ndarray
        uint32, 1, 2, ... for the connected pieces.
    classes : ClassTable
        "class 2" for the pieces of number 2; no classes where there is one number.
    sentence : str
        What was done, without the name of the file.
    """

    labels: NDArray[np.uint32]
    classes: ClassTable
    sentence: str


def split_classes(labels: LabelArray, axes: str) -> Split | None:
    """Split an image of classes into the connected pieces of each class.

    Numbers are taken for classes if there are at most :data:`MOST_CLASSES` with at least
    :data:`PIECES` pieces each on average; or if no pixel is 0, as ilastik writes it: then the
    commonest number is the background.

    Parameters
    ----------
    labels : array-like
        Integers.
    axes : str
        Letters of their axes; pieces are not connected through time.

    Returns
    -------
    Split or None
        None for labels of objects.
    """
    if math.prod(labels.shape) > _LARGEST:
        return None
    pixels = np.asarray(labels[(slice(None),) * len(labels.shape)])
    numbers, counts = np.unique(pixels, return_counts=True)
    is_full = len(numbers) > 1 and numbers[0] > 0
    background = int(numbers[np.argmax(counts)]) if is_full else 0
    classes = [int(number) for number in numbers if number != background]
    if not 0 < len(classes) <= MOST_CLASSES:
        return None
    pieces, class_of = _pieces(pixels, classes, axes)
    if len(class_of) < (len(classes) + 1 if is_full else PIECES * len(classes)):
        return None
    table = ClassTable()
    if len(classes) > 1:
        for number in classes:
            table = table.add(f"class {number}")
        table = table.assign({k: f"class {number}" for k, number in class_of.items()})
    without = f" without {background}, the background," if is_full else ""
    sentence = (
        f"the {len(classes)} numbers{without} are classes and no objects: the {len(class_of)} "
        "connected pieces are the objects; to keep the numbers, open the file in napari and press "
        "Use these labels"
    )
    return Split(pieces, table, sentence)


def _pieces(
    pixels: NDArray[np.integer], classes: list[int], axes: str
) -> tuple[NDArray[np.uint32], dict[int, int]]:
    """Connected pieces of each class, and the class of each piece."""
    structure = generate_binary_structure(pixels.ndim, 1)
    if "T" in axes:
        np.moveaxis(structure, axes.index("T"), 0)[::2] = False
    pieces, class_of = np.zeros(pixels.shape, np.uint32), dict[int, int]()
    for number in classes:
        of_class, count = label(pixels == number, structure)
        pieces[of_class > 0] = of_class[of_class > 0] + len(class_of)
        class_of |= dict.fromkeys(range(len(class_of) + 1, len(class_of) + count + 1), number)
    return pieces, class_of
