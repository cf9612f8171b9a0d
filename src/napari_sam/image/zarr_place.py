"""Zarr place: open a group or array in a zarr folder, a zip or at a URL."""

import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import zarr
from zarr.storage import ZipStore

from napari_sam.errors import ImageError

ZIPS = (".ozx", ".zip")
"""Suffixes of zarrs that are one file: OME-Zarr's own, and ``.zarr.zip``."""

_OF_MACOS = "__MACOSX"
"""Folder that macOS adds to a zip of a folder, with attributes of the files."""

_MARKERS = ("zarr.json", ".zgroup", ".zarray")


@dataclass(frozen=True, slots=True)
class ZipPlace:
    """A path into a zip.

    Parameters
    ----------
    file : Path
        The zip.
    inside : str
        Path of a group or array in the zarr, with forward slashes; empty for its root.
    """

    file: Path
    inside: str


def zip_place(path: Path) -> ZipPlace | None:
    """Split a path into a zip on disk and a path in the zip; None for a path without a zip.

    Parameters
    ----------
    path : Path
        Such as ``plate.ozx`` or ``plate.ozx/A/1/0``.
    """
    for file in (path, *path.parents):
        if file.suffix.lower() in ZIPS and file.is_file():
            return ZipPlace(file, path.relative_to(file).as_posix().removeprefix("."))
    return None


def open_node(path: Path | str) -> Any:
    """Open a zarr group or array for reading.

    Parameters
    ----------
    path : Path or str
        A folder, a path into a zip, or a URL.

    Returns
    -------
    zarr.Group or zarr.Array
        A zip is closed when nothing of it is in use any more.

    Raises
    ------
    ImageError
        If a zip holds no zarr.
    """
    place = zip_place(path) if isinstance(path, Path) else None
    if place is None:
        return zarr.open(path, mode="r")
    root = _root_in(place.file)
    store = ZipStore(place.file, mode="r")
    inside = "/".join(part for part in (root, place.inside) if part)
    return zarr.open(store, path=inside, mode="r")


def _root_in(file: Path) -> str:
    """Folder of the zarr in a zip: the root, or a folder if somebody zipped the folder."""
    with zipfile.ZipFile(file) as content:
        names = content.namelist()
    for folder in ("", *_single_folder(names)):
        if any(f"{folder}/{marker}".lstrip("/") in names for marker in _MARKERS):
            return folder
    raise ImageError(f"{file} is a zip without a zarr: unpack it, and give the image inside it")


def _single_folder(names: Sequence[str]) -> list[str]:
    folders = {name.split("/")[0] for name in names} - {_OF_MACOS}
    return list(folders) if len(folders) == 1 else []
