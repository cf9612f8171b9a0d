"""Read: open an image file as a Volume, of which pixels are loaded lazily if possible."""

import math
import weakref
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
import zarr
from PIL import Image

from napari_sam.errors import ImageError, reason

from .volume import Volume

_PICTURES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".gif"})
_PLAIN_MODES = frozenset({"1", "L", "I", "I;16", "I;16B", "F", "RGB", "RGBA"})
"""Pillow's modes whose pixels are grey levels or RGB; pictures of other modes are converted."""

_TIFFS = frozenset({".tif", ".tiff", ".lsm", ".svs", ".ndpi", ".qptiff", ".btf"})
SUFFIXES = _PICTURES | _TIFFS | {".npy"}
"""Suffixes of image files that can be read; zarr images are folders."""

# tifffile's letters: samples are channels; stacks without a name are taken for z
_AXES = str.maketrans("SIQ", "CZZ")
_CENTIMETRE = 3  # ResolutionUnit of TIFF 6.0

_UNITS = {
    **dict.fromkeys(("\N{MICRO SIGN}m", "\N{GREEK SMALL LETTER MU}m"), "micrometer"),
    **dict.fromkeys(("um", "micron", "microns", "\\u00B5m"), "micrometer"),
    **{"pm": "picometer", "nm": "nanometer", "mm": "millimeter", "cm": "centimeter", "m": "meter"},
    **{"\N{LATIN CAPITAL LETTER A WITH RING ABOVE}": "angstrom", "sec": "second", "s": "second"},
    **{"ms": "millisecond", "min": "minute", "h": "hour"},
    **dict.fromkeys(("", "pixels", "reference frame"), "pixel"),
}
"""Unit as files spell it -> its full name; other units stay as they are."""

_Spacing = dict[str, tuple[float, str]]
"""Letter of an axis -> size of a pixel and its unit as the file spells it."""


@dataclass(frozen=True, slots=True)
class _Metadata:
    """Axes and calibration that a file states, empty where it states nothing.

    Parameters
    ----------
    axes : str or None
        Letters of the dimensions, such as ``"TCZYX"``.
    spacing : dict
        Size of a pixel and its unit, by axis.
    origin : dict of str to float
        World coordinate of the first pixel, by axis, in the unit of its spacing.
    """

    axes: str | None = None
    spacing: _Spacing = field(default_factory=dict)
    origin: dict[str, float] = field(default_factory=dict)


def read_image(
    path: str | Path, *, axes: str | None = None, channels: Sequence[int] | int | None = None
) -> Volume:
    """Open an image file; pixels are read later, region by region.

    Parameters
    ----------
    path : str or Path
        TIFF, OME-TIFF or ImageJ TIFF; OME-Zarr 0.4 or 0.5 (its full resolution) or a zarr array;
        npy; PNG, JPEG. Zarr also by URL, such as ``s3://...``, where zarr has what that takes.
    axes : str, optional
        One letter of TCZYX for each dimension, to replace missing or wrong axes of the file.
    channels : int or sequence of int, optional
        Indices of the one to three channels that the model gets.

    Returns
    -------
    Volume
        With scale and units from the file.

    Raises
    ------
    ImageError
        If there is no such file, or it is not an image that can be read.
    """
    path = str(path) if is_url(path) else Path(path)
    if isinstance(path, Path) and not path.exists():
        raise ImageError(f"no file {path}: check the path")
    try:
        data, metadata = _open(path) if isinstance(path, Path) else _open_zarr(path)
    except ImageError:
        raise
    except Exception as error:  # decoders raise errors of many kinds on damaged files
        raise ImageError(f"{path} is not an image that can be read: {reason(error)}") from error
    return _volume(path, data, metadata, axes, channels)


def is_url(path: str | Path) -> bool:
    """Whether a path is a URL, such as ``s3://...``."""
    return "://" in str(path)


def _volume(
    path: Path | str,
    data: Any,
    metadata: _Metadata,
    axes: str | None,
    channels: Sequence[int] | int | None,
) -> Volume:
    axes = axes or metadata.axes
    volume = Volume.from_array(data, axes=axes, channels=channels, name=str(path))
    spacing = [metadata.spacing.get(axis, (1.0, "")) for axis in volume.label_axes]
    # Some programs write 0 for an unknown size.
    sizes = [size if math.isfinite(size) and size > 0 else 1.0 for size, _ in spacing]
    return replace(
        volume,
        scale=tuple(sizes),
        units=tuple(_UNITS.get(unit, unit) for _, unit in spacing),
        translate=tuple(metadata.origin.get(axis, 0.0) for axis in volume.label_axes),
    )


def _open(path: Path) -> tuple[Any, _Metadata]:
    """Array and metadata of a file or a zarr folder."""
    suffix = path.suffix.lower()
    if path.is_dir():
        return _open_zarr(path)
    if suffix in _TIFFS:
        return _open_tiff(path)
    if suffix == ".npy":
        return np.load(path, mmap_mode="r", allow_pickle=False), _Metadata()
    if suffix in _PICTURES:
        return _open_picture(path)
    raise ImageError(
        f"{path} is of no known kind: give a .tif, .ome.tif, .ome.zarr, .zarr, .npy or .png"
    )


