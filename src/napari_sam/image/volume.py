"""Volume: an array-like image with named axes, loaded region by region."""

import os
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_sam.errors import ImageError, reason

from .calibration import Calibration
from .check import as_array, check_axes, checked_channels, checked_shape, guess_axes
from .file_revision import Revision, chunk_revision
from .image_file import ImageFile

Plane = tuple[int, ...]
"""Index of a plane along the axes before Y and X, such as ``(t, z)``; ``()`` for a single image."""


@dataclass(frozen=True, slots=True, eq=False)
class Volume:
    """An image of 2 to 5 dimensions with named axes, in memory or on disk.

    Make a volume with :meth:`from_array`, which checks and completes, or
    :func:`~napari_sam.image.read.read_image`; a session, the encoder and measuring read from it.

    Parameters
    ----------
    data : array-like
        With ``shape``, ``dtype`` and slicing: numpy, dask, zarr, tifffile's zarr.
    axes : str
        One letter of TCZYX for each dimension; ends in YX, or in YXC for colour images.
    scale, translate : tuple of float
        Size of a pixel, and position of the first pixel's centre, for each of :attr:`label_axes`.
    units : tuple of str
        Unit of scale and translate, for each of :attr:`label_axes`.
    name : str
        Name or path of the image, for messages and the identity of cached embeddings.
    channels : tuple of int
        Indices of the one to three channels that the model gets.
    warnings : tuple of str
        Sentences about what reading had to decide or leave out, such as planes without a file: the
        command line prints them, each once.
    coarse : Volume, optional
        A coarser level of the image's pyramid, with the same axes and channels: where it is empty,
        automatic contrast does not read the image.
    file : ImageFile, optional
        Where the image was read; None for an array.
    revision : callable, optional
        Function without arguments to a value that differs whenever pixels may have changed, or to
        None as long as that is not known. As long as the value stays, the pixels under an embedding
        are not read again. Without it, they are read and compared for each answer. Of a file: its
        size and modification time.
    channel_names : tuple of str
        Name of each channel, of :attr:`channel_count`; empty if the file does not say them.
    """

    data: Any
    axes: str
    scale: tuple[float, ...]
    translate: tuple[float, ...]
    units: tuple[str, ...]
    name: str
    channels: tuple[int, ...]
    warnings: tuple[str, ...] = ()
    coarse: "Volume | None" = None
    file: ImageFile | None = None
    revision: Revision | None = None
    channel_names: tuple[str, ...] = ()

    @classmethod
    def from_array(
        cls,
        data: Any,
        *,
        axes: str | None = None,
        scale: Sequence[float] | None = None,
        translate: Sequence[float] | None = None,
        units: Sequence[str] | None = None,
        channels: Sequence[int] | int | None = None,
        name: str = "image",
        warnings: Sequence[str] = (),
        coarse: Any = None,
        revision: Revision | None = None,
    ) -> "Volume":
        """Check an array and fill in missing axes, calibration and channels.

        Parameters
        ----------
        data : array-like
            See :class:`Volume`; nested lists are made an array.
        axes : str, optional
            Guessed from the shape: YX, ZYX, TZYX or TCZYX; with three or four values in the last
            of three to five dimensions, YXC, ZYXC or TZYXC.
        scale, translate, units : sequence, optional
            1, 0 and "pixel" by default.
        channels : int or sequence of int, optional
            The first three by default; the colours of RGBA without its alpha.
        name, warnings
            See :class:`Volume`.
        coarse : array-like, optional
            A coarser level of the image's pyramid, of as many dimensions; see :class:`Volume`.
        revision : callable, optional
            See :class:`Volume`; ``lambda: 0`` for an array that nobody paints into.

        Returns
        -------
        Volume

        Raises
        ------
        ImageError
            If the array cannot be an image, or an argument does not fit it.
        """
        data = as_array(name, data)
        shape = checked_shape(name, data)
        axes = guess_axes(shape) if axes is None else str(axes).upper()
        check_axes(name, shape, axes)
        calibration = Calibration.checked(axes.replace("C", ""), scale, translate, units)
        return cls(
            data=data,
            axes=axes,
            scale=calibration.scale,
            translate=calibration.translate,
            units=calibration.units,
            name=name,
            coarse=None if coarse is None else cls.from_array(coarse, axes=axes, channels=channels),
            channels=checked_channels(name, shape, axes, channels),
            warnings=tuple(warnings),
            revision=revision,
        )

    @property
    def identity(self) -> str:
        """Absolute path of the image's file, with its series; of an array, the name."""
        if self.file is not None:
            return self.file.identity
        return os.path.abspath(self.name) if os.path.exists(self.name) else self.name

    @property
    def label_axes(self) -> str:
        """Letters of all axes but the channels, such as ``"TZYX"``: the axes of labels."""
        return self.axes.replace("C", "")

    @property
    def calibration(self) -> Calibration:
        """The label axes with the size, position and unit of a pixel along each."""
        return Calibration(self.label_axes, self.scale, self.translate, self.units)

    @property
    def plane_axes(self) -> str:
        """Letters of the axes before Y and X, such as ``"TZ"``; empty for a single image."""
        return self.label_axes[:-2]

    @property
    def plane_shape(self) -> tuple[int, ...]:
        """Lengths of :attr:`plane_axes`."""
        return self.label_shape[:-2]

    @property
    def label_shape(self) -> tuple[int, ...]:
        """Shape of the labels, ``(*plane_shape, height, width)``."""
        sizes = zip(self.axes, self.data.shape, strict=True)
        return tuple(int(size) for axis, size in sizes if axis != "C")

    @property
    def height(self) -> int:
        """Pixels along Y."""
        return self.label_shape[-2]

    @property
    def width(self) -> int:
        """Pixels along X."""
        return self.label_shape[-1]

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the image's values."""
        dtype: np.dtype[Any] = np.dtype(self.data.dtype)
        return dtype

    @property
    def channel_count(self) -> int:
        """Number of all channels, including channels that the model does not get."""
        return int(self.data.shape[self.axes.index("C")]) if "C" in self.axes else 1

    @property
    def is_rgb(self) -> bool:
        """Whether the model gets a colour picture: three channels on the last axis, of 8 bits."""
        return self.axes.endswith("C") and len(self.channels) == 3 and self.dtype == np.uint8

    def planes(self) -> Iterator[Plane]:
        """Indices of all planes; the last axis varies fastest."""
        yield from product(*(range(n) for n in self.plane_shape))

    def read(self, plane: Plane, y0: int, x0: int, y1: int, x1: int) -> NDArray[Any]:
        """Load a region of a plane.

        Parameters
        ----------
        plane : tuple of int
            Index along :attr:`plane_axes`.
        y0, x0, y1, x1 : int
            Data pixels, the ends excluded.

        Returns
        -------
        ndarray
            ``(y1 - y0, x1 - x0, channels)`` in the image's dtype.

        Raises
        ------
        ImageError
            If the pixels cannot be read, for example because the file is cut off.
        """
        region = self._region(plane, (y0, x0, y1, x1))
        if "C" not in self.axes:
            return self._load(region)[..., None]
        if self.axes.endswith("C"):  # colours share chunks: decode each chunk only once
            first, last = min(self.channels), max(self.channels)
            colours = self._load({**region, "C": slice(first, last + 1)})
            if self.channels == tuple(range(first, last + 1)):
                return colours
            return np.take(colours, [c - first for c in self.channels], axis=-1)  # C order
        channels = (self._load({**region, "C": c}) for c in self.channels)
        return np.stack(list(channels), axis=-1)

    def revision_of(self, plane: Plane, y0: int, x0: int, y1: int, x1: int) -> Hashable:
        """Revision of a region: another value whenever its pixels may have changed.

        Parameters
        ----------
        plane, y0, x0, y1, x1
            As for :meth:`read`.

        Returns
        -------
        Hashable
            That of :attr:`revision`; of a zarr in a folder, sizes and modification times of the
            region's chunks. None if it is not known whether pixels have changed.
        """
        if self.revision is not None:
            return self.revision()
        region = self._region(plane, (y0, x0, y1, x1))
        region["C"] = slice(min(self.channels), max(self.channels) + 1)
        return chunk_revision(self.data, tuple(region[axis] for axis in self.axes))

    def _region(self, plane: Plane, bbox: tuple[int, int, int, int]) -> dict[str, Any]:
        """Index along each axis but C."""
        y0, x0, y1, x1 = bbox
        leading = dict(zip(self.plane_axes, map(int, plane), strict=True))
        return {**leading, "Y": slice(y0, y1), "X": slice(x0, x1)}

    def _load(self, index_by_axis: dict[str, Any]) -> NDArray[Any]:
        index = tuple(index_by_axis[axis] for axis in self.axes)
        try:
            return np.asarray(self.data[index])
        except ImageError:  # from an array that says more
            raise
        except Exception as error:  # arrays and codecs raise errors of many kinds
            raise ImageError(
                f"part of {self.name} cannot be read: {reason(error)}; check that the file is whole"
            ) from error
