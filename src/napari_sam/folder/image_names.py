"""Image names: images of a folder or of a pattern by their names, and names of their labels."""

import glob
import os
from pathlib import Path
from typing import TYPE_CHECKING

from napari_sam.errors import ImageError

if TYPE_CHECKING:
    from napari_sam.image.plate import PlateField

LABELS = "_labels"
"""Added to the stem of an image to name its labels; files with such a stem are not images."""

_LONG_SUFFIXES = (".ome.zarr.zip", ".zarr.zip", ".ome.zarr", ".ome.ozx", ".ome.tif", ".ome.tiff")
"""Suffixes of several parts, which :func:`stem` removes whole."""


def images_in(folder: Path) -> list[Path]:
    """List the images in a folder, sorted by name and without label files; none is opened.

    Raises
    ------
    ImageError
        If the folder cannot be read.
    """
    try:
        return sorted(path for path in folder.iterdir() if is_image(path))
    except OSError as error:
        raise ImageError(f"{folder} cannot be read: {error.strerror}") from error


def images_like(pattern: Path) -> list[Path]:
    """List the images that fit a pattern, sorted by name and without label files.

    Parameters
    ----------
    pattern : Path
        With ``*``, ``?``, ``**`` or letters in brackets.
    """
    root = root_of(pattern)
    names = glob.glob(str(pattern.relative_to(root)), root_dir=root, recursive=True)
    return [path for path in (root / name for name in sorted(names)) if is_image(path)]


def root_of(pattern: Path) -> Path:
    """Return the deepest existing folder of a pattern.

    Existing folders are taken by name: the brackets of a folder ``exp [1]`` would otherwise stand
    for one of several letters.
    """
    return next(folder for folder in pattern.parents if folder.is_dir())


def is_folder_of_images(path: Path) -> bool:
    """Whether a path is a folder, but not the folder of a zarr."""
    return os.path.isdir(path) and not is_zarr(path)


def is_image(path: Path) -> bool:
    """Whether a path has the name of an image, and not that of labels."""
    return can_be_read(path) and not stem(path).endswith(LABELS)


def can_be_read(path: Path) -> bool:
    """Whether a file has the suffix of an image format, or a folder is a zarr."""
    from napari_sam.image.read import has_image_suffix

    if path.name.startswith("."):
        return False
    return is_zarr(path) if path.is_dir() else has_image_suffix(path.name)


def is_zarr(path: Path) -> bool:
    """Whether a path is a folder of a zarr group or array."""
    return any(os.path.isfile(path / name) for name in ("zarr.json", ".zgroup", ".zarray"))


def stem(path: Path) -> str:
    """Return the name of a file without its suffix: ``a`` for ``a.tif`` and ``a.ome.tif``.

    An image of a file, such as ``a.czi::2``, has its number or name behind: ``a_2``.
    """
    from napari_sam.image.series import split_series

    file, series = split_series(path)
    if series is not None:
        return f"{stem(file)}_{series.replace('/', '_')}"
    for suffix in _LONG_SUFFIXES:
        if path.name.lower().endswith(suffix):
            return path.name[: -len(suffix)]
    return os.path.splitext(path.name)[0]


def field_name(field: "PlateField") -> str:
    """Stem of the files for the labels of a field, such as ``screen_B03_0_labels``."""
    return f"{stem(Path(field.plate))}_{field.well}_{field.field}{LABELS}"


def labels_name(image: Path, suffix: str) -> str:
    """Return the name of the labels of an image: ``a_labels.ome.tif`` for ``a.tif``.

    Parameters
    ----------
    image : Path
        The image.
    suffix : str
        Suffix of a format of labels, such as ``.ome.tif``.
    """
    return f"{stem(image)}{LABELS}{suffix}"
