"""Companions: further files of an image that is split into several, as OME-TIFF allows."""

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
    files = {path}
    for name in _named_in(path):
        files.add(path.with_name(name))
        if not name.lower().endswith(_SUFFIXES):  # metadata in a file of their own
            files |= {path.with_name(further) for further in _named_in(path.with_name(name))}
    return files - {path}


def _named_in(path: Path) -> set[str]:
    """Names of files in the OME-XML of a TIFF, or in a file of OME-XML."""
    try:
        root = ElementTree.fromstring(_ome_xml(path))
    except Exception:  # damaged files raise errors of many kinds
        return set()
    named = [element.get("FileName") for element in root.iterfind(".//{*}UUID")]
    named += [element.get("MetadataFile") for element in root.iterfind("{*}BinaryOnly")]
    return {Path(name).name for name in named if name}


def _ome_xml(path: Path) -> str:
    if not path.name.lower().endswith(_SUFFIXES):
        return path.read_text(encoding="utf-8")
    with tifffile.TiffFile(path) as tiff:
        return tiff.ome_metadata or ""
