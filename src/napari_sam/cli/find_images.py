"""Find images: turn the words of the command line into a task for each image."""

import csv
import glob
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from napari_sam.document import parse_document
from napari_sam.errors import ImageError, OutputError
from napari_sam.folder.image_names import images_in, images_like, is_folder_of_images

from .label_places import LabelPlaces
from .task import Task

if TYPE_CHECKING:
    from napari_sam.image.plate import Plate

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
    if len(images) > 1 or _is_table(images[0]):
        return False
    if os.path.exists(path):  # of a name that is too long: False
        return not is_folder_of_images(path)
    return not glob.has_magic(images[0])


def tables_in(images: Sequence[str]) -> list[Path]:
    """Return the tables of images among the IMAGE arguments of the command line."""
    return [Path(words) for words in images if _is_table(words)]


def find_plates(images: Sequence[str], wells: str | None = None) -> "dict[Path | str, Plate]":
    """Find OME-Zarr plates, or wells and fields of them, among the images of a command.

    Parameters
    ----------
    images : sequence of str
        As for :func:`find_tasks`; tables are left out.
    wells : str, optional
        Chosen wells, see :func:`napari_sam.image.read_plate.read_plate`.

    Returns
    -------
    dict of Path or str to Plate
        Path of an image, as :func:`find_tasks` finds it, to the fields there.

    Raises
    ------
    ImageError
        If the only image is a damaged plate or one without a field, a plate has none of the wells,
        or there is no plate to choose wells from.
    """
    paths = [path for words in images if not _is_table(words) for path in _paths(words)]
    plates = {path: plate for path in paths if (plate := _plate(path, wells, images)) is not None}
    if wells is not None and not plates:
        raise ImageError(
            f"--wells chooses wells of an OME-Zarr plate, and {', '.join(images)} is none: leave "
            "--wells out"
        )
    return plates


def _plate(path: Path | str, wells: str | None, images: Sequence[str]) -> "Plate | None":
    """Read a plate; None for any other image, and for a damaged plate among other images."""
    from napari_sam.image.read_plate import read_plate

    try:
        plate = read_plate(path, wells)
        if plate is not None and not plate.fields:
            raise ImageError(
                f"{path} is a plate of which no field is there: check that it was copied whole"
            )
    except ImageError:
        if wells is not None or (len(images) == 1 and not is_folder_of_images(Path(images[0]))):
            raise
        return None  # it fails in its row of the report, and does not stop the others
    return plate


def find_tasks(
    images: Sequence[str],
    places: LabelPlaces,
    measures: Sequence[str] = (),
    plates: "Mapping[Path | str, Plate]" = MappingProxyType({}),
) -> list[Task]:
    """Find all images of a command, and name a file for the labels of each image.

    Parameters
    ----------
    images : sequence of str
        Files, zarr folders, folders of images, patterns, or tables. A table has a column ``image``,
        and optionally ``output``, ``points``, ``boxes`` and ``tracks``, with paths relative to the
        folder of the table.
    places : LabelPlaces
        Where the labels go; the folder is made if it is missing.
    measures : sequence of str
        Suffixes of tables and outlines, such as ``.csv``, see :meth:`.LabelPlaces.measures`.
    plates : mapping of Path or str to Plate
        Plates among the images, from :func:`find_plates`: each field has a task of its own.

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
        If a suffix is not a format, two images would get the same labels, or the output folder is a
        file or cannot be made.
    """
    places.check()
    for kind in measures:
        if not kind.startswith(".") or "." in kind[1:]:
            raise OutputError(f"--measure {kind} is one file: for several images say .csv")
    named = (task for words in images for task in _tasks(words, places, plates))
    tasks = [replace(task, measures=places.measures(task, measures)) for task in named]
    tasks = list(dict.fromkeys(tasks))
    if not tasks:
        raise ImageError(f"no image in {', '.join(images)}: give TIFF, OME-Zarr, npy or png files")
    owners: dict[Path, Task] = {}
    for task in tasks:
        if (other := owners.setdefault(task.output, task)) is not task:
            raise OutputError(
                f"{other.image} and {task.image} would both be written to {task.output}: give a "
                "table with the columns image and output"
            )
    places.make_folder()
    return tasks


def _tasks(words: str, places: LabelPlaces, plates: "Mapping[Path | str, Plate]") -> Iterator[Task]:
    """Yield the tasks for an IMAGE argument."""
    if _is_table(words):
        yield from _table(Path(words), places)
        return
    for image in _paths(words):
        if image in plates:
            yield from (places.task_of_field(plates[image], f) for f in plates[image].fields)
        else:
            yield Task(image, places.of_image(image))


def _is_table(words: str) -> bool:
    return Path(words).suffix.lower() in _TABLES


def _paths(words: str) -> list[Path | str]:
    """Return the images of an IMAGE argument that is no table; a URL stays a str."""
    from napari_sam.image.read import is_url

    if is_url(words):
        return [words]
    path = Path(words)
    if not os.path.exists(path) and glob.has_magic(words):
        return [*images_like(path)]
    return [*images_in(path)] if is_folder_of_images(path) else [path]


def _table(path: Path, places: LabelPlaces) -> Iterator[Task]:
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
        paths = {name: path.parent / cell for name in _COLUMNS if (cell := getattr(row, name))}
        yield replace(Task(image, places.of_image(image)), **paths)
