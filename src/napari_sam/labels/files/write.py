"""Write: labels into the file that the suffix of its name says."""

import os
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

from napari_sam.errors import OutputError
from napari_sam.labels.blocks import block_regions, natural_block
from napari_sam.labels.classes import ClassTable

from .atomic import replacing
from .class_files import check_class_table, class_table_path, is_class_table, write_class_table
from .image_group import ImageGroup, image_group_of, relative_source
from .image_label import NO_CLASSES, Properties, labels_in
from .ome_zarr import write_ome_zarr
from .stack import LabelStack, label_stack
from .target import check_target
from .tiff import write_imagej, write_ome_tiff

Steps = Iterator[tuple[int, int]]
Write = Callable[[Path], Steps]

SUFFIXES = (".ome.zarr", ".zarr", ".ome.tif", ".ome.tiff", ".tif", ".tiff")


def write_labels(
    path: str | os.PathLike[str],
    labels: Any,
    *,
    axes: str | Sequence[str] | None = None,
    scale: Sequence[float] | None = None,
    units: Sequence[object] | None = None,
    translate: Sequence[float] | None = None,
    source: str | os.PathLike[str] | None = None,
    overwrite: bool = False,
    properties: Properties | None = None,
    classes: ClassTable | None = None,
    progress: Callable[[int, int], object] | None = None,
) -> list[str]:
    """Save labels; the arguments are those of :func:`iter_write_labels`.

    Parameters
    ----------
    path, labels, axes, scale, units, translate, source, overwrite, properties, classes
        See :func:`iter_write_labels`.
    progress : callable, optional
        Called with steps done and steps in all, after each step.

    Returns
    -------
    list of str
        The path that was written; of a TIFF with classes, also that of the table.

    Raises
    ------
    OutputError, LabelError
        See :func:`iter_write_labels`.
    """
    steps = iter_write_labels(
        path,
        labels,
        axes=axes,
        scale=scale,
        units=units,
        translate=translate,
        source=source,
        overwrite=overwrite,
        properties=properties,
        classes=classes,
    )
    while True:
        try:
            done, total = next(steps)
        except StopIteration as end:
            return list(end.value)
        if progress is not None:
            progress(done, total)


def iter_write_labels(
    path: str | os.PathLike[str],
    labels: Any,
    *,
    axes: str | Sequence[str] | None = None,
    scale: Sequence[float] | None = None,
    units: Sequence[object] | None = None,
    translate: Sequence[float] | None = None,
    source: str | os.PathLike[str] | None = None,
    overwrite: bool = False,
    properties: Properties | None = None,
    classes: ClassTable | None = None,
) -> Generator[tuple[int, int], None, list[str]]:
    """Save labels step by step, as the suffix says, without loading them whole.

    ``.ome.zarr``, ``.zarr``
        OME-Zarr 0.5 label image, uint32, with a pyramid. ``<image>.zarr/labels/<name>`` inside
        an OME-Zarr 0.5 image works with any name, and is listed there.
    ``.ome.tif``, ``.ome.tiff``
        OME-TIFF, uint32, tiled, zlib.
    ``.tif``, ``.tiff``
        ImageJ hyperstack, uint16. Labels above 65535, or more than 4 GiB, are written as an
        OME-TIFF of that name, with a warning: labels are never renumbered.

    The arguments are checked at once, the file appears under its name when the generator ends.
    Until then, and if anything fails or the generator is closed, what was there stays as it was.

    Parameters
    ----------
    path : path-like
        Where to.
    labels : array-like
        2 to 5 dimensions of integers from 0 to 2**32 - 1; numpy, zarr, dask or alike.
    axes : str or sequence of str, optional
        Of ``TCZYX``, one per axis in any order, or a napari layer's axis labels.
    scale, translate : sequence of float, optional
        Size of a pixel, and position of the first pixel's centre, per axis.
    units : sequence, optional
        Unit per axis, such as ``"micrometer"``, ``"um"`` or ``"pixel"``.
    source : path-like, optional
        The image that was segmented: noted in OME-Zarr, and never overwritten.
    overwrite : bool
        Whether to replace what is there.
    properties : mapping, optional
        Label to a mapping of names to values, kept in OME-Zarr only.
    classes : ClassTable, optional
        Of the objects: in an OME-Zarr they are properties and colours of ``image-label``, beside
        a TIFF a table ``<name>_classes.csv``.

    Yields
    ------
    tuple of int
        Steps done, and steps in all.

    Returns
    -------
    list of str
        The path that was written; of a TIFF with classes, also that of the table.

    Raises
    ------
    OutputError
        If the suffix is unknown, the target exists, cannot be written, or belongs to another
        program, or the axes do not fit.
    LabelError
        If the labels are not integers, or, while writing, if one does not fit.
    """
    target = Path(os.path.realpath(path))
    stack = label_stack(labels, axes, scale, translate, units)
    image = image_group_of(target)
    suffix = ".zarr" if image else _suffix(target.name)
    origin = None if source is None else Path(source)
    check_target(target, suffix.endswith(".zarr"), overwrite, origin)
    name = target.name if image else target.name[: -len(suffix)]
    classes = classes or NO_CLASSES
    if suffix.endswith(".zarr"):
        write = _zarr_writer(target, stack, name, image, origin, properties, classes)
        return _replace(target, write, image, os.fspath(path))
    if suffix.startswith(".ome."):
        write = partial(write_ome_tiff, stack=stack, name=name)
    else:
        write = partial(write_imagej, stack=stack, name=target.name)
    table = class_table_path(target)
    if not classes.classes and not (overwrite and is_class_table(table)):
        return _replace(target, write, image, os.fspath(path))
    # Classes of labels that were there before are not those of the new ones.
    check_class_table(table, overwrite)
    return _with_table(table, classes, stack, _replace(target, write, image, os.fspath(path)))


def _zarr_writer(
    target: Path,
    stack: LabelStack,
    name: str,
    image: ImageGroup | None,
    origin: Path | None,
    properties: Properties | None,
    classes: ClassTable,
) -> Write:
    origin = image.path if image else origin
    return partial(
        write_ome_zarr,
        stack=stack,
        name=name,
        factors=image.factors(stack) if image else None,
        properties=properties,
        source=None if origin is None else relative_source(origin, target),
        classes=classes,
    )


def _replace(
    target: Path, write: Write, image: ImageGroup | None, path: str
) -> Generator[tuple[int, int], None, list[str]]:
    if image:
        image.make_labels_folder()
    with replacing(target) as place:
        yield from write(place)
    if image:
        image.register(target.name)
    return [path]


def _with_table(
    table: Path,
    classes: ClassTable,
    stack: LabelStack,
    writing: Generator[tuple[int, int], None, list[str]],
) -> Generator[tuple[int, int], None, list[str]]:
    """Labels and the table of their classes: both, or none."""
    with closing(writing), replacing(table) as place:
        blocks = block_regions(stack.shape, natural_block(stack)) if classes.of_label else ()
        present = {label for region in blocks for label in labels_in(stack.read(region))}
        write_class_table(place, classes, present)
        written = yield from writing
    return [*written, os.fspath(table)]


def _suffix(name: str) -> str:
    for suffix in SUFFIXES:
        if name.lower().endswith(suffix) and name.lower() not in SUFFIXES:
            return suffix
    raise OutputError(
        f"{name!r} does not say how to save labels: use a name that ends in one of "
        f"{', '.join(SUFFIXES)}"
    )
