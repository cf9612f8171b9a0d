"""TIFF spacing: size of a pixel in OME-XML, ImageJ's metadata or tags; and names of channels."""

import math
from collections.abc import Mapping
from typing import Any
from xml.etree import ElementTree

import tifffile

from .companions import ome_images
from .physical_size import Spacing

_CENTIMETRE = 3  # ResolutionUnit of TIFF 6.0


def tiff_spacing(tiff: tifffile.TiffFile, series: int) -> Spacing:
    """Size of a pixel along the axes of an image, as its file states it.

    Parameters
    ----------
    tiff : TiffFile
        The open file.
    series : int
        Number of the image in ``tiff.series``.

    Returns
    -------
    Spacing
        Sizes that are no numbers are NaN. A resolution per inch, such as 72 or 300, is the size for
        printing, not that of the microscope, and left out.
    """
    if tiff.is_ome:
        pixels = _ome_pixels(tiff, series)
        return {} if pixels is None else _ome_spacing(pixels.attrib)
    imagej = tiff.imagej_metadata
    return _imagej_spacing(tiff, imagej) if imagej else _plain_spacing(tiff)


def tiff_channel_names(tiff: tifffile.TiffFile, series: int) -> tuple[str, ...]:
    """Names of the channels of an OME-TIFF, some of which may be empty.

    Parameters
    ----------
    tiff : TiffFile
        The open file.
    series : int
        Number of the image in ``tiff.series``.
    """
    pixels = _ome_pixels(tiff, series) if tiff.is_ome else None
    channels = () if pixels is None else pixels.iterfind("{*}Channel")
    return tuple(channel.get("Name", "") for channel in channels)


def _ome_pixels(tiff: tifffile.TiffFile, series: int) -> ElementTree.Element | None:
    """Element ``Pixels`` of an image; images without any plane are no series."""
    images = ome_images(tiff.ome_metadata or "")
    if len(images) != len(tiff.series):
        name = tiff.series[series].name
        images = [image for image in images if image.get("Name", "") == name]
        series = [each.name for each in tiff.series[:series]].count(name)
    return images[series].find("{*}Pixels") if series < len(images) else None


def _ome_spacing(pixels: Mapping[str, str]) -> Spacing:
    spacing = {}
    for axis in "XYZ":
        if (size := pixels.get(f"PhysicalSize{axis}")) is not None:
            spacing[axis] = (_number(size), str(pixels.get(f"PhysicalSize{axis}Unit", "um")))
    if (step := pixels.get("TimeIncrement")) is not None:
        spacing["T"] = (_number(step), str(pixels.get("TimeIncrementUnit", "s")))
    return spacing


def _imagej_spacing(tiff: tifffile.TiffFile, metadata: dict[str, Any]) -> Spacing:
    """Size of a pixel in ``unit``; along Y and Z in ``yunit`` and ``zunit`` where given."""
    unit = str(metadata.get("unit", ""))
    units = {axis: str(metadata.get(f"{axis.lower()}unit", unit)) for axis in "XYZ"}
    sizes = {axis: _resolution(tiff, axis, 1.0) for axis in "XY"}
    if "spacing" in metadata:
        sizes["Z"] = _number(metadata["spacing"])
    spacing = {axis: (size, units[axis]) for axis, size in sizes.items() if units[axis] and size}
    if "finterval" in metadata:
        spacing["T"] = (_number(metadata["finterval"]), str(metadata.get("tunit", "s")))
    if "spacing" in metadata and unit and not sizes["Z"]:
        spacing["Z"] = (0.0, units["Z"])
    return spacing


def _plain_spacing(tiff: tifffile.TiffFile) -> Spacing:
    """Resolution of a plain TIFF, if given per centimetre, in micrometres."""
    if tiff.pages.first.tags.valueof("ResolutionUnit") != _CENTIMETRE:
        return {}
    sizes = {axis: _resolution(tiff, axis, 1e4) for axis in "XY"}
    return {axis: (size, "um") for axis, size in sizes.items() if size}


def _resolution(tiff: tifffile.TiffFile, axis: str, length: float) -> float:
    """Size of a pixel, `length` divided by the resolution; 0 where it is missing or 0."""
    pixels, lengths = tiff.pages.first.tags.valueof(f"{axis}Resolution") or (0, 0)
    return length * lengths / pixels if pixels else 0.0


def _number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return math.nan
