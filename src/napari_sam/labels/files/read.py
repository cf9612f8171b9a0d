"""Read: label images of this package and of OME-Zarr, for going on with them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from napari_sam.document import parse_document
from napari_sam.errors import LabelError
from napari_sam.image.calibration import Calibration
from napari_sam.image.labels_of_image import read_labels_of_image
from napari_sam.labels.blocks import block_regions, natural_block
from napari_sam.labels.canvas import new_labels
from napari_sam.labels.classes import ClassTable
from napari_sam.labels.label_array import LabelArray

from .class_files import read_classes
from .image_group import ome_attributes
from .stack import label_stack

_SCORE = "score"
"""Property of a label in OME-Zarr with the confidence of the model that found it."""


@dataclass(frozen=True, slots=True, eq=False)
class LabelFile:
    """Labels of a file, with what was saved about them.

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
    """Read labels into memory, or into a temporary folder if they are too large for it.

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
        copy_labels(labels.data), labels.calibration, read_classes(path), _scores(path)
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


@dataclass(frozen=True, slots=True)
class _ImageLabel:
    """Part of ``image-label`` in OME-Zarr with the properties of single labels."""

    properties: list[dict[str, Any]] = field(default_factory=list)


def _scores(path: Path) -> dict[int, float]:
    attributes = ome_attributes(path).get("image-label") if path.is_dir() else None
    if not isinstance(attributes, Mapping):
        return {}
    document = parse_document(_ImageLabel, attributes, f"{path}: image-label", LabelError)
    values = [(row.get("label-value"), row.get(_SCORE)) for row in document.properties]
    return {
        label: float(score)
        for label, score in values
        if isinstance(label, int) and isinstance(score, int | float)
    }
