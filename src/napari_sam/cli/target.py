"""Target: check the output for labels before the long work."""

import os
import tempfile
from pathlib import Path

from napari_sam.errors import OutputError


def check_output(
    output: Path, image: Path, *, overwrite: bool, ome_zarr_version: str | None = None
) -> None:
    """Refuse an output path to which labels could not be written.

    Parameters
    ----------
    output : Path
        File or zarr folder for the labels; or a group inside an OME-Zarr image.
    image : Path
        Input of the command, which must never be replaced.
    overwrite : bool
        Whether existing labels may be replaced.
    ome_zarr_version : str, optional
        Version of OME-Zarr that the user asked for.

    Raises
    ------
    OutputError
        If the suffix names no format of labels, the folder is missing or read-only, or the output
        exists and either `overwrite` is False or something other than labels would be lost.
    """
    from napari_sam.labels import SUFFIXES
    from napari_sam.labels.files.image_group import image_group_of
    from napari_sam.labels.files.target import check_target
    from napari_sam.labels.files.write import version_of

    target = Path(os.path.realpath(output))
    into_image = image_group_of(target) is not None
    name = target.name.lower()
    if not into_image and not name.endswith(SUFFIXES):
        raise OutputError(f"{output.name} says no format: end it with .ome.zarr, .ome.tif or .tif")
    version_of(target, ome_zarr_version)
    check_target(target, into_image or name.endswith(".zarr"), overwrite, image)
    _check_writable(next(folder for folder in target.parents if folder.is_dir()))


def _check_writable(folder: Path) -> None:
    """Raise OutputError if no file can be made in the folder."""
    try:
        # a trial file, because access rights say nothing about a full or read-only disk
        with tempfile.TemporaryFile(dir=folder, prefix=".napari-sam-"):
            pass
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise OutputError(
            f"{folder} cannot be written ({reason}): choose another folder for the output"
        ) from error
