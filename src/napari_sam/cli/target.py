"""Target: check the outputs of a command before the long work."""

import math
import os
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from napari_sam.errors import OutputError

LONGEST_NAME = 255
"""Bytes of a file name, at most, on disks that do not say it."""

_BYTES_PER_LABEL = {".ome.tif": 4, ".ome.tiff": 4, ".tif": 2, ".tiff": 2}
"""Suffix of a TIFF of labels -> bytes of a label before compression."""

_MOST_PACKED = 1000
"""Bytes of labels that a byte of a compressed file holds, at most: zlib reaches 1032."""


def check_output(
    output: Path, image: Path, *, overwrite: bool, ome_zarr_version: str | None = None
) -> None:
    """Refuse an output path to which labels could not be written.

    Parameters
    ----------
    output : Path
        File or zarr folder for the labels; or a group inside an OME-Zarr image or a
        plate of labels.
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
    from napari_sam.labels.files.label_plate import label_plate_version
    from napari_sam.labels.files.target import check_target
    from napari_sam.labels.files.write import suffix_of, version_of

    check_place(output)
    target = Path(os.path.realpath(output))
    into_zarr = image_group_of(target) is not None or label_plate_version(target) is not None
    name = target.name.lower()
    if not into_zarr:
        if target.is_dir() and not name.endswith(SUFFIXES):
            raise OutputError(
                f"{output} is a folder, and the labels of one image are a file: name it, such as "
                f"{output / 'labels.ome.tif'}"
            )
        suffix_of(target.name)
    version_of(target, ome_zarr_version)
    check_target(target, into_zarr or name.endswith(".zarr"), overwrite, image)


def check_place(output: Path) -> None:
    """Refuse an output with a name too long for the disk, or in a folder without write access.

    Parameters
    ----------
    output : Path
        File or folder to write.

    Raises
    ------
    OutputError
        If the output could not be made there.
    """
    target = Path(os.path.realpath(output))
    folder = next(folder for folder in target.parents if os.path.isdir(folder))
    longest, length = _longest_name(folder), len(os.fsencode(target.name))
    if length > longest:
        raise OutputError(
            f"{output} has a name of {length} bytes, and the disk takes {longest}: choose a "
            "shorter name"
        )
    _check_writable(folder)


def check_room(output: Path, shape: Sequence[int]) -> None:
    """Refuse a TIFF that takes more than the free space of its disk, even if all labels are 0.

    Parameters
    ----------
    output : Path
        File for the labels; the size of a zarr is not known before.
    shape : sequence of int
        Shape of the labels.

    Raises
    ------
    OutputError
        If the disk is too full.
    """
    name = output.name.lower()
    suffix = next((suffix for suffix in _BYTES_PER_LABEL if name.endswith(suffix)), None)
    if suffix is None:
        return
    needed = math.prod(shape) * _BYTES_PER_LABEL[suffix]
    if suffix.startswith(".ome."):
        needed //= _MOST_PACKED
    free = shutil.disk_usage(Path(os.path.realpath(output)).parent).free
    if needed > free:
        raise OutputError(
            f"{output} takes at least {needed / 1e6:,.0f} MB, and {free / 1e6:,.0f} MB are free: "
            "free space there, or choose another folder or .ome.zarr"
        )


def _longest_name(folder: Path) -> int:
    """Return the bytes of a name that the disk of a folder takes, at most."""
    try:
        return os.pathconf(folder, "PC_NAME_MAX")
    except (AttributeError, OSError, ValueError):  # Windows has no such question
        return LONGEST_NAME


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
