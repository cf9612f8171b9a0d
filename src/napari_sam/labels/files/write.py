"""Write: labels into a file whose suffix chooses the format.

``.ome.zarr``, ``.zarr``
    OME-Zarr 0.5 or, on request, 0.4 label image, uint32, with a pyramid.
    ``<image>.zarr/labels/<name>`` inside an OME-Zarr image works with any name, is listed there,
    and of the version of the image; so is a field of a
    :class:`~napari_sam.labels.files.label_plate.LabelPlate`.
``.ome.tif``, ``.ome.tiff``
    OME-TIFF, uint32, tiled, zlib.
``.tif``, ``.tiff``
    ImageJ hyperstack, uint16. Labels above 65535, or more than 4 GiB, are written as an OME-TIFF of
    that name, with a warning: labels are never renumbered.
"""

import os
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Unpack

from napari_sam.errors import OutputError
from napari_sam.file_names import printable
from napari_sam.image.calibration import Calibration
from napari_sam.labels.blocks import block_regions, natural_block
from napari_sam.labels.classes import ClassTable
from napari_sam.labels.label_array import LabelArray

from .atomic import replacing
from .class_files import check_class_table, class_table_path, is_class_table, write_class_table
from .image_group import ImageGroup, image_group_of, relative_source
from .image_label import NO_CLASSES, Properties, labels_in
from .label_plate import label_plate_version
from .ome_version import LATEST, checked_version
from .ome_zarr import write_ome_zarr
from .stack import LabelStack, Place, label_stack
from .target import check_target
from .tiff import write_imagej, write_ome_tiff

Write = Callable[[Path], Iterator[tuple[int, int]]]
"""Writes labels to a path where there is nothing yet; yields steps done, and steps in all."""

Writing = Generator[tuple[int, int], None, list[str]]
"""Yields steps done, and steps in all; returns the paths that were written."""

SUFFIXES = (".ome.zarr", ".zarr", ".ome.tif", ".ome.tiff", ".tif", ".tiff")


class WriteOptions(Place, total=False):
    """Options of :func:`iter_write_labels` by name."""

    source: str | os.PathLike[str] | None
    overwrite: bool
    properties: Properties | None
    classes: ClassTable | None
    ome_zarr_version: str | None


def write_labels(
    path: str | os.PathLike[str],
    labels: LabelArray,
    calibration: Calibration | None = None,
    *,
    progress: Callable[[int, int], object] | None = None,
    **options: Unpack[WriteOptions],
) -> list[str]:
    """Save labels; the arguments are those of :func:`iter_write_labels`.

    Parameters
    ----------
    path, labels, calibration
        See :func:`iter_write_labels`.
    progress : callable, optional
        Called with steps done and steps in all, after each step.
    **options
        See :func:`iter_write_labels`.

    Returns
    -------
    list of str
        The path that was written; of a TIFF with classes, also that of the table.

    Raises
    ------
    OutputError, LabelError
        See :func:`iter_write_labels`.
    """
    steps = iter_write_labels(path, labels, calibration, **options)
    while True:
        try:
            done, total = next(steps)
        except StopIteration as end:
            return list(end.value)
        if progress is not None:
            progress(done, total)


def iter_write_labels(
    path: str | os.PathLike[str],
    labels: LabelArray,
    calibration: Calibration | None = None,
    *,
    source: str | os.PathLike[str] | None = None,
    overwrite: bool = False,
    properties: Properties | None = None,
    classes: ClassTable | None = None,
    ome_zarr_version: str | None = None,
    **place: Unpack[Place],
) -> Writing:
    """Save labels step by step, in the format of the suffix, without loading them whole.

    The arguments are checked at once. The file appears under its name when the generator ends; if
    anything fails or the generator is closed before, an older file stays as it was.

    Parameters
    ----------
    path : path-like
        File or folder to write, with a suffix that this module lists.
    labels : array-like
        2 to 5 dimensions of integers from 0 to 2**32 - 1; numpy, zarr, dask or alike.
    calibration : Calibration, optional
        Axes of `labels`, and the size, position and unit of a pixel along each.
    source : path-like, optional
        The image that was segmented: noted in OME-Zarr, and never overwritten.
    overwrite : bool
        Whether to replace labels that exist.
    properties : mapping, optional
        Label to a mapping of names to values, kept in OME-Zarr only.
    classes : ClassTable, optional
        Classes of the objects: in an OME-Zarr, properties and colours of ``image-label``; beside
        a TIFF, a table ``<name>_classes.csv``.
    ome_zarr_version : str, optional
        ``"0.4"`` or ``"0.5"``, of an OME-Zarr; 0.5 by default, inside an image that of the image.
    **place
        ``axes``, ``scale``, ``translate``, ``units`` one by one instead of a calibration, see
        :class:`~napari_sam.labels.files.stack.Place`.

    Returns
    -------
    generator of tuple of int, list of str
        Yields steps done, and steps in all; returns the paths of the labels and of the table.

    Raises
    ------
    OutputError
        If the suffix is unknown, the path exists or cannot be written, or the calibration does not
        fit.
    LabelError
        If the labels are not integers, or, while writing, if a label does not fit.
    """
    stack = label_stack(labels, calibration, **place)
    target = _Target.of(path, overwrite, None if source is None else Path(source))
    version = version_of(target.path, ome_zarr_version)
    classes = classes or NO_CLASSES
    if target.suffix.endswith(".zarr"):
        return _replace(target, _zarr_writer(target, stack, properties, classes, version))
    return _tiff_and_table(target, stack, classes, overwrite)


