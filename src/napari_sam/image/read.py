"""Read: open an image file as a Volume, of which pixels are loaded lazily if possible."""

import os
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from napari_sam.errors import ImageError, reason

from .arranged_array import arranged
from .arrangement import Arrangement, arrange
from .check import check_letters, checked_shape
from .companions import companion_files
from .contrast.coarse import coarse_level
from .decode.picture import frame_count, read_picture
from .file_revision import Revision, file_revision
from .image_file import ImageFile
from .lossy import lossy_picture
from .microscope.read_microscope import MICROSCOPES, read_microscope
from .physical_size import physical_calibration
from .read_tiff import TIFFS, read_tiff
from .read_zarr import read_zarr
from .series import Series, choose_series, one_series
from .stored_image import StoredImage
from .volume import Volume
from .zarr_place import zip_place

_MOST_FILES = 16
"""Largest number of files of an image that are looked at for each answer."""

_PICTURES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".gif"})

_SUFFIXES = tuple(sorted(_PICTURES | TIFFS | MICROSCOPES | {".npy", ".ozx", ".zarr.zip"}))


def read_image(
    path: str | Path,
    *,
    axes: str | None = None,
    channels: Sequence[int] | int | None = None,
    series: Series | None = None,
    labels: bool = False,
) -> Volume:
    """Open an image file; pixels are read later, region by region.

    Parameters
    ----------
    path : str or Path
        TIFF, OME-TIFF or ImageJ TIFF; OME-Zarr 0.1 to 0.6 (its full resolution) or a zarr array,
        as a folder, a zip (``.ozx``, ``.zarr.zip``) or a path inside; npy; PNG, JPEG; CZI, ND2 and
        LIF with the extra ``formats``. Zarr also by URL, such as ``s3://...``, where zarr has what
        that takes. ``slide.czi::2`` is image 2 of a file, as with `series`.
    axes : str, optional
        One letter of TCZYX for each dimension, to replace missing or wrong axes of the file.
    channels : int or sequence of int, optional
        Indices of the one to three channels that the model gets.
    series : int or str, optional
        Number, from 0, or name of the image in a file that holds several; in a zarr also its path.
        The first by default, with a warning.
    labels : bool
        Whether the values are labels: indices of a palette stay numbers, and are no colours.

    Returns
    -------
    Volume
        With scale and units from the file; its ``warnings`` say what was decided or left out.

    Raises
    ------
    ImageError
        If there is no such file, it is not an image that can be read, or it is not known what a
        dimension is.
    """
    return read_pyramid(path, axes=axes, channels=channels, series=series, labels=labels)[0]


def read_pyramid(
    path: str | Path,
    *,
    axes: str | None = None,
    channels: Sequence[int] | int | None = None,
    series: Series | None = None,
    labels: bool = False,
) -> tuple[Volume, tuple[Any, ...]]:
    """Open an image file with all levels of its pyramid, for display.

    Parameters and errors are those of :func:`read_image`.

    Returns
    -------
    volume : Volume
        The full resolution.
    levels : tuple of array-like
        Of the same axes as the volume, the full resolution first; one without a pyramid.
    """
    path, series = one_series(str(path) if is_url(path) else Path(path), series)
    stored = read_stored(path, series, labels)
    file = ImageFile(str(path), axes, stored.series)
    shape = checked_shape(file.name, stored.data)
    letters = stored.letters
    if axes is not None:
        letters = tuple(axes.upper())
        check_letters(file.name, shape, axes.upper())
    arrangement = None if letters is None else arrange(file.name, letters, shape)
    levels = _levels(stored, arrangement)
    return _volume(path, stored, arrangement, levels, file, channels), levels


