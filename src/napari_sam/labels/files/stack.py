"""LabelStack: labels with a calibration, and their axes in the order of a file format."""

import math
import warnings
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TypedDict, Unpack

import numpy as np
from numpy.typing import NDArray

from napari_sam.errors import LabelError, OutputError
from napari_sam.image.calibration import Calibration
from napari_sam.image.check import AXES_BY_NDIM
from napari_sam.image.physical_size import layer_calibration
from napari_sam.image.units import PIXEL, known_unit, spelled_out
from napari_sam.labels.label_array import LARGEST_LABEL, LabelArray

AXES = "TCZYX"


class Place(TypedDict, total=False):
    """A calibration as a user or a napari layer gives it, value by value.

    Each is for the axes of the labels in their order. `axes` are letters of ``TCZYX``, or the axis
    labels of a layer, which are ignored where they are not such letters; by default the last of
    ``TZYX``. `scale` and `translate` are numbers, 1 and 0 by default. `units` are names, or objects
    whose ``str`` is a name, such as ``"micrometer"``, ``"um"`` or ``"pixel"``, the default.
    """

    axes: str | Sequence[str] | None
    scale: Sequence[float] | None
    translate: Sequence[float] | None
    units: Sequence[object] | None


@dataclass(frozen=True, slots=True, eq=False)
class LabelStack:
    """Labels of any array type with their axes in the order of a file format.

    Made by :func:`label_stack`, read by the writers of this folder.

    Parameters
    ----------
    data : LabelArray
        Integers or bool; never loaded whole.
    order : tuple of int
        Axis of `data` for each axis of `calibration`.
    calibration : Calibration
        Axes of the stack, and the size, position and unit of a pixel along each.
    """

    data: LabelArray
    order: tuple[int, ...]
    calibration: Calibration

    @property
    def axes(self) -> str:
        """One letter of ``TCZYX`` per axis."""
        return self.calibration.axes

    @property
    def data_calibration(self) -> Calibration:
        """The calibration in the order of the axes of `data`."""
        letters = (self.axes[self.order.index(i)] for i in range(len(self.order)))
        return self.calibration.select("".join(letters))

    @property
    def scale(self) -> tuple[float, ...]:
        """Size of a pixel along each axis."""
        return self.calibration.scale

    @property
    def translate(self) -> tuple[float, ...]:
        """Position of the first pixel's centre along each axis."""
        return self.calibration.translate

    @property
    def units(self) -> tuple[str | None, ...]:
        """Spelled-out unit along each axis, None for pixels."""
        return tuple(map(spelled_out, self.calibration.units))

    @property
    def shape(self) -> tuple[int, ...]:
        """Size along `axes`."""
        return tuple(int(self.data.shape[axis]) for axis in self.order)

    @property
    def chunks(self) -> tuple[int, ...] | None:
        """Size of a chunk along `axes`; None for an array in memory."""
        chunks = getattr(self.data, "chunks", None)
        if chunks is None:
            return None
        # Dask lists the sizes of all chunks of an axis, zarr and h5py give one.
        sizes = [max(chunk) if isinstance(chunk, tuple) else chunk for chunk in chunks]
        return tuple(int(sizes[axis]) for axis in self.order)

    @property
    def largest_possible(self) -> int:
        """Largest label that the type of the data holds."""
        return 1 if self.data.dtype == np.bool_ else int(np.iinfo(self.data.dtype).max)

    def read(self, region: Sequence[slice]) -> NDArray[np.uint32]:
        """Labels of a region.

        Parameters
        ----------
        region : sequence of slice
            A slice per axis, in the order of `axes`.

        Returns
        -------
        ndarray
            uint32, axes in the order of `axes`.

        Raises
        ------
        LabelError
            If a label is negative, or larger than 32 bits hold.
        """
        index: list[slice] = [slice(None)] * len(self.order)
        for axis, part in zip(self.order, region, strict=True):
            index[axis] = part
        block = np.asarray(self.data[tuple(index)]).transpose(self.order)
        if block.dtype.kind == "i" or block.dtype.itemsize > 4:
            low, high = int(block.min(initial=0)), int(block.max(initial=0))
            if low < 0 or high > LARGEST_LABEL:
                raise LabelError(
                    f"label {low if low < 0 else high} cannot be saved: labels are "
                    f"0 to {LARGEST_LABEL}, relabel it first"
                )
        return block.astype(np.uint32, copy=False)

    def in_order(self, axes: str) -> "LabelStack":
        """View the labels with their axes in another order; nothing is read.

        Parameters
        ----------
        axes : str
            Letters in the new order; letters that the labels lack are skipped.
        """
        order = tuple(self.order[self.axes.index(axis)] for axis in axes if axis in self.axes)
        return LabelStack(self.data, order, self.calibration.select(axes))


