"""OME metadata: axes, scale and position of labels in an OME-TIFF."""

from itertools import product
from typing import Any

from napari_sam.image.units import is_length, is_time, symbol

from .stack import LabelStack


def ome_metadata(stack: LabelStack, name: str) -> dict[str, Any]:
    """Metadata for tifffile to write into the OME-XML.

    Parameters
    ----------
    stack : LabelStack
        The labels, with their axes in the order of the file.
    name : str
        Name of the image.

    Returns
    -------
    dict
        Sizes of a pixel along X, Y and Z, the time between frames, and, unless the labels start
        at the origin, the position of every plane. A scale of 1 without unit is left out.
    """
    metadata: dict[str, Any] = {"axes": stack.axes, "Name": name}
    for axis, scale, unit in zip(stack.axes, stack.scale, stack.units, strict=True):
        if axis in "XYZ" and (unit is not None or scale != 1):
            metadata[f"PhysicalSize{axis}"] = scale
            metadata[f"PhysicalSize{axis}Unit"] = _length_symbol(unit)
        if axis == "T" and is_time(unit):
            metadata["TimeIncrement"] = scale
            metadata["TimeIncrementUnit"] = symbol(unit)
    if any(stack.translate[stack.axes.index(axis)] for axis in _space(stack)):
        metadata["Plane"] = _positions(stack)
    return metadata


def _positions(stack: LabelStack) -> dict[str, list[Any]]:
    planes = list(product(*(range(size) for size in stack.shape[:-2])))
    positions: dict[str, list[Any]] = {}
    for axis in _space(stack):
        i = stack.axes.index(axis)
        start, step = stack.translate[i], stack.scale[i] if axis == "Z" else 0.0
        positions[f"Position{axis}"] = [
            start + (step * plane[i] if step else 0.0) for plane in planes
        ]
        positions[f"Position{axis}Unit"] = [_length_symbol(stack.units[i])] * len(planes)
    return positions


def _length_symbol(unit: str | None) -> str:
    # OME-TIFF takes a size without a unit for micrometres.
    return (symbol(unit) if is_length(unit) else None) or "pixel"


def _space(stack: LabelStack) -> str:
    return "".join(axis for axis in stack.axes if axis in "XYZ")
