"""Target: whether labels may be written under a name, before anything is."""

import os
from pathlib import Path

from napari_sam.errors import OutputError

from .image_group import is_zarr, ome_attributes


def check_target(target: Path, is_folder: bool, overwrite: bool, source: Path | None) -> None:
    """See that nothing is lost by writing to a path.

    Parameters
    ----------
    target : Path
        Where to.
    is_folder : bool
        Whether a zarr folder is to be written, or a file.
    overwrite : bool
        Whether the user allowed to replace labels that are there.
    source : Path, optional
        The image, which is never replaced.

    Raises
    ------
    OutputError
        If the folder is missing, the image would be replaced, something is there and `overwrite`
        is off, or it is something that labels do not replace: a folder that is not a label image.
    """
    if not target.parent.is_dir() and not (is_folder and is_zarr(target.parent.parent)):
        raise OutputError(
            f"the folder {target.parent} does not exist: create it, or choose another one"
        )
    if not os.path.lexists(target):
        return
    if source is not None and source.exists() and source.samefile(target):
        raise OutputError(f"{target} is the image itself: choose another name for the labels")
    if is_folder:
        _check_folder(target)
    elif not target.is_file():
        raise OutputError(f"{target} is not a file: choose another name, or remove it")
    check_may_replace(target, overwrite)


def check_may_replace(target: Path, overwrite: bool) -> None:
    """See that the user allowed to replace what is there.

    Raises
    ------
    OutputError
        If not.
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
