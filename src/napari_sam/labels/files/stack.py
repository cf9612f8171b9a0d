"""LabelStack: labels with named axes and a place in the physical world, ready to be written."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_sam.errors import LabelError, OutputError

from .units import spelled_out

AXES = "TCZYX"
_GUESSES = {2: "YX", 3: "ZYX", 4: "TZYX", 5: "TCZYX"}
_MAX_LABEL = int(np.iinfo(np.uint32).max)


@dataclass(frozen=True, slots=True, eq=False)
class LabelStack:
    """Labels of any array type, seen with their axes in a standard order.

    Parameters
    ----------
    data : array-like
        Integers; numpy, zarr, dask or alike. Never loaded whole.
    axes : str
        One letter of ``TCZYX`` per axis, in the order in which they are seen.
    order : tuple of int
        The axis of `data` that each of `axes` is.
    scale, translate : tuple of float
        Size of a pixel and position of the first pixel's centre along `axes`.
    units : tuple of str or None
        Spelled-out units along `axes`; None for pixels.
    """

    data: Any
    axes: str
    order: tuple[int, ...]
    scale: tuple[float, ...]
    translate: tuple[float, ...]
    units: tuple[str | None, ...]

    @property
    def shape(self) -> tuple[int, ...]:
        """Size along `axes`."""
        return tuple(int(self.data.shape[axis]) for axis in self.order)

    @property
    def chunks(self) -> tuple[int, ...] | None:
        """Size along `axes` of what is stored in one piece; None in memory."""
        chunks = getattr(self.data, "chunks", None)
        if chunks is None:
            return None
        # Dask lists the sizes of all chunks of an axis, zarr and h5py give one.
        sizes = [max(chunk) if isinstance(chunk, tuple) else chunk for chunk in chunks]
        return tuple(int(sizes[axis]) for axis in self.order)

    @property
    def largest_possible(self) -> int:
        """The largest label that the type of the data could hold."""
        return 1 if self.data.dtype == np.bool_ else int(np.iinfo(self.data.dtype).max)

    def read(self, region: Sequence[slice]) -> NDArray[np.uint32]:
        """Labels of a region.

        Parameters
        ----------
        region : sequence of slice
            One per axis, in the order of `axes`.

        Returns
        -------
        ndarray
            uint32, axes in the order of `axes`.

        Raises
        ------
        LabelError
            If there is a negative label, or one that 32 bits do not hold.
        """
        index: list[slice] = [slice(None)] * len(self.order)
        for axis, part in zip(self.order, region, strict=True):
            index[axis] = part
        block = np.asarray(self.data[tuple(index)]).transpose(self.order)
        if block.dtype.kind == "i" or block.dtype.itemsize > 4:
            low, high = int(block.min(initial=0)), int(block.max(initial=0))
            if low < 0 or high > _MAX_LABEL:
                raise LabelError(
                    f"label {low if low < 0 else high} cannot be saved: labels are "
                    f"0 to {_MAX_LABEL}, relabel it first"
                )
        return block.astype(np.uint32, copy=False)

    def in_order(self, axes: str) -> "LabelStack":
        """The same labels, their axes in another order.

        Parameters
        ----------
        axes : str
            All letters that may occur, in the order that is wanted.

        Returns
        -------
        LabelStack
            A view; nothing is read.
        """
        order = [self.axes.index(axis) for axis in axes if axis in self.axes]
        return replace(
            self,
            axes="".join(self.axes[i] for i in order),
            order=tuple(self.order[i] for i in order),
            scale=tuple(self.scale[i] for i in order),
            translate=tuple(self.translate[i] for i in order),
            units=tuple(self.units[i] for i in order),
        )


def label_stack(
    labels: Any,
    axes: str | Sequence[str] | None = None,
    scale: Sequence[float] | None = None,
    translate: Sequence[float] | None = None,
    units: Sequence[object] | None = None,
) -> LabelStack:
    """Labels as they come from a user, checked and with their axes in the order ``TCZYX``.

    Parameters
    ----------
    labels : array-like
        2 to 5 dimensions, integers or bool.
    axes : str or sequence of str, optional
        One letter of ``TCZYX`` per axis, or the axis labels of a napari layer, which are ignored
        where they are not such letters. By default the last of ``TZYX``.
    scale, translate : sequence of float, optional
        Size of a pixel, and position of the first pixel's centre, per axis of `labels`.
    units : sequence, optional
        Unit per axis; anything whose ``str`` is the name of a unit.

    Returns
    -------
    LabelStack
        A view; nothing is read.

    Raises
    ------
    LabelError
        If the labels are not integers.
    OutputError
        If they are empty, or the axes, scale, translate or units do not fit them.
    """
    ndim = len(labels.shape)
    if labels.dtype.kind not in "iub":
        raise LabelError(f"{labels.dtype} values are not labels: save integers, e.g. uint32")
    if ndim not in _GUESSES or 0 in labels.shape:
        raise OutputError(
            f"labels of shape {tuple(labels.shape)} cannot be saved: "
            "they need 2 to 5 dimensions and at least one pixel"
        )
    stack = LabelStack(
        data=labels,
        axes=_axes(axes, ndim),
        order=tuple(range(ndim)),
        scale=_numbers("scale", scale, ndim, 1.0),
        translate=_numbers("translate", translate, ndim, 0.0),
        units=_units(units, ndim),
    )
    if min(stack.scale) <= 0:
        raise OutputError(f"scale {stack.scale} is not the size of a pixel: use positive numbers")
    return stack.in_order(AXES)


def _axes(axes: str | Sequence[str] | None, ndim: int) -> str:
    if axes is None:
        return _GUESSES[ndim]
    letters = "".join(str(name)[:1] for name in axes).upper()
    if len(letters) == ndim == len(set(letters)) and {"Y", "X"} <= set(letters) <= set(AXES):
        return letters
    if not isinstance(axes, str):
        return _GUESSES[ndim]
    raise OutputError(
        f"axes {axes!r} do not fit labels of {ndim} dimensions: name each with one letter of "
        f"{AXES}, for example {_GUESSES[ndim]!r}"
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


def _units(units: Sequence[object] | None, ndim: int) -> tuple[str | None, ...]:
    names = (None,) * ndim if units is None else tuple(map(spelled_out, units))
    if len(names) != ndim:
        raise OutputError(f"units {names} do not fit: give {ndim} units, one per axis")
    return names
