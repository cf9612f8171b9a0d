"""Read: files of outlines by the ending of their name."""

import gzip
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

from napari_sam.errors import LabelError, reason

from .cellpose_text import read_cellpose_text
from .drawn_object import Outlines
from .geojson import read_geojson
from .imagej_rois import read_rois

_BROKEN = (OSError, EOFError, zlib.error, zipfile.BadZipFile, RuntimeError, UnicodeDecodeError)
"""Errors of files that are missing or damaged."""

_IN_ZIP = (".roi", ".geojson")

Reader = Callable[[str, bytes], Outlines]

_READERS: dict[str, Reader] = {
    ".geojson": read_geojson,
    ".json": read_geojson,
    ".roi": lambda name, content: read_rois(name, {"": content}),
    ".txt": read_cellpose_text,
}

SUFFIXES = (*_READERS, ".geojson.gz", ".json.gz", ".zip")
"""Endings of the names of files of outlines."""


def is_outlines(path: Path) -> bool:
    """Whether a path names a file of outlines; the content of a zip decides, not its name."""
    name = path.name.lower()
    if not name.endswith(SUFFIXES) or path.is_dir():
        return False
    return not name.endswith(".zip") or _holds_outlines(path)


def _holds_outlines(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            return any(name.lower().endswith(_IN_ZIP) for name in archive.namelist())
    except _BROKEN:
        return False


def read_outlines(path: Path) -> Outlines:
    """Read the outlines of a file.

    Parameters
    ----------
    path : Path
        GeoJSON of QuPath and others, plain, ``.gz`` or in a ``.zip``; a ``.roi`` or a ``.zip`` of
        ROIs of ImageJ, Fiji and StarDist; ``_outlines.txt`` of Cellpose.

    Raises
    ------
    LabelError
        If the file is missing or damaged, holds no outline of an area, or a library is missing.
    """
    name = str(path)
    try:
        if path.suffix.lower() == ".zip":
            return _read_zip(path)
        if path.suffix.lower() == ".gz":
            return read_geojson(name, gzip.decompress(path.read_bytes()))
        return _READERS[path.suffix.lower()](name, path.read_bytes())
    except FileNotFoundError:
        raise LabelError(f"no file {path}: check the path") from None
    except _BROKEN as error:
        raise LabelError(
            f"{path} cannot be read ({reason(error)}): save the outlines again"
        ) from error


def _read_zip(path: Path) -> Outlines:
    with zipfile.ZipFile(path) as archive:
        names = [name for name in archive.namelist() if not name.endswith("/")]
        documents = [name for name in names if name.lower().endswith(".geojson")]
        if documents:  # as QuPath compresses an export
            return read_geojson(f"{path}, {documents[0]}", archive.read(documents[0]))
        rois = {name: archive.read(name) for name in names if name.lower().endswith(".roi")}
    if not rois:
        raise LabelError(
            f"{path} holds neither ROIs nor GeoJSON: save the list of the ROI Manager in Fiji, or "
            "export GeoJSON in QuPath"
        )
    return read_rois(str(path), rois)