def _open_picture(path: Path) -> tuple[Any, _Metadata]:
    with Image.open(path) as picture:
        if picture.mode == "LA":  # grey with transparency
            return np.asarray(picture.convert("L")), _Metadata()
        # palettes and CMYK become RGB
        plain = picture if picture.mode in _PLAIN_MODES else picture.convert("RGB")
        pixels = np.asarray(plain)
    return pixels, _Metadata("YXC" if pixels.ndim == 3 else "YX")


def _open_tiff(path: Path) -> tuple[Any, _Metadata]:
    with tifffile.TiffFile(path) as tiff:
        series = tiff.series[0]
        axes = series.axes.translate(_AXES)
        try:
            spacing = _ome_spacing(tiff) if tiff.is_ome else _tiff_spacing(tiff)
        except Exception:  # with damaged metadata the pixels can still be segmented
            spacing = {}
    try:
        store = tifffile.imread(path, aszarr=True, series=0, level=0)
        data: Any = zarr.open_array(store, mode="r")
        weakref.finalize(data, store.close)  # close the file when the array is deleted
    except Exception:  # unusual layouts (scattered pages, old codecs) cannot be read lazily
        data = tifffile.imread(path, series=0, level=0)
    valid = len(set(axes)) == len(axes) and set(axes) <= set("TCZYX")
    return data, _Metadata(axes if valid else None, spacing)


def _ome_spacing(tiff: tifffile.TiffFile) -> _Spacing:
    metadata = tifffile.xml2dict(tiff.ome_metadata or "<OME/>")
    images = metadata.get("OME", {}).get("Image", {})
    pixels = (images[0] if isinstance(images, list) else images).get("Pixels", {})
    spacing: _Spacing = {}
    for axis in "XYZ":
        if size := pixels.get(f"PhysicalSize{axis}"):
            spacing[axis] = (float(size), pixels.get(f"PhysicalSize{axis}Unit", "um"))
    if step := pixels.get("TimeIncrement"):
        spacing["T"] = (float(step), pixels.get("TimeIncrementUnit", "s"))
    return spacing


def _tiff_spacing(tiff: tifffile.TiffFile) -> _Spacing:
    """Spacing and unit of ImageJ; in a plain TIFF the resolution, if given per centimetre.

    A resolution per inch, such as 72 or 300, is the size for printing, not that of the microscope.
    """
    imagej = tiff.imagej_metadata or {}
    tags = tiff.pages.first.tags
    per_centimetre = not tiff.is_imagej and tags.valueof("ResolutionUnit") == _CENTIMETRE
    factor, unit = (1e4, "um") if per_centimetre else (1.0, str(imagej.get("unit", "")))
    spacing: _Spacing = {}
    for axis, tag in (("X", "XResolution"), ("Y", "YResolution")):
        pixels, length = tags.valueof(tag) or (0, 0)
        if unit and pixels and length:
            spacing[axis] = (factor * length / pixels, unit)
    if unit and "spacing" in imagej:
        spacing["Z"] = (float(imagej["spacing"]), unit)
    if "finterval" in imagej:
        spacing["T"] = (float(imagej["finterval"]), str(imagej.get("tunit", "s")))
    return spacing


def _open_zarr(path: Path | str) -> tuple[Any, _Metadata]:
    node: Any = zarr.open(path, mode="r")
    if isinstance(node, zarr.Array):
        return node, _Metadata()
    if "bioformats2raw.layout" in node.attrs and "0" in node:
        node = node["0"]  # the first image of a converted file
    attributes = node.attrs.asdict()
    multiscales = attributes.get("ome", attributes).get("multiscales")
    if not multiscales:
        raise ImageError(f"{path} is a zarr group without an OME image: give the image inside it")
    dataset = multiscales[0]["datasets"][0]  # the first dataset has the full resolution
    # OME-Zarr up to 0.2 fixes the axes to tczyx; 0.3 lists names only, later versions objects.
    axes = [
        axis if isinstance(axis, Mapping) else {"name": axis}
        for axis in multiscales[0].get("axes", "tczyx")
    ]
    names = "".join(axis["name"][0].upper() for axis in axes)
    scale, origin = _transformed(len(axes), dataset, multiscales[0])
    units = [axis.get("unit") or "" for axis in axes]
    spacing = dict(zip(names, zip(scale, units, strict=True), strict=True))
    return node[dataset["path"]], _Metadata(names, spacing, dict(zip(names, origin, strict=True)))


def _transformed(
    ndim: int, dataset: Mapping[str, Any], multiscale: Mapping[str, Any]
) -> tuple[list[float], list[float]]:
    """Scale and origin of a level, from its transformations and then those of all levels."""
    scale, origin = [1.0] * ndim, [0.0] * ndim
    for holder in (dataset, multiscale):
        for step in holder.get("coordinateTransformations", ()):
            if step["type"] == "scale":
                scale = [a * b for a, b in zip(scale, step["scale"], strict=True)]
                origin = [a * b for a, b in zip(origin, step["scale"], strict=True)]
            elif step["type"] == "translation":
                origin = [a + b for a, b in zip(origin, step["translation"], strict=True)]
    return scale, origin
