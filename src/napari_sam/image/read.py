"""Read: a path to a Volume, lazily where the format allows."""

import weakref
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
import zarr
from skimage.io import imread

from napari_sam.errors import ImageError

from .volume import Volume

_PICTURES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".gif"})
_TIFFS = frozenset({".tif", ".tiff", ".lsm", ".svs", ".ndpi", ".qptiff", ".btf"})
_AXES = str.maketrans(
    "SIQ", "CZZ"
)  # tifffile: samples are channels; unnamed stacks are taken for z
_TO_MICROMETRE = {"inch": 25400.0, "centimetre": 10000.0, "centimeter": 10000.0}
_UNITS = {"µm": "micrometer", "um": "micrometer", "\\u00B5m": "micrometer", "micron": "micrometer"}


def read_image(
    path: str | Path, *, axes: str | None = None, channels: Sequence[int] | None = None
) -> Volume:
    """Open an image file; pixels are read when they are asked for.

    Parameters
    ----------
    path : str or Path
        TIFF, OME-TIFF or ImageJ TIFF; OME-Zarr 0.4 or 0.5 (its full resolution) or a zarr array;
        npy; PNG, JPEG.
    axes : str, optional
        One letter of TCZYX a dimension, where the file does not say or says it wrong.
    channels : sequence of int, optional
        One to three channels that the model sees.

    Returns
    -------
    Volume
        With scale and units from the file.

    Raises
    ------
    ImageError
        If there is no such file, or it is not an image that can be read.
    """
    path = Path(path)
    if not path.exists():
        raise ImageError(f"no file {path}: check the path")
    try:
        data, found = _open(path)
    except ImageError:
        raise
    except Exception as error:  # whatever a decoder raises on a file that is not what it seems
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ImageError(f"{path} is not an image that can be read: {reason}") from error
    return _volume(path, data, found, axes, channels)


def _volume(
    path: Path,
    data: Any,
    found: dict[str, Any],
    axes: str | None,
    channels: Sequence[int] | None,
) -> Volume:
    spacing = found.get("spacing", {})
    volume = Volume.from_array(
        data, axes=axes or found.get("axes"), channels=channels, name=str(path)
    )
    if not spacing:
        return volume
    return Volume.from_array(
        data,
        axes=volume.axes,
        channels=volume.channels,
        name=str(path),
        scale=[spacing.get(axis, (1.0, ""))[0] for axis in volume.label_axes],
        units=[spacing.get(axis, (1.0, ""))[1] or "pixel" for axis in volume.label_axes],
        translate=[found.get("origin", {}).get(axis, 0.0) for axis in volume.label_axes],
    )


def _open(path: Path) -> tuple[Any, dict[str, Any]]:
    """The data, and what the file says about axes, spacing (size, unit) and origin."""
    suffix = path.suffix.lower()
    if path.is_dir():
        return _open_zarr(path)
    if suffix in _TIFFS:
        return _open_tiff(path)
    if suffix == ".npy":
        return np.load(path, mmap_mode="r", allow_pickle=False), {}
    if suffix in _PICTURES:
        return imread(path), {}
    raise ImageError(
        f"{path} is of no known kind: give a .tif, .ome.tif, .ome.zarr, .zarr, .npy or .png"
    )


def _open_tiff(path: Path) -> tuple[Any, dict[str, Any]]:
    with tifffile.TiffFile(path) as tiff:
        series = tiff.series[0]
        axes = series.axes.translate(_AXES)
        spacing = _ome_spacing(tiff) if tiff.is_ome else _tiff_spacing(tiff)
    try:
        store = tifffile.imread(path, aszarr=True, series=0, level=0)
        data: Any = zarr.open_array(store, mode="r")
        weakref.finalize(data, store.close)  # the file is held open as long as its pixels are
    except Exception:  # unusual layouts (scattered pages, old codecs) are read whole
        data = tifffile.imread(path, series=0, level=0)
    known = len(set(axes)) == len(axes) and set(axes) <= set("TCZYX")
    return data, {"axes": axes if known else None, "spacing": spacing}


def _ome_spacing(tiff: tifffile.TiffFile) -> dict[str, tuple[float, str]]:
    metadata = tifffile.xml2dict(tiff.ome_metadata or "<OME/>")
    images = metadata.get("OME", {}).get("Image", {})
    pixels = (images[0] if isinstance(images, list) else images).get("Pixels", {})
    spacing = {}
    for axis in "XYZ":
        if size := pixels.get(f"PhysicalSize{axis}"):
            unit = pixels.get(f"PhysicalSize{axis}Unit", "µm")
            spacing[axis] = (float(size), _UNITS.get(unit, unit))
    if step := pixels.get("TimeIncrement"):
        spacing["T"] = (float(step), pixels.get("TimeIncrementUnit", "second"))
    return spacing


def _tiff_spacing(tiff: tifffile.TiffFile) -> dict[str, tuple[float, str]]:
    """ImageJ's spacing and unit, or the resolution tags of a plain TIFF."""
    imagej = tiff.imagej_metadata or {}
    page = tiff.pages.first
    unit = _UNITS.get(str(imagej.get("unit", "")), str(imagej.get("unit", "")))
    spacing: dict[str, tuple[float, str]] = {}
    for axis, tag in (("X", "XResolution"), ("Y", "YResolution")):
        value = page.tags.valueof(tag)
        if not unit or not value or not value[0] or not value[1]:
            continue
        spacing[axis] = (value[1] / value[0], unit)
    if unit and "spacing" in imagej:
        spacing["Z"] = (float(imagej["spacing"]), unit)
    if "finterval" in imagej:
        spacing["T"] = (float(imagej["finterval"]), "second")
    return spacing


def _open_zarr(path: Path) -> tuple[Any, dict[str, Any]]:
    node = zarr.open(path, mode="r")
    if isinstance(node, zarr.Array):
        return node, {}
    attributes = dict(node.attrs)
    multiscales = attributes.get("ome", attributes).get("multiscales")
    if not multiscales:
        raise ImageError(f"{path} is a zarr group without an OME image: give the image inside it")
    dataset = multiscales[0]["datasets"][0]
    axes = [axis if isinstance(axis, dict) else {"name": axis} for axis in multiscales[0]["axes"]]
    names = "".join(axis["name"].upper() for axis in axes)
    scale, origin = [1.0] * len(axes), [0.0] * len(axes)
    both = (dataset, multiscales[0])
    for transform in (t for holder in both for t in holder.get("coordinateTransformations", ())):
        if transform["type"] == "scale":
            scale = [a * b for a, b in zip(scale, transform["scale"], strict=True)]
        elif transform["type"] == "translation":
            origin = [a + b for a, b in zip(origin, transform["translation"], strict=True)]
    units = [axis.get("unit", "") for axis in axes]
    return node[dataset["path"]], {
        "axes": names,
        "spacing": dict(zip(names, zip(scale, units, strict=True), strict=True)),
        "origin": dict(zip(names, origin, strict=True)),
    }
