"""Read labels: a label image of any program as whole numbers, with the axes of its image."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_sam.errors import ImageError, LabelError, reason

from .arranged_array import ArrangedArray
from .fit import fit_labels
from .read import read_image, read_stored
from .series import Series
from .volume import Volume

_LARGEST = np.float64(np.iinfo(np.uint32).max)  # compared as double, which holds it exactly


def read_labels(
    path: Path,
    image: Volume | None = None,
    *,
    axes: str | None = None,
    series: Series | None = None,
) -> Volume:
    """Open a label image; pixels are read later, region by region.

    Other programs write labels as floats (32-bit images of Fiji), as bool (masks), or as indices of
    a palette, whose colours are for the eye. All of them are read as whole numbers.

    Parameters
    ----------
    path : Path
        Any file that :func:`~napari_sam.image.read.read_image` reads.
    image : Volume, optional
        The image of the labels, see :func:`~napari_sam.image.fit.fit_labels`.
    axes : str, optional
        Letters of the dimensions of the labels, by default of the file; not used with an image.
    series : int or str, optional
        The label image in a file that holds several.

    Returns
    -------
    Volume
        Without channels. With an image it has the axes and the calibration of the image.

    Raises
    ------
    ImageError
        If there is no such file, or it is not an image that can be read.
    LabelError
        If the labels have channels, do not fit the image, or are of a type that labels cannot have.
    """
    if image is None:
        labels = read_image(path, axes=axes, series=series, labels=True)
        labels = replace(labels, data=WholeNumbers(labels.data, str(path)))
        return _without_channels(labels)
    stored = read_stored(path, series, labels=True)
    data = WholeNumbers(stored.data, str(path))
    return Volume.from_array(
        fit_labels(str(path), data, stored.letters, image),
        axes=image.label_axes,
        scale=image.scale,
        translate=image.translate,
        units=image.units,
        name=str(path),
        warnings=stored.warnings,
    )


def _without_channels(labels: Volume) -> Volume:
    if "C" not in labels.axes:
        return labels
    channel = labels.axes.index("C")
    if labels.data.shape[channel] > 1:
        raise LabelError(
            f"{labels.name} has channels, which labels have not: name the axes with --axes"
        )
    dimensions = tuple((d,) for d in range(len(labels.axes)) if d != channel)
    data = ArrangedArray(labels.data, dimensions)
    return replace(labels, data=data, axes=labels.label_axes, channels=(0,))


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
        except ImageError as error:  # names the file and the place
            raise LabelError(str(error)) from error
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