def read_stored(
    path: Path | str, series: Series | None = None, labels: bool = False
) -> StoredImage:
    """Open an image file as it is stored, for :func:`read_image` and for reading labels.

    Parameters
    ----------
    path : Path or str
        A str is a URL.
    series : int or str, optional
        See :func:`read_image`.
    labels : bool
        Whether the values are labels: indices of a palette stay numbers, and are no colours.

    Raises
    ------
    ImageError
        If there is no such file, or it is not an image that can be read.
    """
    path, series = one_series(path, series)
    if isinstance(path, Path) and not os.path.exists(path) and zip_place(path) is None:
        raise ImageError(f"no file {path}: check the path")
    try:
        return _open(path, series, labels) if isinstance(path, Path) else read_zarr(path, series)
    except ImageError:
        raise
    except Exception as error:  # decoders raise errors of many kinds on damaged files
        raise ImageError(f"{path} is not an image that can be read: {reason(error)}") from error


def has_image_suffix(name: str) -> bool:
    """Whether the name of a file ends as that of an image does; other zarr images are folders."""
    return name.lower().endswith(_SUFFIXES)


def is_url(path: str | Path) -> bool:
    """Whether a path is a URL, such as ``s3://...``."""
    return "://" in str(path)


def _levels(stored: StoredImage, arrangement: Arrangement | None) -> tuple[Any, ...]:
    """Levels of the pyramid in the order of an arrangement, the full resolution first."""
    if arrangement is None:
        return (stored.data,)
    coarser = [x for x in stored.levels[1:] if len(x.shape) == len(stored.data.shape)]
    return tuple(arranged(level, arrangement) for level in (stored.data, *coarser))


def _volume(
    path: Path | str,
    stored: StoredImage,
    arrangement: Arrangement | None,
    levels: Sequence[Any],
    file: ImageFile,
    channels: Sequence[int] | int | None,
) -> Volume:
    """Volume with the dimensions of an image in order, and what the file says of their size."""
    axes = None if arrangement is None else arrangement.axes
    coarse = None if axes is None else coarse_level(levels, axes)
    volume = Volume.from_array(
        levels[0], axes=axes, channels=channels, name=file.name, coarse=coarse
    )
    names = stored.channel_names
    calibration, unknown = physical_calibration(volume.label_axes, stored.spacing, stored.origin)
    return replace(
        volume,
        scale=calibration.scale,
        units=calibration.units,
        translate=calibration.translate,
        warnings=(*stored.warnings, *(f"{file.name}: {sentence}" for sentence in unknown)),
        file=file,
        revision=_revision(path, levels[0]),
        channel_names=names if len(names) == volume.channel_count else (),
    )


def _revision(path: Path | str, data: Any) -> Revision | None:
    """Function to the revision of an image in a file, or in a few; None for all others.

    Pixels in memory are not of the file any more: somebody may paint into them.
    """
    in_memory = isinstance(data, np.ndarray) and not isinstance(data, np.memmap)
    if in_memory or not isinstance(path, Path) or not path.is_file():
        return None
    files = sorted({path, *companion_files(path)})
    return partial(file_revision, files) if len(files) <= _MOST_FILES else None


def _open(path: Path, series: Series | None, labels: bool) -> StoredImage:
    """Array and metadata of a file or a zarr folder."""
    suffix = path.suffix.lower()
    if path.is_dir() or zip_place(path) is not None:
        return read_zarr(path, series)
    if suffix in TIFFS or path.name.lower().endswith(".companion.ome"):
        return read_tiff(path, series, labels)
    if suffix in MICROSCOPES:
        return read_microscope(path, series)
    if suffix not in _PICTURES and suffix != ".npy":
        raise ImageError(
            f"{path} is of no known kind: give a .tif, .ome.tif, .ome.zarr, .zarr, .npy, .png, "
            ".czi, .nd2 or .lif"
        )
    if suffix in _PICTURES:
        return _open_picture(path, series, labels)
    choose_series(str(path), [""], series)
    return StoredImage(np.load(path, mmap_mode="r", allow_pickle=False))


def _open_picture(path: Path, series: Series | None, labels: bool) -> StoredImage:
    frames = frame_count(path)
    number, choice = choose_series(str(path), [""] * frames, series)
    pixels = read_picture(path, labels, number)
    letters = tuple("YXC" if pixels.ndim == 3 else "YX")
    lossy = lossy_picture(path) if labels else ()
    taken = number if frames > 1 else None
    return StoredImage(pixels, letters, series=taken, warnings=(*choice, *lossy))
