"""Unlisted groups: wells and fields in the folder of a plate, but not in the plate's metadata."""

import os
from collections.abc import Collection
from pathlib import Path

from napari_sam.errors import ImageError

from .ome_zarr import OmeAttributes, ome_attributes
from .zarr_place import open_node

_MARKERS = ("zarr.json", ".zgroup")


def unlisted_wells(plate: Path | str, listed: Collection[str]) -> list[str]:
    """Paths ``row/column`` of wells in a folder that are not among the listed ones.

    Parameters
    ----------
    plate : Path or str
        The plate; nothing is looked for at a URL and in a zip.
    listed : collection of str
        Paths of the wells that the plate lists.
    """
    rows = _groups(plate, "")
    paths = [path for row in rows for path in _groups(plate, row) if path not in listed]
    return [path for path in paths if _attributes(plate, path).well is not None]


def unlisted_fields(plate: Path | str, well: str, listed: Collection[str]) -> list[str]:
    """Paths ``row/column/field`` of images in a well's folder that are not among the listed ones.

    Parameters
    ----------
    plate : Path or str
        The plate; nothing is looked for at a URL and in a zip.
    well : str
        Path of the well in it.
    listed : collection of str
        Paths of the images that the well lists, relative to the well.
    """
    paths = [path for path in _groups(plate, well) if path.removeprefix(f"{well}/") not in listed]
    return [path for path in paths if _attributes(plate, path).multiscales]


def is_group(folder: Path) -> bool:
    """Whether a folder on disk is a zarr group, or a zarr 3 array."""
    return any(os.path.isfile(folder / marker) for marker in _MARKERS)


def _groups(plate: Path | str, inside: str) -> list[str]:
    """Paths in the plate of the groups in a folder of it; sorted."""
    if isinstance(plate, str) or not plate.is_dir():
        return []
    try:
        folders = sorted((plate / inside).iterdir())
    except OSError:
        return []
    return [f"{inside}/{folder.name}".lstrip("/") for folder in folders if is_group(folder)]


def _attributes(plate: Path | str, inside: str) -> OmeAttributes:
    """OME attributes of a group in a plate; empty if they are damaged."""
    try:
        return ome_attributes(open_node(Path(plate) / inside).attrs.asdict(), inside)
    except (ImageError, OSError, ValueError):
        return OmeAttributes()
