"""ImageJ: scale and position of labels in an ImageJ TIFF."""

from typing import Any

from napari_sam.image.units import factor, is_length, is_time, symbol

from .stack import LabelStack

IMAGEJ_AXES = "TZCYX"


def imagej_options(stack: LabelStack) -> dict[str, Any]:
    """Arguments for tifffile to write a hyperstack with scale and units for Fiji.

    Parameters
    ----------
    stack : LabelStack
        The labels, their axes in the order :data:`IMAGEJ_AXES`.

    Returns
    -------
    dict
        `resolution` (pixels per unit along X and Y) and `metadata`. ImageJ has a single unit for
        all axes in space: lengths along Y and Z are converted into the unit of X. Time is in
        seconds.
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
            # ImageJ stores the pixel index of the origin of its coordinates.
            metadata[f"{axis.lower()}origin"] = -start[axis] / size[axis]
    return {"resolution": (1 / size["X"], 1 / size["Y"]), "metadata": metadata}


def _in_unit_of_x(stack: LabelStack, values: tuple[float, ...]) -> list[float]:
    into = stack.units[-1]
    return [
        value * factor(str(unit), str(into)) if is_length(unit) and is_length(into) else value
        for value, unit in zip(values, stack.units, strict=True)
    ]
