"""Companions: further files of an image that is split into several, as OME-TIFF allows."""

from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree

import tifffile

_SUFFIXES = (".tif", ".tiff")


def companion_files(path: Path) -> set[Path]:
    """Find the other files that hold planes or the metadata of an image.

    Parameters
    ----------
    path : Path
        A file of the image.

    Returns
    -------
    set of Path
        Files named by the OME-XML (``UUID FileName`` and ``BinaryOnly MetadataFile``), whether they
        exist or not. Empty for other images, and for files that cannot be read.
    """
    xml = ome_xml(path)
    files = {path} | _named_in(xml, path)
    if (elsewhere := metadata_file(path, xml)) is not None:
        files |= _named_in(ome_xml(elsewhere), elsewhere)
    return files - {path}


def metadata_file(path: Path, xml: str) -> Path | None:
    """File with the metadata of an image that is split into several.

    Parameters
    ----------
    path : Path
        A TIFF.
    xml : str
        Its OME-XML; may be empty.

    Returns
    -------
    Path or None
        The ``MetadataFile`` of ``BinaryOnly``, whether it exists or not; None for other images.
    """
    root = _root(xml)
    only = None if root is None else root.find("{*}BinaryOnly")
    name = None if only is None else only.get("MetadataFile")
    return path.with_name(Path(name).name) if name else None


def ome_xml(path: Path) -> str:
    """OME-XML of a TIFF or of a metadata file; empty if it is missing or unreadable."""
    try:
        if not path.name.lower().endswith(_SUFFIXES):
            return path.read_text(encoding="utf-8")
        with tifffile.TiffFile(path) as tiff:
            return tiff.ome_metadata or ""
    except Exception:  # damaged files raise errors of many kinds
        return ""


def ome_images(xml: str) -> list[ElementTree.Element]:
    """Elements ``Image`` of OME-XML; empty for damaged XML."""
    root = _root(xml)
    return [] if root is None else root.findall("{*}Image")


def file_sets(paths: Sequence[Path]) -> dict[Path, list[Path]]:
    """Group files that are parts of the same image.

    Parameters
    ----------
    paths : sequence of Path
        Images.

    Returns
    -------
    dict of Path to list of Path
        The first file of each image to its other files among `paths`, in their order. Two files
        belong together if each names the other: a copy of a file under another name stands alone.
    """
    named = {
        path: companion_files(path) if path.name.lower().endswith(_SUFFIXES) else set()
        for path in paths
    }
    first_of: dict[Path, Path] = {}
    for path in paths:
        if path in first_of:
            continue
        reached, waiting = {path}, [path]
        while waiting:
            part = waiting.pop()
            linked = {other for other in named[part] if part in named.get(other, ())}
            waiting += linked - reached
            reached |= linked
        first_of |= dict.fromkeys(reached, path)
    sets: dict[Path, list[Path]] = {first: [] for first in dict.fromkeys(first_of.values())}
    for path in dict.fromkeys(paths):
        if first_of[path] != path:
            sets[first_of[path]].append(path)
    return sets


def _named_in(xml: str, file: Path) -> set[Path]:
    """Files named by the OME-XML of a file, in the folder of the file."""
    root = _root(xml)
    if root is None:
        return set()
    named = [element.get("FileName") for element in root.iterfind(".//{*}UUID")]
    named += [element.get("MetadataFile") for element in root.iterfind("{*}BinaryOnly")]
    return {file.with_name(Path(name).name) for name in named if name}


def _root(xml: str) -> ElementTree.Element | None:
    try:
        return ElementTree.fromstring(xml)
    except (ElementTree.ParseError, ValueError):
        return None
