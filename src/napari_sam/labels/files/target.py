"""Target: checks of a path before labels are written to it."""

import os
from pathlib import Path

from napari_sam.errors import OutputError

from .image_group import is_zarr, ome_attributes
from .inputs import Inputs


def check_target(target: Path, is_folder: bool, overwrite: bool, source: Path | None) -> None:
    """Check a path for labels, which may replace nothing but older labels.

    Parameters
    ----------
    target : Path
        Path of the labels.
    is_folder : bool
        Whether a zarr folder is to be written, or a file.
    overwrite : bool
        Whether the user allowed to replace existing labels.
    source : Path, optional
        The segmented image, which is never replaced.

    Raises
    ------
    OutputError
        If the folder around it is missing, the image or a part of it would be replaced, labels
        exist and `overwrite` is off, or the path holds a folder that is not a label image.
    """
    if not target.parent.is_dir() and not (is_folder and is_zarr(target.parent.parent)):
        raise OutputError(
            f"the folder {target.parent} does not exist: create it, or choose another one"
        )
    if source is not None:
        Inputs({source: "image"}).check([target])
    if not os.path.lexists(target):
        return
    if is_folder:
        _check_folder(target)
    elif not target.is_file():
        raise OutputError(f"{target} is not a file: choose another name, or remove it")
    check_may_replace(target, overwrite)


def check_may_replace(target: Path, overwrite: bool) -> None:
    """Refuse to replace an existing file or folder without the user's consent.

    Raises
    ------
    OutputError
        If `overwrite` is off.
    """
    if not overwrite:
        raise OutputError(
            f"{target} exists already: choose another name, or replace it with --overwrite "
            "(overwrite=True)"
        )


def _check_folder(target: Path) -> None:
    if not target.is_dir():
        raise OutputError(f"{target} is a file, not a zarr folder: choose another name")
    if not any(target.iterdir()):
        return
    if not is_zarr(target):
        raise OutputError(
            f"{target} is a folder of another program, not a zarr: choose another name"
        )
    if "image-label" not in ome_attributes(target):
        raise OutputError(
            f"{target} is a zarr that is not a label image: choose another name, or remove it"
        )
