"""Of journal: entries of a journal, as the part of a recipe for painting labels again."""

import json
import os
from collections.abc import Sequence
from pathlib import Path

from napari_sam.errors import ImageError, LabelError
from napari_sam.image.arranged_array import arranged
from napari_sam.image.arrangement import Arrangement
from napari_sam.image.calibration import Calibration
from napari_sam.image.fit import fit_dimensions
from napari_sam.image.read import read_image
from napari_sam.journal.entry import Entry
from napari_sam.journal.journal import Journal
from napari_sam.labels.canvas import new_labels
from napari_sam.labels.classes import ClassTable
from napari_sam.labels.label_array import LabelArray

from .identity import identify_file, identify_image, identify_labels, label_digest
from .inputs import FileRecord, ImageRecord
from .record import Command, PaintRecord, Recipe
from .versions import environment


def painted(entries: Sequence[Entry], shape: tuple[int, ...]) -> LabelArray:
    """Paint the pixels of entries into empty labels.

    Parameters
    ----------
    entries : sequence of Entry
        Accepted and painted entries, in order.
    shape : tuple of int
        Shape of the labels that the entries are about.
    """
    labels = new_labels(shape)
    for entry in entries:
        entry.apply(labels)
    return labels


def arrangement_of(
    axes: str, shape: Sequence[int], label_axes: str, label_shape: Sequence[int]
) -> Arrangement:
    """Order in which labels of a journal are those of an image.

    Parameters
    ----------
    axes, shape
        Letters and lengths of the dimensions of the journal's labels.
    label_axes, label_shape
        Those of the image's labels.

    Raises
    ------
    LabelError
        If they do not fit.
    """
    dimensions = fit_dimensions(axes, shape, label_axes, label_shape)
    if dimensions is None:
        raise LabelError(f"a journal about labels of {tuple(shape)} has none of {label_shape}")
    return Arrangement(label_axes, dimensions)


def paint_record(
    entries: Sequence[Entry],
    axes: str,
    shape: tuple[int, ...],
    classes: ClassTable | None = None,
    complete: bool = True,
    ome_zarr_version: str | None = None,
) -> PaintRecord:
    """Record of entries.

    Parameters
    ----------
    entries : sequence of Entry
        Accepted and painted entries that stand, in order.
    axes, shape
        Letters and lengths of the dimensions of the labels that they are about.
    classes : ClassTable, optional
        Classes of the objects.
    complete : bool
        Whether the entries make all of the labels.
    ome_zarr_version : str, optional
        Version of OME-Zarr that was asked for.
    """
    return PaintRecord(
        axes=axes,
        shape=shape,
        entries=tuple(json.loads(entry.to_line()) for entry in entries),
        classes=None if classes is None else dict(classes.to_json()),
        complete=complete,
        ome_zarr_version=ome_zarr_version,
    )


def layer_recipe(
    journal: Journal,
    path: Path,
    labels: LabelArray,
    calibration: Calibration,
    classes: ClassTable | None,
) -> Recipe:
    """Recipe of a layer of labels that was saved, from its journal.

    Parameters
    ----------
    journal : Journal
        Journal of the layer.
    path : Path
        The saved labels.
    labels : array-like
        Their values.
    calibration : Calibration
        Their axes, and size of a pixel.
    classes : ClassTable or None
        Their classes.

    Raises
    ------
    JournalError
        If the journal cannot be read.
    LabelError
        If it is about other labels.
    """
    subject, entries = journal.subject, journal.content().changes
    shape = tuple(int(n) for n in labels.shape)
    order = arrangement_of(subject.axes, subject.shape, calibration.axes, shape)
    output = identify_labels(path, labels)
    made = label_digest(arranged(painted(entries, subject.shape), order))
    paint = paint_record(entries, subject.axes, subject.shape, classes, made == output.digest)
    image = ImageRecord(
        file=_identify(subject.path),
        axes=calibration.axes,
        shape=shape,
        dtype="",
        channels=(),
        scale=calibration.scale,
        translate=calibration.translate,
        units=calibration.units,
    )
    return Recipe(Command.PAINT, environment(), (output,), image=image, paint=paint)


def _identify(path: str) -> FileRecord:
    """The image of a layer; of one that cannot be read again, only what is known."""
    try:
        if os.path.isfile(path):
            return identify_file(Path(path), "image")
        return identify_image(read_image(path))
    except ImageError:
        return FileRecord("image", path, 0, "")
