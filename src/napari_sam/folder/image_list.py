"""Image list: the images of a folder, a pattern or an OME-Zarr plate, none of them opened."""

import glob
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from napari_sam.errors import ImageError, OutputError
from napari_sam.file_names import printable
from napari_sam.image.plate import Plate
from napari_sam.image.read import is_url
from napari_sam.image.read_plate import read_plate

from .image_names import (
    field_name,
    images_in,
    images_like,
    is_folder_of_images,
    is_image,
    labels_name,
    root_of,
    stem,
)

LABELS_FOLDER = "labels"
"""Folder of the labels in the folder of the images, unless the user chooses another one."""


@dataclass(frozen=True, slots=True)
class FolderImage:
    """An image of a list.

    Parameters
    ----------
    name : str
        Path relative to the root of the list, with forward slashes, in characters that any text
        file takes.
    path : Path
        The file, the zarr folder, or the path of a field in a plate.
    labels : str
        Name of its labels without a suffix, such as ``a_labels``.
    """

    name: str
    path: Path
    labels: str


@dataclass(frozen=True, slots=True)
class ImageList:
    """Images in the order in which the user goes through them.

    Parameters
    ----------
    words : str
        The folder, pattern or plate, as the user gave it.
    root : Path
        Folder that the names of the images are relative to; of a plate, the plate.
    images : tuple of FolderImage
        Sorted by path; of a plate, in the order of its wells. Never empty.
    is_plate : bool
        Whether the images are fields of a plate.
    warnings : tuple of str
        Sentences about wells that are missing.
    """

    words: str
    root: Path
    images: tuple[FolderImage, ...]
    is_plate: bool = False
    warnings: tuple[str, ...] = ()

    @property
    def place(self) -> Path:
        """Folder for the labels, unless the user chooses another one."""
        if self.is_plate:  # nothing is written into somebody's zarr
            return self.root.with_name(f"{stem(self.root)}_{LABELS_FOLDER}")
        return self.root / LABELS_FOLDER


def names_several(words: str) -> bool:
    """Whether words name a folder of images, a pattern or a plate, and not a single image.

    Parameters
    ----------
    words : str
        An argument of a command.
    """
    path = Path(os.path.expanduser(words)).absolute()
    if os.path.exists(path):
        return is_folder_of_images(path) or _plate(path) is not None
    return glob.has_magic(words) and not is_url(words)


def list_images(words: str) -> ImageList:
    """List images by name.

    Parameters
    ----------
    words : str
        A folder of images, a pattern such as ``exp/**/*.tif``, an OME-Zarr plate, or one image.

    Returns
    -------
    ImageList
        Of a plate, the metadata of its wells are read; no image is opened.

    Raises
    ------
    ImageError
        If there is no image, or the plate cannot be read.
    OutputError
        If two images would have labels of the same name.
    """
    words = words.strip()
    path = Path(os.path.expanduser(words)).absolute()
    if not words:
        raise ImageError("no folder is named: choose one, or type a pattern such as exp/*.tif")
    if os.path.exists(path) and is_folder_of_images(path):
        root, paths = path, images_in(path)
    elif not os.path.exists(path) and glob.has_magic(words):
        root, paths = root_of(path), images_like(path)
    elif (plate := _plate(path)) is not None:
        return _fields(words, plate)
    elif os.path.exists(path) and is_image(path):
        root, paths = path.parent, [path]
    else:
        raise ImageError(f"{words} is no folder of images, no pattern and no image")
    if not paths:
        raise ImageError(f"no image in {words}: give TIFF, OME-Zarr, npy or png files")
    names = [printable(each.relative_to(root).as_posix()) for each in paths]
    images = tuple(
        FolderImage(name, each, labels_name(each, ""))
        for name, each in zip(names, paths, strict=True)
    )
    _check_labels(images)
    return ImageList(words, root, images)


def _plate(path: Path) -> Plate | None:
    """Plate, or well of a plate; None for a single field and for anything else."""
    plate = read_plate(path)
    return None if plate is None or plate.is_field else plate


def _fields(words: str, plate: Plate) -> ImageList:
    images = tuple(
        FolderImage(printable(field.place), Path(field.path), field_name(field))
        for field in plate.fields
    )
    if not images:
        raise ImageError(
            f"{words} is a plate of which no field is there: check that it was copied whole"
        )
    root = images[0].path.parents[len(Path(plate.fields[0].place).parts) - 1]
    return ImageList(words, root, images, is_plate=True, warnings=plate.warnings)


def _check_labels(images: Sequence[FolderImage]) -> None:
    """Refuse images with labels of the same name, as ``napari-sam segment`` does."""
    owners: dict[str, FolderImage] = {}
    for image in images:
        other = owners.setdefault(image.labels, image)
        if other is not image:
            raise OutputError(
                f"{other.name} and {image.name} would have labels of the same name, "
                f"{image.labels}: choose one of them by a pattern, such as *{image.path.suffix}"
            )
