"""Calibration: the axes of labels with the size, position and unit of a pixel along each."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_sam.errors import ImageError


@dataclass(frozen=True, slots=True)
class Calibration:
    """Axes of an array of labels, and how its pixel indices map to world coordinates.

    An image has one, see :attr:`~napari_sam.image.volume.Volume.calibration`; writers of labels
    and tracks, and :mod:`napari_sam.measure`, take it. Make one from a user's values with
    :meth:`checked`.

    Parameters
    ----------
    axes : str
        Letters in the order of the array's dimensions, such as ``"TZYX"``.
    scale : tuple of float
        Size of a pixel along each of `axes`, in `units`.
    translate : tuple of float
        World coordinate of the centre of the first pixel along each of `axes`, in `units`.
    units : tuple of str
        Unit along each of `axes`, such as ``"micrometer"``; ``"pixel"`` where unknown.
    """

    axes: str
    scale: tuple[float, ...]
    translate: tuple[float, ...]
    units: tuple[str, ...]

    @classmethod
    def checked(
        cls,
        axes: str,
        scale: Sequence[float] | None = None,
        translate: Sequence[float] | None = None,
        units: Sequence[str] | None = None,
    ) -> "Calibration":
        """Check values from a user or a file, and fill in missing values.

        Parameters
        ----------
        axes : str
            Letters of the axes; not checked.
        scale, translate : sequence of float, optional
            One finite number for each axis; 1 and 0 by default.
        units : sequence of str, optional
            One unit for each axis; ``"pixel"`` by default.

        Raises
        ------
        ImageError
            If there is not one value for each axis, or a scale is 0.
        """
        return cls(
            axes,
            _checked_scale(scale, axes),
            _finite_numbers("translate", translate, axes, 0.0),
            _checked_units(units, axes),
        )

    def select(self, axes: str) -> "Calibration":
        """Take some axes, in the given order.

        Parameters
        ----------
        axes : str
            Letters in the order of the result. Letters that the calibration lacks are skipped, so
            that ``"TCZYX"`` puts any calibration in standard order.

        Returns
        -------
        Calibration
        """
        order = [self.axes.index(axis) for axis in axes if axis in self.axes]
        return Calibration(
            "".join(self.axes[i] for i in order),
            tuple(self.scale[i] for i in order),
            tuple(self.translate[i] for i in order),
            tuple(self.units[i] for i in order),
        )

    def to_world(self, positions: ArrayLike) -> NDArray[np.float64]:
        """Map pixel indices to world coordinates.

        Parameters
        ----------
        positions : array-like
            ``(..., len(axes))``, in the order of `axes`; integers at pixel centres.

        Returns
        -------
        ndarray
            ``(..., len(axes))`` float64, in `units`.
        """
        pixels = np.asarray(positions, np.float64)
        world: NDArray[np.float64] = pixels * np.array(self.scale) + np.array(self.translate)
        return world


def _checked_scale(values: Sequence[float] | None, axes: str) -> tuple[float, ...]:
    scale = _finite_numbers("scale", values, axes, 1.0)
    if 0 in scale:
        raise ImageError(f"scale {scale}: a pixel has some size, give numbers other than 0")
    return scale


def _finite_numbers(
    name: str, values: Sequence[float] | None, axes: str, default: float
) -> tuple[float, ...]:
    if values is None:
        return (default,) * len(axes)
    try:
        numbers = tuple(float(value) for value in values)
    except (TypeError, ValueError):
        numbers = ()
    if len(numbers) != len(axes) or not all(map(math.isfinite, numbers)):
        raise ImageError(f"{name} {values!r}: give {len(axes)} finite numbers, for {axes}")
    return numbers


def _checked_units(units: Sequence[str] | None, axes: str) -> tuple[str, ...]:
    if not units:
        return ("pixel",) * len(axes)
    if isinstance(units, str) or len(units) != len(axes):
        raise ImageError(f"units {units!r}: give {len(axes)}, one for each of {axes}")
    return tuple(str(unit) for unit in units)
