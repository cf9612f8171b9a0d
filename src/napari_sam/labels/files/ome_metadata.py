"""OME metadata: axes, scale and position of labels in an OME-TIFF."""

from itertools import product
from typing import Any
from uuid import NAMESPACE_OID, uuid5

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
        Identifier, sizes of a pixel along X, Y and Z, the time between frames, and, unless the
        labels start at the origin, the position of every plane. A scale of 1 without unit is left
        out.
    """
    metadata: dict[str, Any] = {"axes": stack.axes, "Name": name, "UUID": _identifier(stack, name)}
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


def _identifier(stack: LabelStack, name: str) -> str:
    """Identifier of the file, which OME wants: equal for equal labels, so that files are equal."""
    # Not of the pixels, which are read once, after this. Only parts of images in several files are
    # told apart by it.
    return str(uuid5(NAMESPACE_OID, f"{name} {stack.axes} {stack.shape}"))


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