@dataclass(frozen=True, slots=True)
class _Target:
    """A file or folder that may be written.

    Parameters
    ----------
    given : str
        Path as the user gave it, for the list of files written.
    path : Path
        Path without symbolic links.
    suffix : str
        One of :data:`SUFFIXES`.
    image : ImageGroup or None
        The OME-Zarr image that the labels are put into.
    source : Path or None
        The image that was segmented.
    """

    given: str
    path: Path
    suffix: str
    image: ImageGroup | None
    source: Path | None

    @classmethod
    def of(cls, given: str | os.PathLike[str], overwrite: bool, source: Path | None) -> "_Target":
        """Check a path; raises OutputError if labels cannot be written there."""
        path = Path(os.path.realpath(given))
        image = image_group_of(path)
        has_suffix = image is None and label_plate_version(path) is None
        suffix = suffix_of(path.name) if has_suffix else ".zarr"
        check_target(path, suffix.endswith(".zarr"), overwrite, source)
        return cls(os.fspath(given), path, suffix, image, source)

    @property
    def stem(self) -> str:
        """Name without the suffix; inside an image or a plate the whole name."""
        name = self.path.name
        return name[: -len(self.suffix)] if name.lower().endswith(self.suffix) else name


def _zarr_writer(
    target: _Target,
    stack: LabelStack,
    properties: Properties | None,
    classes: ClassTable,
    version: str,
) -> Write:
    image = target.image
    source = image.path if image else target.source
    return partial(
        write_ome_zarr,
        stack=stack,
        name=printable(target.stem),
        factors=image.factors(stack) if image else None,
        properties=properties,
        source=None if source is None else relative_source(source, target.path),
        classes=classes,
        version=version,
    )


def _tiff_writer(target: _Target, stack: LabelStack) -> Write:
    if target.suffix.startswith(".ome."):
        return partial(write_ome_tiff, stack=stack, name=printable(target.stem))
    return partial(write_imagej, stack=stack, name=printable(target.path.name))


def _replace(target: _Target, write: Write) -> Writing:
    if target.image:
        target.image.make_labels_folder()
    with replacing(target.path) as partial_path:
        yield from write(partial_path)
    if target.image:
        target.image.register(target.path.name)
    return [target.given]


def _tiff_and_table(
    target: _Target, stack: LabelStack, classes: ClassTable, overwrite: bool
) -> Writing:
    """Writing of a TIFF, and of a table of classes, if there are any or an old table exists."""
    writing = _replace(target, _tiff_writer(target, stack))
    table = class_table_path(target.path)
    if not classes.classes and not (overwrite and is_class_table(table)):
        return writing
    # A table of older labels is replaced too: its classes are not of the new labels.
    check_class_table(table, overwrite)
    return _with_table(table, classes, stack, writing)


def _with_table(
    table: Path,
    classes: ClassTable,
    stack: LabelStack,
    writing: Writing,
) -> Writing:
    """Write labels and the table of their classes: both, or neither."""
    with closing(writing), replacing(table) as partial_path:
        blocks = block_regions(stack.shape, natural_block(stack)) if classes.of_label else ()
        present = {label for region in blocks for label in labels_in(stack.read(region))}
        write_class_table(partial_path, classes, present)
        written = yield from writing
    return [*written, os.fspath(table)]


def version_of(target: Path, version: str | None) -> str:
    """Version of OME-Zarr for labels at a path, after a check of the user's choice.

    Parameters
    ----------
    target : Path
        Path of the labels, of any format.
    version : str, optional
        Version that the user gave.

    Raises
    ------
    OutputError
        If it cannot be written, is not that of the image or plate around the labels, or the labels
        are a TIFF.
    """
    image = image_group_of(target)
    around = label_plate_version(target) if image is None else image.version
    if version is None:
        return around or LATEST
    checked_version(version)
    if around is not None and version != around:
        place = target.parents[2] if image is None else image.path
        raise OutputError(
            f"{place} is OME-Zarr {around}, and so are labels in it: leave the version out, or "
            "save them beside it"
        )
    if around is None and not target.name.lower().endswith(".zarr"):
        raise OutputError(
            f"{target.name} is no OME-Zarr: leave the version of OME-Zarr out, or name it .ome.zarr"
        )
    return version


def suffix_of(name: str) -> str:
    """Suffix of a name for labels, one of :data:`SUFFIXES`.

    Raises
    ------
    OutputError
        If the name ends in none of them, or is a suffix alone.
    """
    for suffix in SUFFIXES:
        if name.lower().endswith(suffix) and name.lower() not in SUFFIXES:
            return suffix
    raise OutputError(
        f"{name!r} does not say how to save labels: use a name that ends in one of "
        f"{', '.join(SUFFIXES)}"
    )
