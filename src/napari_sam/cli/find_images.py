"""Which images are meant: one, several, a folder, a pattern, or a table."""

import csv
import glob
import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from napari_sam.errors import ImageError, OutputError

from .segment_image import Task

LABELS = "_labels"
"""Ends the name of the labels of one image of several; such files are no images."""

_TABLES = (".csv", ".tsv")
_SUFFIXES = (".ome.zarr", ".ome.tif", ".ome.tiff")
_COLUMNS = ("output", "points", "boxes", "tracks")


def is_one_image(images: Sequence[str]) -> bool:
    """Whether it is one image, and not a folder of images, a pattern or a table."""
    path = Path(images[0])
    if len(images) > 1 or path.suffix.lower() in _TABLES:
        return False
    if path.exists():
        return not is_folder_of_images(path)
    return not glob.has_magic(images[0])


def find_tasks(
    images: Sequence[str], output: Path, suffix: str, measures: Sequence[str] = ()
) -> list[Task]:
    """All images that are meant, each with a place for its labels.

    Parameters
    ----------
    images : sequence of str
        Files, zarr folders, folders of images, patterns, or tables with a column ``image``, and
        maybe ``output``, ``points``, ``boxes`` and ``tracks``; paths in a table start from it.
    output : Path
        Folder of the labels; made if it is missing.
    suffix : str
        Ends the names of the labels.
    measures : sequence of str
        Suffixes of what is measured; it goes beside the labels.

    Returns
    -------
    list of Task
        In the order given; of a folder or pattern, by name. The same image twice counts once.

    Raises
    ------
    ImageError
        If there is no image, or a table cannot be read.
    OutputError
        If two images would get the same labels, or `output` is not a folder.
    """
    from napari_sam.labels import SUFFIXES

    if suffix not in SUFFIXES:
        raise OutputError(f"--suffix {suffix!r} says no format: use .ome.tif, .ome.zarr or .tif")
    if output.name.lower().endswith(SUFFIXES) or output.is_file():
        raise OutputError(f"{output} is one file, and there are several images: name a folder")
    for kind in measures:
        if not kind.startswith(".") or "." in kind[1:]:
            raise OutputError(f"--measure {kind} is one file: for several images say .csv")
    found = (task for given in images for task in _tasks(given, output, suffix))
    tasks = {task.image: replace(task, measures=_beside(task, measures)) for task in found}
    tasks = {
        image: replace(task, measures=_beside(task, measures)) for image, task in tasks.items()
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


def _tasks(given: str, output: Path, suffix: str) -> Iterator[Task]:
    path = Path(given)
    if path.suffix.lower() in _TABLES:
        yield from _table(path, output, suffix)
        return
    if not path.exists() and glob.has_magic(given):
        found = [Path(name) for name in sorted(glob.glob(given, recursive=True))]
        found = [one for one in found if _is_image(one)]
    else:
        found = images_in(path) if is_folder_of_images(path) else [path]
    for image in found:
        yield Task(image, output / f"{stem(image)}{LABELS}{suffix}")


def _table(path: Path, output: Path, suffix: str) -> Iterator[Task]:
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
        named: dict[str, Any] = {
            name: path.parent / str(row[name]) for name in _COLUMNS if row.get(name)
        }
        yield replace(Task(image, default), **named)


def _beside(task: Task, suffixes: Sequence[str]) -> tuple[Path, ...]:
    return tuple(task.output.with_name(stem(task.output) + suffix) for suffix in suffixes)


def images_in(folder: Path) -> list[Path]:
    """Images of a folder, by name, without the labels of images.

    Raises
    ------
    ImageError
        If it cannot be read.
    """
    try:
        return sorted(path for path in folder.iterdir() if _is_image(path))
    except OSError as error:
        raise ImageError(f"{folder} cannot be read: {error.strerror}") from error


def is_folder_of_images(path: Path) -> bool:
    """Whether it is a folder, and not one that a zarr is made of."""
    return path.is_dir() and not _is_zarr(path)


def _is_image(path: Path) -> bool:
    return can_be_read(path) and not stem(path).endswith(LABELS)


def can_be_read(path: Path) -> bool:
    """Whether it is an image or labels, by its name; of a folder, whether it is a zarr."""
    from napari_sam.image.read import SUFFIXES

    if path.name.startswith("."):
        return False
    return _is_zarr(path) if path.is_dir() else path.suffix.lower() in SUFFIXES


def _is_zarr(path: Path) -> bool:
    return any((path / name).is_file() for name in ("zarr.json", ".zgroup", ".zarray"))


def stem(path: Path) -> str:
    """Name of a file without its suffix, which may have two parts."""
    for suffix in _SUFFIXES:
        if path.name.lower().endswith(suffix):
            return path.name[: -len(suffix)]
    return os.path.splitext(path.name)[0]
