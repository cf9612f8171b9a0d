"""Find images: turn the words of the command line into a task for each image."""

import csv
import glob
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from napari_sam.document import parse_document
from napari_sam.errors import ImageError, OutputError
from napari_sam.folder.image_names import (
    images_in,
    images_like,
    is_folder_of_images,
    labels_name,
    stem,
)

from .task import Task

_TABLES = (".csv", ".tsv")
"""Suffixes of tables of images."""

_COLUMNS = ("output", "points", "boxes", "tracks")
"""Columns of a table that hold paths beside ``image``: parameters of :class:`Task`."""


_ADVICE = "correct the table"


@dataclass(frozen=True, slots=True)
class _Row:
    """Row of a table of images: paths relative to the folder of the table, empty by default."""

    image: str
    output: str | None = None
    points: str | None = None
    boxes: str | None = None
    tracks: str | None = None

    def __post_init__(self) -> None:
        if not self.image:
            raise ValueError("there is no image")
        if any("\0" in (getattr(self, name) or "") for name in ("image", *_COLUMNS)):
            raise ValueError("a path has a character of number 0")


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
    if os.path.exists(path):  # of a name that is too long: False
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
        In the order of `images`, and by name within a folder or pattern. A row that occurs twice
        has one task; rows of one image with different outputs or prompts are tasks of their own.

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
    named = (task for words in images for task in _tasks(words, output, suffix))
    tasks = list(dict.fromkeys(replace(task, measures=_beside(task, measures)) for task in named))
    if not tasks:
        raise ImageError(f"no image in {', '.join(images)}: give TIFF, OME-Zarr, npy or png files")
    owners: dict[Path, Task] = {}
    for task in tasks:
        if (other := owners.setdefault(task.output, task)) is not task:
            raise OutputError(
                f"{other.image} and {task.image} would both be written to {task.output}: give a "
                "table with the columns image and output"
            )
    try:
        output.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{output} cannot be made ({error.strerror}): choose another") from error
    return tasks


def _tasks(words: str, output: Path, suffix: str) -> Iterator[Task]:
    """Yield the tasks for an IMAGE argument."""
    path = Path(words)
    if path.suffix.lower() in _TABLES:
        yield from _table(path, output, suffix)
        return
    if not os.path.exists(path) and glob.has_magic(words):
        paths = images_like(path)
    else:
        paths = images_in(path) if is_folder_of_images(path) else [path]
    for image in paths:
        yield Task(image, output / labels_name(image, suffix))


def _table(path: Path, output: Path, suffix: str) -> Iterator[Task]:
    """Yield the tasks of a table, row by row."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            table = csv.DictReader(file, delimiter="\t" if path.suffix == ".tsv" else ",")
            columns = table.fieldnames or ()
            rows = [(table.line_num, cells) for cells in table if any(cells.values())]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ImageError(f"{path} is not a table that can be read: {error}") from error
    if "image" not in columns:
        raise ImageError(f"{path} has no column image: its first line names the columns")
    for number, cells in rows:
        row = parse_document(_Row, cells, f"{path}, line {number}", ImageError, _ADVICE)
        image = path.parent / row.image
        default = output / labels_name(image, suffix)
        paths = {name: path.parent / cell for name in _COLUMNS if (cell := getattr(row, name))}
        yield replace(Task(image, default), **paths)


def _beside(task: Task, suffixes: Sequence[str]) -> tuple[Path, ...]:
    """Return files beside the labels of a task, with the same stem."""
    return tuple(task.output.with_name(stem(task.output) + suffix) for suffix in suffixes)
