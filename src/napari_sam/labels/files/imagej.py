"""ImageJ: scale and position of labels in an ImageJ TIFF."""

from typing import Any

from napari_sam.image.units import PIXEL, factor, is_length, is_time, symbol

from .stack import LabelStack

IMAGEJ_AXES = "TZCYX"

_LARGEST = 1e9
"""Size of a pixel, in the unit of X, up to which a fraction of 32-bit numbers holds the resolution;
and resolution likewise."""


def imagej_options(stack: LabelStack) -> dict[str, Any]:
    """Arguments for tifffile to write a hyperstack with scale and units for Fiji.

    Parameters
    ----------
    stack : LabelStack
        The labels, their axes in the order :data:`IMAGEJ_AXES`.

    Returns
    -------
    dict
        `resolution` (pixels per unit along X and Y) and `metadata`. Lengths along Y and Z are
        converted into the unit of X; where only some axes are measured in lengths, ``yunit`` and
        ``zunit`` are those of Y and Z. Time is in seconds.
    """
    size = dict(zip(stack.axes, _in_unit_of_x(stack, stack.scale), strict=True))
    start = dict(zip(stack.axes, _in_unit_of_x(stack, stack.translate), strict=True))
    metadata: dict[str, Any] = {"axes": stack.axes}
    x_unit = stack.units[-1]
    if is_length(x_unit):
        metadata["unit"] = _spelled(x_unit)
    for axis, unit in zip(stack.axes, stack.units, strict=True):
        if axis in "YZ" and is_length(unit) != is_length(x_unit):
            metadata[f"{axis.lower()}unit"] = _spelled(unit) if is_length(unit) else PIXEL
    if "Z" in size:
        metadata["spacing"] = size["Z"]
    if "T" in stack.axes and is_time(time := stack.units[stack.axes.index("T")]):
        metadata["finterval"] = size["T"] * factor(str(time), "second")
    for axis in "XYZ":
        if start.get(axis):
            # ImageJ stores the pixel index of the origin of its coordinates.
            metadata[f"{axis.lower()}origin"] = -start[axis] / size[axis]
    return {"resolution": (1 / size["X"], 1 / size["Y"]), "metadata": metadata}


def holds_size(stack: LabelStack) -> bool:
    """Whether the tags of a TIFF, fractions of 32-bit numbers, hold the size of a pixel."""
    sizes = _in_unit_of_x(stack, stack.scale)[-2:]
    return all(1 / _LARGEST <= abs(size) <= _LARGEST for size in sizes)


def _spelled(unit: str | None) -> str:
    """Symbol of a length in ASCII."""
    return str(symbol(unit)).replace("µ", "u").replace("Å", "angstrom")


def _in_unit_of_x(stack: LabelStack, values: tuple[float, ...]) -> list[float]:
    into = stack.units[-1]
    return [
        value * factor(str(unit), str(into)) if is_length(unit) and is_length(into) else value
        for value, unit in zip(values, stack.units, strict=True)
    ]
