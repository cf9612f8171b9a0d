"""Volume: any array-like with named axes, of which only what is asked for is loaded."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_sam.errors import ImageError

from .calibration import Calibration

Plane = tuple[int, ...]
"""Index of a plane along the axes before Y and X, such as ``(t, z)``; ``()`` for a single image."""

_GUESSES = {2: "YX", 3: "ZYX", 4: "TZYX", 5: "TCZYX"}
_SEEN_CHANNELS = 3


@dataclass(frozen=True, slots=True, eq=False)
class Volume:
    """What the microscope gave us.

    Make one with :meth:`from_array`, which checks and completes.

    Parameters
    ----------
    data : array-like
        With ``shape``, ``dtype`` and slicing: numpy, dask, zarr, tifffile's zarr.
    axes : str
        One letter of TCZYX for each dimension; ends in YX, or in YXC for colour images.
    scale, translate : tuple of float
        Size of a pixel and position of the first, for each of :attr:`label_axes`.
    units : tuple of str
        For each of :attr:`label_axes`.
    name : str
        For messages, and for the identity of cached embeddings.
    channels : tuple of int
        One to three channels that the model sees.
    """

    data: Any
    axes: str
    scale: tuple[float, ...]
    translate: tuple[float, ...]
    units: tuple[str, ...]
    name: str
    channels: tuple[int, ...]

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
    ) -> "Volume":
        """Check an array and complete what is not given.

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
        name : str
            See :class:`Volume`.

        Returns
        -------
        Volume

        Raises
        ------
        ImageError
            If it is not an image that can be segmented.
        """
        data = _as_array(name, data)
        shape = _shape(name, data)
        axes = _guess_axes(shape) if axes is None else str(axes).upper()
        _check_axes(name, shape, axes)
        calibration = Calibration.checked(axes.replace("C", ""), scale, translate, units)
        return cls(
            data=data,
            axes=axes,
            scale=calibration.scale,
            translate=calibration.translate,
            units=calibration.units,
            name=name,
            channels=_check_channels(name, shape, axes, channels),
        )

    @property
    def identity(self) -> str:
        """Path from the root of its file, from wherever it was opened; or its name."""
        return os.path.abspath(self.name) if os.path.exists(self.name) else self.name

    @property
    def label_axes(self) -> str:
        """Axes of the labels: all but the channels."""
        return self.axes.replace("C", "")

    @property
    def calibration(self) -> Calibration:
        """The label axes with the size, position and unit of a pixel along each."""
        return Calibration(self.label_axes, self.scale, self.translate, self.units)

    @property
    def plane_axes(self) -> str:
        """Axes that a plane is chosen on, such as ``"TZ"``; empty for a single image."""
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
        """Of the image's values."""
        dtype: np.dtype[Any] = np.dtype(self.data.dtype)
        return dtype

    @property
    def channel_count(self) -> int:
        """How many channels there are, whether or not the model sees them."""
        return int(self.data.shape[self.axes.index("C")]) if "C" in self.axes else 1

    @property
    def is_rgb(self) -> bool:
        """Whether the channels are the colours of a picture: last, three seen, 8 bits."""
        return self.axes.endswith("C") and len(self.channels) == 3 and self.dtype == np.uint8

    def planes(self) -> Iterator[Plane]:
        """Indices of all planes, the last axis fastest."""
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
            ``(y1 - y0, x1 - x0, channels)`` in the image's own dtype.

        Raises
        ------
        ImageError
            If the pixels cannot be read, for example because the file is cut off.
        """
        where = dict(zip(self.plane_axes, plane, strict=True))
        region = {"Y": slice(y0, y1), "X": slice(x0, x1)}
        if "C" not in self.axes:
            return self._load({**where, **region})[..., None]
        if self.axes.endswith("C"):  # colours share their chunks: decode each only once
            first, last = min(self.channels), max(self.channels)
            colours = self._load({**where, **region, "C": slice(first, last + 1)})
            return colours[..., [c - first for c in self.channels]]
        channels = (self._load({**where, **region, "C": c}) for c in self.channels)
        return np.stack(list(channels), axis=-1)

    def _load(self, where: dict[str, Any]) -> NDArray[Any]:
        index = tuple(where[axis] for axis in self.axes)
        try:
            return np.asarray(self.data[index])
        except Exception as error:  # every kind of array and codec has errors of its own
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise ImageError(
                f"part of {self.name} cannot be read: {reason}; check that the file is whole"
            ) from error


def _as_array(name: str, data: Any) -> Any:
    """What has shape and dtype is left as it is: it may be larger than memory."""
    if hasattr(data, "shape") and hasattr(data, "dtype"):
        return data
    try:
        return np.asarray(data)
    except ValueError:
        raise ImageError(
            f"{name} has rows of different lengths: give an array, of an image pyramid one level"
        ) from None


def _shape(name: str, data: Any) -> tuple[int, ...]:
    """Shape of what can be an image."""
    try:
        shape, dtype = tuple(int(n) for n in data.shape), np.dtype(data.dtype)
    except (TypeError, ValueError):
        raise ImageError(
            f"{name} has no known shape or values (shape {data.shape}, {data.dtype}): give a "
            "numpy, dask or zarr array with known chunk sizes"
        ) from None
    _check_array(name, shape, dtype)
    return shape


def _check_array(name: str, shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
    if not shape:
        raise ImageError(f"{name} is a single value, not an image: give an array, or open a file")
    if not 2 <= len(shape) <= 5:
        raise ImageError(
            f"{name} has {len(shape)} dimensions: give an image of 2 to 5, from T, C, Z, Y, X"
        )
    if 0 in shape:
        raise ImageError(f"{name} is empty, its shape is {shape}: give an image with pixels")
    if dtype.kind not in "buif":
        raise ImageError(
            f"{name} holds {dtype} values: convert it to whole or floating-point numbers, "
            "for complex data e.g. to their absolute values"
        )


def _guess_axes(shape: tuple[int, ...]) -> str:
    if len(shape) > 2 and shape[-1] in (3, 4):  # no microscope makes images that narrow
        return "TZYXC"[-len(shape) :]
    return _GUESSES[len(shape)]


def _check_axes(name: str, shape: tuple[int, ...], axes: str) -> None:
    if len(axes) != len(shape):
        raise ImageError(
            f"axes {axes!r} name {len(axes)} dimensions but {name} has {len(shape)}, "
            f"of shape {shape}: give one letter for each"
        )
    if set(axes) - set("TCZYX") or len(set(axes)) < len(axes):
        raise ImageError(f"axes {axes!r}: use each of T, C, Z, Y, X at most once")
    if not axes.endswith(("YX", "YXC")):
        raise ImageError(f"axes {axes!r} must end in YX, or YXC for colours: transpose the image")


def _check_channels(
    name: str, shape: tuple[int, ...], axes: str, channels: Sequence[int] | int | None
) -> tuple[int, ...]:
    count = shape[axes.index("C")] if "C" in axes else 1
    if channels is None:
        return tuple(range(min(count, _SEEN_CHANNELS)))
    chosen = (channels,) if isinstance(channels, int) else tuple(int(c) for c in channels)
    if not 1 <= len(chosen) <= _SEEN_CHANNELS or not all(0 <= c < count for c in chosen):
        raise ImageError(
            f"channels {', '.join(map(str, chosen))} of {name}: choose one to three "
            f"from 0 to {count - 1}"
        )
    return chosen
