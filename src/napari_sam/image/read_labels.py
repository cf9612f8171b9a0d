"""Read labels: open a label image of a file, of any program, as whole numbers."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from numpy.typing import NDArray
from PIL import Image

from napari_sam.errors import ImageError, LabelError, reason

from .read import read_image
from .volume import Volume

_LARGEST = np.float64(np.iinfo(np.uint32).max)  # compared as double, which holds it exactly
_INDEXED = {".png", ".gif", ".bmp"}
"""Suffixes of pictures whose pixels may be indices of a palette."""
_TIFFS = {".tif", ".tiff"}


def read_labels(path: Path, axes: str | None = None) -> Volume:
    """Open a label image; pixels are read later, region by region.

    Other programs write labels as floats (32-bit images of Fiji), as bool (masks), or as indices of
    a palette, whose colours are for the eye. All of them are read as whole numbers.

    Parameters
    ----------
    path : Path
        Anything that :func:`~napari_sam.image.read.read_image` opens.
    axes : str, optional
        Axes of the labels; by default those of the file.

    Returns
    -------
    Volume
        Its `data` are a :class:`WholeNumbers`.

    Raises
    ------
    ImageError
        If there is no such file, or it is not an image that can be read.
    LabelError
        If the values are of a type that labels cannot have.
    """
    indices = palette_indices(path) if path.is_file() else None
    if indices is None:
        volume = read_image(path, axes=axes)
    else:
        volume = Volume.from_array(indices, axes=axes, name=str(path))
    return replace(volume, data=WholeNumbers(volume.data, str(path)))


class WholeNumbers:
    """Read-only labels of a file, as integers; errors name the file.

    Made by :func:`read_labels`; read by measurements and evaluations as a
    :class:`~napari_sam.labels.label_array.LabelArray`.

    Parameters
    ----------
    data : array-like
        Integers, floats without fractions, or bool; of any storage.
    name : str
        The file, for messages.

    Raises
    ------
    LabelError
        If `data` are of another type.
    """

    def __init__(self, data: Any, name: str) -> None:
        stored = np.dtype(data.dtype)
        if stored.kind not in "buif":
            raise LabelError(f"{name} holds {stored} values: labels are whole numbers")
        self._data, self._name = data, name
        self.shape: tuple[int, ...] = tuple(int(size) for size in data.shape)
        self.chunks: Any = getattr(data, "chunks", None)
        self.dtype: np.dtype[Any] = stored
        if stored.kind in "bf":
            self.dtype = np.dtype(np.uint8 if stored.kind == "b" else np.uint32)

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    def __getitem__(self, region: Any) -> NDArray[np.integer[Any]]:
        """Labels of a region, given by integers and slices; raises LabelError if unreadable."""
        try:
            pixels = np.asarray(self._data[region])
        except Exception as error:  # arrays and codecs raise errors of many kinds
            raise LabelError(
                f"part of {self._name} cannot be read: {reason(error)}; check that the file is "
                "whole"
            ) from error
        if pixels.dtype.kind == "f":
            self._check_whole(pixels)
        return pixels.astype(self.dtype, copy=False)

    def __setitem__(self, region: Any, labels: Any) -> None:
        """Refuse: the labels of a file are read only."""
        raise LabelError(f"{self._name} is read only: save the labels under another name")

    def _check_whole(self, pixels: NDArray[np.floating[Any]]) -> None:
        """Raise LabelError if a float is no label."""
        bad = ~((pixels >= 0) & (pixels <= _LARGEST) & (pixels == np.round(pixels)))
        if bad.any():
            raise LabelError(
                f"{self._name} holds {pixels[bad].flat[0]:.6g}: labels are whole numbers from 0, "
                "one for each object; choose a label image"
            )


def palette_indices(path: Path) -> NDArray[Any] | None:
    """Pixels of a picture or TIFF with a palette, as the indices that the file stores.

    Parameters
    ----------
    path : Path
        An existing file.

    Returns
    -------
    ndarray or None
        ``(*planes, height, width)`` uint8 or uint16; None for a file without a palette.

    Raises
    ------
    ImageError
        If the file is damaged.
    """
    suffix = path.suffix.lower()
    try:
        if suffix in _INDEXED:
            with Image.open(path) as picture:
                return np.asarray(picture) if picture.mode == "P" else None
        if suffix in _TIFFS:
            with tifffile.TiffFile(path) as tiff:
                coloured = tiff.pages.first.photometric == tifffile.PHOTOMETRIC.PALETTE
                return tiff.series[0].asarray() if coloured else None
    except Exception as error:  # decoders raise errors of many kinds on damaged files
        raise ImageError(f"{path} is not an image that can be read: {reason(error)}") from error
    return None
