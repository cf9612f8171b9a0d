"""Labels place: the file of the labels of each image; files of other programs stay."""

import os
from collections.abc import Hashable
from pathlib import Path

from napari_sam.errors import OutputError
from napari_sam.labels.files.atomic import unwritable
from napari_sam.labels.files.write import SUFFIXES

from .image_list import FolderImage

SUFFIX = ".ome.tif"
"""Format of new labels, which is that of ``napari-sam segment`` too."""

Stamp = Hashable
"""Value that differs after a file was changed, or replaced; None for no file."""


def make_place(place: Path) -> None:
    """Make the folder of the labels, in a folder that exists.

    Raises
    ------
    OutputError
        If it cannot be made: a vanished disk is not made anew.
    """
    try:
        place.mkdir(exist_ok=True)
    except OSError as error:
        raise OutputError(unwritable(place, error)) from error


def labels_path(place: Path, image: FolderImage) -> Path:
    """File of the labels of an image: the existing file of any format, or a new file.

    Parameters
    ----------
    place : Path
        Folder of the labels.
    image : FolderImage
        The image.
    """
    paths = [place / f"{image.labels}{suffix}" for suffix in (SUFFIX, *SUFFIXES)]
    return next((path for path in paths if os.path.lexists(path)), paths[0])


def stamp_of(path: Path) -> Stamp:
    """Modification time, size and number of a file or folder; None if it does not exist."""
    try:
        state = os.stat(path)
    except OSError:
        return None
    return state.st_mtime_ns, state.st_size, state.st_ino


def check_unchanged(path: Path, stamp: Stamp) -> None:
    """Refuse to replace a file of labels that another program has written.

    Parameters
    ----------
    path : Path
        File of labels.
    stamp : Stamp
        Of the file when it was read or saved here; None for a file that was not.

    Raises
    ------
    OutputError
        If another program wrote it since, or its labels could not be used here.
    """
    now = stamp_of(path)
    if now is not None and now != stamp:
        raise OutputError(
            f"{path} holds other labels than those that were opened here: move that file away, or "
            "choose another place for the labels"
        )
