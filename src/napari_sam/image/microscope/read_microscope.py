"""Read microscope: choice of a reader for a microscope's file, and advice on a missing package."""

from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from napari_sam.errors import ImageError
from napari_sam.image.series import Series
from napari_sam.image.stored_image import StoredImage

_LIBRARIES = {".czi": "pylibCZIrw", ".nd2": "nd2", ".lif": "liffile"}
"""Suffix of a file -> library that reads it: Zeiss, Nikon, Leica."""

MICROSCOPES = frozenset(_LIBRARIES)
"""Suffixes of the files of microscopes."""


def read_microscope(path: Path, series: Series | None = None) -> StoredImage:
    """Open an image of a CZI, ND2 or LIF; pixels are read later, region by region.

    Parameters
    ----------
    path : Path
        A file with a suffix of :data:`MICROSCOPES`.
    series : int or str, optional
        Number or name of the scene, position or series; the first by default.

    Returns
    -------
    StoredImage

    Raises
    ------
    ImageError
        If the library for the file is missing, with the command that installs it.
    """
    suffix = path.suffix.lower()
    library = _LIBRARIES[suffix]
    if find_spec(library) is None:
        raise ImageError(
            f"{path} needs {library}, which reads {suffix}: run pip install "
            '"napari-sam-microscopy[formats]"'
        )
    reader: Any = import_module(f"{__package__}.read_{suffix[1:]}")
    stored: StoredImage = reader.read(path, series)
    return stored
