"""ImageJ: scale and position of labels in the words of an ImageJ TIFF."""

from typing import Any

from .stack import LabelStack
from .units import factor, is_length, is_time, symbol

IMAGEJ_AXES = "TZCYX"


def imagej_options(stack: LabelStack) -> dict[str, Any]:
    """What tifffile needs to know for a hyperstack that opens with its scale.

    Parameters
    ----------
    stack : LabelStack
        The labels, their axes in the order :data:`IMAGEJ_AXES`.

    Returns
    -------
    dict
        Arguments `resolution` (pixels per unit along X and Y) and `metadata`. ImageJ has one unit
        for all axes: the one of X, into which the others are converted; and seconds for time.
    """
    size = dict(zip(stack.axes, _in_unit_of_x(stack, stack.scale), strict=True))
    start = dict(zip(stack.axes, _in_unit_of_x(stack, stack.translate), strict=True))
    metadata: dict[str, Any] = {"axes": stack.axes}
    unit = symbol(stack.units[-1]) if is_length(stack.units[-1]) else None
    if unit is not None:
        metadata["unit"] = unit.replace("µ", "u").replace("Å", "angstrom")
    if "Z" in size:
        metadata["spacing"] = size["Z"]
    if "T" in stack.axes and is_time(time := stack.units[stack.axes.index("T")]):
        metadata["finterval"] = size["T"] * factor(str(time), "second")
    for axis in "XYZ":
        if start.get(axis):
            # ImageJ counts the pixels up to the origin of its coordinates.
            metadata[f"{axis.lower()}origin"] = -start[axis] / size[axis]
    return {"resolution": (1 / size["X"], 1 / size["Y"]), "metadata": metadata}


def _in_unit_of_x(stack: LabelStack, values: tuple[float, ...]) -> list[float]:
    into = stack.units[-1]
    return [
        value * factor(str(unit), str(into)) if is_length(unit) and is_length(into) else value
        for value, unit in zip(values, stack.units, strict=True)
    ]
