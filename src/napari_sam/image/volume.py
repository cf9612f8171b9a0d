"""Volume: any array-like with named axes, of which only what is asked for is loaded."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_sam.errors import ImageError

Plane = tuple[int, ...]

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
        channels: Sequence[int] | None = None,
        name: str = "image",
    ) -> "Volume":
        """Check an array and complete what is not given.

        Parameters
        ----------
        data : array-like
            See :class:`Volume`.
        axes : str, optional
            Guessed from the shape: YX, ZYX, TZYX or TCZYX; with three or four values in the last
            of three or four dimensions, YXC or ZYXC.
        scale, translate, units : sequence, optional
            1, 0 and "pixel" by default.
        channels : sequence of int, optional
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
        if not hasattr(data, "shape") or not hasattr(data, "dtype"):
            data = np.asarray(data)
        shape = tuple(int(n) for n in data.shape)
        _check_array(name, shape, np.dtype(data.dtype))
        axes = _guess_axes(name, shape) if axes is None else axes.upper()
        _check_axes(name, shape, axes)
        label_axes = axes.replace("C", "")
        return cls(
            data=data,
            axes=axes,
            scale=_per_axis("scale", scale, label_axes, 1.0),
            translate=_per_axis("translate", translate, label_axes, 0.0),
            units=tuple(units) if units else ("pixel",) * len(label_axes),
            name=name,
            channels=_check_channels(name, shape, axes, channels),
        )

    @property
    def label_axes(self) -> str:
        """Axes of the labels: all but the channels."""
        return self.axes.replace("C", "")

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
        return np.dtype(self.data.dtype)

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
        """
        where = dict(zip(self.plane_axes, plane, strict=True))
        region = {"Y": slice(y0, y1), "X": slice(x0, x1)}
        if "C" not in self.axes:
            return self._load({**where, **region})[..., None]
        channels = (self._load({**where, **region, "C": c}) for c in self.channels)
        return np.stack(list(channels), axis=-1)

    def _load(self, where: dict[str, Any]) -> NDArray[Any]:
        return np.asarray(self.data[tuple(where[axis] for axis in self.axes)])


def _check_array(name: str, shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
    if not 2 <= len(shape) <= 6:
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


def _guess_axes(name: str, shape: tuple[int, ...]) -> str:
    if len(shape) in (3, 4) and shape[-1] in (3, 4):
        return "YXC" if len(shape) == 3 else "ZYXC"
    if len(shape) not in _GUESSES:
        raise ImageError(f"{name} has {len(shape)} dimensions: say which with axes, e.g. TCZYX")
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
    name: str, shape: tuple[int, ...], axes: str, channels: Sequence[int] | None
) -> tuple[int, ...]:
    count = shape[axes.index("C")] if "C" in axes else 1
    if channels is None:
        return tuple(range(min(count, _SEEN_CHANNELS)))
    chosen = tuple(int(c) for c in channels)
    if not 1 <= len(chosen) <= _SEEN_CHANNELS or not all(0 <= c < count for c in chosen):
        raise ImageError(
            f"channels {', '.join(map(str, chosen))} of {name}: choose one to three "
            f"from 0 to {count - 1}"
        )
    return chosen


def _per_axis(
    what: str, values: Sequence[float] | None, axes: str, default: float
) -> tuple[float, ...]:
    if values is None:
        return (default,) * len(axes)
    if len(values) != len(axes):
        raise ImageError(f"{what} has {len(values)} values: give {len(axes)}, for {axes}")
    return tuple(float(v) for v in values)
