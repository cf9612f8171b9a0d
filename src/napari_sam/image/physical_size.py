"""Physical size: the size of a pixel in a file, to a Calibration in units of the table."""

import math
from collections.abc import Mapping, Sequence

from .calibration import Calibration
from .units import PIXEL, fits_axis, known_unit

Spacing = Mapping[str, tuple[float, str]]
"""Letter of an axis -> size of a pixel and its unit as the file spells it, which may be empty."""


def physical_calibration(
    axes: str, spacing: Spacing, origin: Mapping[str, float]
) -> tuple[Calibration, tuple[str, ...]]:
    """Calibration of label axes from the sizes in a file, with sentences on unusable sizes.

    Parameters
    ----------
    axes : str
        Letters of the axes of labels.
    spacing : mapping
        Size of a pixel and its unit, by axis; an axis without a size is measured in pixels.
    origin : mapping of str to float
        World coordinate of the first pixel, by axis, in the unit of its spacing.

    Returns
    -------
    Calibration
        Along an axis whose size is not a positive number, or whose unit is unknown or no unit of
        that axis, a pixel is 1 ``"pixel"`` large and the first pixel is at 0.
    tuple of str
        A sentence for each such axis.
    """
    scale, translate, units, sentences = [], [], [], []
    for axis in axes:
        size, unit = spacing.get(axis, (1.0, ""))
        place = in_known_unit(axis, size, origin.get(axis, 0.0), unit)
        if place is None:
            sentences.append(
                f"{f'{size:g} {unit}'.strip()} is no size of a pixel along {axis.lower()}: "
                "lengths along this axis are in pixels"
            )
        size, start, unit = place or (1.0, 0.0, PIXEL)
        scale.append(size)
        translate.append(start)
        units.append(unit)
    return Calibration(axes, tuple(scale), tuple(translate), tuple(units)), tuple(sentences)


def in_known_unit(
    axis: str, size: float, start: float, unit: object
) -> tuple[float, float, str] | None:
    """Size and position of a pixel along an axis in a unit that file formats know.

    Parameters
    ----------
    axis : str
        A letter of TCZYX.
    size, start : float
        Size of a pixel, and coordinate of the first, in `unit`.
    unit : object
        Any spelling, see :func:`~napari_sam.image.units.known_unit`.

    Returns
    -------
    tuple of float, float and str, or None
        Size, coordinate and the unit spelled out; None if the size is not a positive number, or
        the unit is unknown or no unit of the axis.
    """
    entry = known_unit(unit)
    if entry is None or not fits_axis(entry[0], axis):
        return None
    if not (math.isfinite(size) and size > 0 and math.isfinite(start)):
        return None
    name, count = entry
    return size * count, start * count, name


def layer_calibration(
    axes: str, scale: Sequence[float], translate: Sequence[float], units: Sequence[object]
) -> Calibration:
    """Calibration from the values of a napari layer, whose units are pint's.

    Parameters
    ----------
    axes : str
        Letters of the axes.
    scale, translate, units : sequence
        One for each axis. A unit that does not fit its axis, such as micrometers along time, where
        a reader gave all axes the same, is ``"pixel"``.
    """
    places = [
        in_known_unit(axis, size, start, unit) or (size, start, PIXEL)
        for axis, size, start, unit in zip(axes, scale, translate, units, strict=True)
    ]
    sizes, starts, names = zip(*places, strict=True) if places else ((), (), ())
    return Calibration(axes, sizes, starts, names)
