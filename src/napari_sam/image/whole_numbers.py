"""Whole numbers: labels of a file, which any program may have written, as integers."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_sam.errors import LabelError, NapariSamError, reason

_LARGEST = np.float64(np.iinfo(np.uint32).max)  # compared as double, which holds it exactly


class WholeNumbers:
    """Read-only labels of a file, as integers; errors name the file.

    Other programs write labels as floats (32-bit images of Fiji) or bool (masks). Made by
    :func:`~napari_sam.image.labels_of_image.read_labels_of_image`; read by measurements and
    evaluations as a :class:`~napari_sam.labels.label_array.LabelArray`.

    Parameters
    ----------
    data : array-like
        Integers, floats without fractions, or bool; of any storage. None is negative: some programs
        mark lines or unknown pixels with -1, which is no object.
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
        except NapariSamError:
            raise
        except Exception as error:  # arrays and codecs raise errors of many kinds
            raise LabelError(
                f"part of {self._name} cannot be read: {reason(error)}; check that the file is "
                "whole"
            ) from error
        if pixels.dtype.kind in "if":
            self._check_whole(pixels)
        return pixels.astype(self.dtype, copy=False)

    def __setitem__(self, region: Any, labels: Any) -> None:
        """Refuse: the labels of a file are read only."""
        raise LabelError(f"{self._name} is read only: save the labels under another name")

    def _check_whole(self, pixels: NDArray[Any]) -> None:
        """Raise LabelError if a number is negative or a float is no label."""
        bad = pixels < 0
        if pixels.dtype.kind == "f":
            bad = ~((pixels >= 0) & (pixels <= _LARGEST) & (pixels == np.round(pixels)))
        if bad.any():
            raise LabelError(
                f"{self._name} holds {pixels[bad].flat[0]:.6g}: labels are whole numbers from 0, "
                "one for each object; choose a label image"
            )
