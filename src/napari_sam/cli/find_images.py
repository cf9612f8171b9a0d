"""Find images: turn the words of the command line into a task for each image."""

import csv
import glob
import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from napari_sam.errors import ImageError, OutputError

from .task import Task

LABELS = "_labels"
"""Added to the stem of an image to name its labels; files with such a stem are not segmented."""

_TABLES = (".csv", ".tsv")
"""Suffixes of tables of images."""

_LONG_SUFFIXES = (".ome.zarr.zip", ".zarr.zip", ".ome.zarr", ".ome.ozx", ".ome.tif", ".ome.tiff")
"""Suffixes of several parts, which :func:`stem` removes whole."""

_COLUMNS = ("output", "points", "boxes", "tracks")
"""Columns of a table that hold paths beside ``image``: parameters of :class:`Task`."""


def is_one_image(images: Sequence[str]) -> bool:
    """Whether the words name a single image, not several, a folder, a pattern or a table.

    Parameters
    ----------
    images : sequence of str
        IMAGE arguments of the command line, at least one.
    """
    path = Path(images[0])
    if len(images) > 1 or path.suffix.lower() in _TABLES:
        return False
    if path.exists():
        return not is_folder_of_images(path)
    return not glob.has_magic(images[0])


def tables_in(images: Sequence[str]) -> list[Path]:
    """Return the tables of images among the IMAGE arguments of the command line."""
    return [path for path in map(Path, images) if path.suffix.lower() in _TABLES]


def find_tasks(
    images: Sequence[str], output: Path, suffix: str, measures: Sequence[str] = ()
) -> list[Task]:
    """Find all images of a command, and name a file for the labels of each image.

    Parameters
    ----------
    images : sequence of str
        Files, zarr folders, folders of images, patterns, or tables. A table has a column ``image``,
        and optionally ``output``, ``points``, ``boxes`` and ``tracks``, with paths relative to the
        folder of the table.
    output : Path
        Folder for the labels; made if it is missing.
    suffix : str
        Suffix for the labels: ``.ome.tif``, ``.ome.zarr`` or ``.tif``.
    measures : sequence of str
        Suffixes of tables and outlines, such as ``.csv``; these files go beside the labels.

    Returns
    -------
    list of Task
        In the order of `images`, and by name within a folder or pattern. An image that occurs
        twice has one task.

    Raises
    ------
    ImageError
        If no image is found, or a table cannot be read.
    OutputError
        If a suffix is not a format, two images would get the same labels, or `output` is a file or
        cannot be made.
    """
    from napari_sam.labels import SUFFIXES

    if suffix not in SUFFIXES:
        raise OutputError(f"--suffix {suffix!r} says no format: use .ome.tif, .ome.zarr or .tif")
    if output.name.lower().endswith(SUFFIXES) or output.is_file():
        raise OutputError(f"{output} is one file, and there are several images: name a folder")
    for kind in measures:
        if not kind.startswith(".") or "." in kind[1:]:
            raise OutputError(f"--measure {kind} is one file: for several images say .csv")
    tasks = {
        task.image: replace(task, measures=_beside(task, measures))
        for words in images
        for task in _tasks(words, output, suffix)
    }
    if not tasks:
        raise ImageError(f"no image in {', '.join(images)}: give TIFF, OME-Zarr, npy or png files")
    owners: dict[Path, Path | str] = {}
    for task in tasks.values():
        if (other := owners.setdefault(task.output, task.image)) != task.image:
            raise OutputError(
                f"{other} and {task.image} would both be written to {task.output}: give a table "
                "with the columns image and output"
            )
    try:
        output.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{output} cannot be made ({error.strerror}): choose another") from error
    return list(tasks.values())


def _tasks(words: str, output: Path, suffix: str) -> Iterator[Task]:
    """Yield the tasks for an IMAGE argument."""
    path = Path(words)
    if path.suffix.lower() in _TABLES:
        yield from _table(path, output, suffix)
        return
    if not path.exists() and glob.has_magic(words):
        matches = [Path(name) for name in sorted(glob.glob(words, recursive=True))]
        paths = [match for match in matches if _is_image(match)]
    else:
        paths = images_in(path) if is_folder_of_images(path) else [path]
    for image in paths:
        yield Task(image, output / f"{stem(image)}{LABELS}{suffix}")


def _table(path: Path, output: Path, suffix: str) -> Iterator[Task]:
    """Yield the tasks of a table, row by row."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = list(csv.DictReader(file, delimiter="\t" if path.suffix == ".tsv" else ","))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ImageError(f"{path} is not a table that can be read: {error}") from error
    if rows and "image" not in rows[0]:
        raise ImageError(f"{path} has no column image: its first line names the columns")
    for row in rows:
        image = path.parent / str(row["image"])
        default = output / f"{stem(image)}{LABELS}{suffix}"
        columns: dict[str, Any] = {
            name: path.parent / str(row[name]) for name in _COLUMNS if row.get(name)
        }
        yield replace(Task(image, default), **columns)


def _beside(task: Task, suffixes: Sequence[str]) -> tuple[Path, ...]:
    """Return files beside the labels of a task, with the same stem."""
    return tuple(task.output.with_name(stem(task.output) + suffix) for suffix in suffixes)


def images_in(folder: Path) -> list[Path]:
    """List the images in a folder, sorted by name and without label files.

    Raises
    ------
    ImageError
        If the folder cannot be read.
    """
    try:
        return sorted(path for path in folder.iterdir() if _is_image(path))
    except OSError as error:
        raise ImageError(f"{folder} cannot be read: {error.strerror}") from error


def is_folder_of_images(path: Path) -> bool:
    """Whether a path is a folder, but not the folder of a zarr."""
    return path.is_dir() and not _is_zarr(path)


def _is_image(path: Path) -> bool:
    return can_be_read(path) and not stem(path).endswith(LABELS)


def can_be_read(path: Path) -> bool:
    """Whether a file has the suffix of an image format, or a folder is a zarr."""
    from napari_sam.image.read import has_image_suffix

    if path.name.startswith("."):
        return False
    return _is_zarr(path) if path.is_dir() else has_image_suffix(path.name)


def _is_zarr(path: Path) -> bool:
    return any((path / name).is_file() for name in ("zarr.json", ".zgroup", ".zarray"))


def stem(path: Path) -> str:
    """Return the name of a file without its suffix: ``a`` for ``a.tif`` and ``a.ome.tif``."""
    for suffix in _LONG_SUFFIXES:
        if path.name.lower().endswith(suffix):
            return path.name[: -len(suffix)]
    return os.path.splitext(path.name)[0]
