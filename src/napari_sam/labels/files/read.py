"""Read: labels and outlines of any program, copied so that work can go on in the copy."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from napari_sam.image.calibration import Calibration
from napari_sam.image.labels_of_image import labels_of_outlines, read_labels_of_image
from napari_sam.image.outlines.read import is_outlines, read_outlines
from napari_sam.image.volume import Volume
from napari_sam.labels.blocks import block_regions, natural_block
from napari_sam.labels.canvas import new_labels
from napari_sam.labels.classes import ClassTable
from napari_sam.labels.label_array import LabelArray

from .class_files import (
    classes_of_outlines,
    read_classes,
    read_scores,
    scores_of_outlines,
)
from .class_image import split_classes
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
    warnings : tuple of str
        Sentences about what reading had to decide or leave out.
    """

    labels: LabelArray
    calibration: Calibration
    classes: ClassTable
    scores: Mapping[int, float]
    warnings: tuple[str, ...] = ()


def read_label_file(path: Path, image: Volume | None = None) -> LabelFile:
    """Read labels into memory; above the size of memory, into a temporary folder.

    The classes of a class image are split into objects, see
    :func:`~napari_sam.labels.files.class_image.split_classes`.

    Parameters
    ----------
    path : Path
        Any image of whole numbers, of this package or of another program; or outlines, see
        :func:`~napari_sam.image.outlines.read.read_outlines`.
    image : Volume, optional
        The image that outlines are drawn on; not used for label images.

    Raises
    ------
    ImageError
        If there is no such file, or it cannot be read.
    LabelError
        If it has channels or numbers that are no labels, or its outlines do not fit the image.
    """
    if is_outlines(path):
        outlines = read_outlines(path)
        labels = labels_of_outlines(path, outlines, image)
        classes, scores = classes_of_outlines(outlines), scores_of_outlines(outlines)
    else:
        labels = read_labels_of_image(path)
        classes, scores = read_classes(path), read_scores(path)
        split = None if classes.classes or scores else split_classes(labels.data, labels.axes)
        if split is not None:
            warnings = (*labels.warnings, f"{path}: {split.sentence}")
            return LabelFile(split.labels, labels.calibration, split.classes, {}, warnings)
    pixels = copy_labels(labels.data)
    return LabelFile(pixels, labels.calibration, classes, scores, labels.warnings)


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
