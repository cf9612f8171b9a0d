"""Read: label images of any program, copied so that work can go on in the copy."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from napari_sam.image.calibration import Calibration
from napari_sam.image.labels_of_image import read_labels_of_image
from napari_sam.labels.blocks import block_regions, natural_block
from napari_sam.labels.canvas import new_labels
from napari_sam.labels.classes import ClassTable
from napari_sam.labels.label_array import LabelArray

from .class_files import read_classes, read_scores
from .stack import label_stack


@dataclass(frozen=True, slots=True, eq=False)
class LabelFile:
    """Labels of a file, with saved calibration, classes and scores.

    Made by :func:`read_label_file`; the napari plugin makes a Labels layer of it.

    Parameters
    ----------
    labels : LabelArray
        uint32, a copy that can be painted into; the file stays as it is.
    calibration : Calibration
        Of `labels`.
    classes : ClassTable
        Classes of the objects.
    scores : mapping of int to float
        Confidence from 0 to 1, by label, of objects that were found automatically.
    """

    labels: LabelArray
    calibration: Calibration
    classes: ClassTable
    scores: Mapping[int, float]


def read_label_file(path: Path) -> LabelFile:
    """Read labels into memory; above the size of memory, into a temporary folder.

    Parameters
    ----------
    path : Path
        Any image of whole numbers, of this package or of another program.

    Raises
    ------
    ImageError
        If there is no such file, or it cannot be read.
    LabelError
        If it has channels, or numbers that are no labels.
    """
    labels = read_labels_of_image(path)
    return LabelFile(
        copy_labels(labels.data), labels.calibration, read_classes(path), read_scores(path)
    )


def copy_labels(labels: LabelArray) -> LabelArray:
    """Copy labels into an array that can be painted into.

    Parameters
    ----------
    labels : array-like
        2 to 5 dimensions of integers from 0 to 2**32 - 1; numpy, zarr, dask or alike.

    Returns
    -------
    array
        uint32, as :func:`~napari_sam.labels.canvas.new_labels` makes it.

    Raises
    ------
    LabelError
        If they are not such integers.
    """
    stack = label_stack(labels)
    copy = new_labels(stack.shape)
    for region in block_regions(stack.shape, natural_block(stack)):
        block = stack.read(region)
        if block.any():  # pages and chunks without labels take no space
            copy[region] = block
    return copy
