"""Whether an output can be written, asked before the long work and not after it."""

import os
import tempfile
from pathlib import Path

from napari_sam.errors import OutputError


def check_output(output: Path, image: Path, *, overwrite: bool) -> None:
    """Refuse an output that could not be written in the end.

    Parameters
    ----------
    output : Path
        Where labels shall go.
    image : Path
        The input, which must survive.
    overwrite : bool
        Whether existing labels may be replaced.

    Raises
    ------
    OutputError
        If the suffix says no format, the folder is missing or cannot be written, the output
        exists, or replacing it would lose something else than labels.
    """
    from napari_sam.labels import SUFFIXES
    from napari_sam.labels.files.image_group import image_group_of
    from napari_sam.labels.files.target import check_target

    target = Path(os.path.realpath(output))
    into_image = image_group_of(target) is not None
    name = target.name.lower()
    if not into_image and not name.endswith(SUFFIXES):
        raise OutputError(f"{output.name} says no format: end it with .ome.zarr, .ome.tif or .tif")
    check_target(target, into_image or name.endswith(".zarr"), overwrite, image)
    _check_writable(next(folder for folder in target.parents if folder.is_dir()))


def _check_writable(folder: Path) -> None:
    try:
        # tried and not asked: access rights do not tell about a read-only or full disk
        with tempfile.TemporaryFile(dir=folder, prefix=".napari-sam-"):
            pass
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise OutputError(
            f"{folder} cannot be written ({reason}): choose another folder for the output"
        ) from error