def label_stack(
    labels: LabelArray, calibration: Calibration | None = None, **place: Unpack[Place]
) -> LabelStack:
    """Check labels of a user, and put their axes in the order ``TCZYX``; nothing is read.

    Parameters
    ----------
    labels : array-like
        2 to 5 dimensions, integers or bool.
    calibration : Calibration, optional
        Axes of `labels`, and the size, position and unit of a pixel along each.
    **place
        ``axes``, ``scale``, ``translate``, ``units`` without a calibration, see :class:`Place`.

    Raises
    ------
    LabelError
        If the labels are not integers.
    OutputError
        If the labels are empty, or the calibration does not fit them.
    """
    ndim = len(labels.shape)
    if labels.dtype.kind not in "iub":
        raise LabelError(f"{labels.dtype} values are not labels: save integers, e.g. uint32")
    if ndim not in AXES_BY_NDIM or 0 in labels.shape:
        raise OutputError(
            f"labels of shape {tuple(labels.shape)} cannot be saved: "
            "they need 2 to 5 dimensions and at least one pixel"
        )
    values = place if calibration is None else asdict(calibration)
    stack = LabelStack(labels, tuple(range(ndim)), _calibration(ndim, **values))
    return stack.in_order(AXES)


def _calibration(
    ndim: int,
    axes: str | Sequence[str] | None = None,
    scale: Sequence[float] | None = None,
    translate: Sequence[float] | None = None,
    units: Sequence[object] | None = None,
) -> Calibration:
    """Calibration of labels from single values; OutputError if the values do not fit."""
    sizes = _numbers("scale", scale, ndim, 1.0)
    starts = _numbers("translate", translate, ndim, 0.0)
    if min(sizes) <= 0:
        raise OutputError(f"scale {sizes} is not the size of a pixel: use positive numbers")
    return layer_calibration(_axes(axes, ndim), sizes, starts, _units(units, ndim))


def _axes(axes: str | Sequence[str] | None, ndim: int) -> str:
    if axes is None:
        return AXES_BY_NDIM[ndim]
    letters = "".join(str(name)[:1] for name in axes).upper()
    if len(letters) == ndim == len(set(letters)) and {"Y", "X"} <= set(letters) <= set(AXES):
        return letters
    if not isinstance(axes, str):
        return AXES_BY_NDIM[ndim]
    raise OutputError(
        f"axes {axes!r} do not fit labels of {ndim} dimensions: name each with one letter of "
        f"{AXES}, for example {AXES_BY_NDIM[ndim]!r}"
    )


def _numbers(
    name: str, values: Sequence[float] | None, ndim: int, default: float
) -> tuple[float, ...]:
    if values is None:
        return (default,) * ndim
    numbers = tuple(float(value) for value in values)
    if len(numbers) != ndim or not all(map(math.isfinite, numbers)):
        raise OutputError(f"{name} {numbers} does not fit: give {ndim} numbers, one per axis")
    return numbers


def _units(units: Sequence[object] | None, ndim: int) -> Sequence[object]:
    names = (PIXEL,) * ndim if units is None else tuple(units)
    if len(names) != ndim:
        raise OutputError(f"units {names} do not fit: give {ndim} units, one per axis")
    for name in names:
        if known_unit(name) is None:
            warnings.warn(
                f"the unit {str(name)!r} is unknown: lengths are saved in pixels",
                UserWarning,
                stacklevel=2,
            )
    return names
