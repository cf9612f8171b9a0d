"""Read zarr: an array, an OME-Zarr image, or an image of a collection."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from itertools import count, takewhile
from pathlib import Path
from typing import Any

import zarr

from napari_sam.errors import ImageError

from .axis_names import UNNAMED, axis_letter
from .decode.cached_chunks import with_cache
from .ome_zarr import OmeAttributes, OmeMultiscale, channel_labels, ome_attributes
from .series import Series, choose_series
from .stored_image import StoredImage
from .transformations import size_and_origin
from .zarr_place import open_node

_MOST_MEMBERS = 8
"""Members of a group that a message lists."""


def read_zarr(path: Path | str, series: Series | None = None) -> StoredImage:
    """Open an image of a zarr; pixels are read later.

    Parameters
    ----------
    path : Path or str
        A folder, a zip, a path inside one of them, or a URL.
    series : int or str, optional
        Number, name or path of the image in a group that holds several; the first by default.

    Returns
    -------
    StoredImage
        Its ``series`` is the path of the image in the group.
    """
    node = open_node(path)
    if isinstance(node, zarr.Array):
        choose_series(str(path), [""], series)
        return StoredImage(with_cache(node), _stated_letters(node))
    return _read_group(node, str(path), series)


def _read_group(group: Any, name: str, series: Series | None) -> StoredImage:
    """Read a group: an image, or a collection of images."""
    ome = ome_attributes(group.attrs.asdict(), name)
    if ome.multiscales:
        names = [multiscale.name or "" for multiscale in ome.multiscales]
        number, choice = choose_series(name, names, series)
        image = _read_multiscale(group, ome.multiscales[number], name)
        return replace(image, warnings=(*choice, *image.warnings))
    if isinstance(series, str) and series.strip("/") in group:
        return _read_member(group, name, series.strip("/"))
    images = _images_in(group, ome, name)
    number, choice = choose_series(name, images, series)
    image = _read_member(group, name, images[number])
    return replace(image, warnings=(*choice, *image.warnings))


def _read_member(group: Any, name: str, member: str) -> StoredImage:
    node = group[member]
    if isinstance(node, zarr.Array):
        return StoredImage(with_cache(node), _stated_letters(node), series=member)
    image = _read_group(node, f"{name}/{member}", None)
    inner = () if image.series is None else (str(image.series),)
    return replace(image, series="/".join((member, *inner)))


def _images_in(group: Any, ome: OmeAttributes, name: str) -> list[str]:
    """Paths of the images in a collection, well or group of labels; else raises ImageError."""
    images = ome.labels or []
    if ome.well is not None:
        images = [image.path for image in ome.well.images]
    if ome.layout is not None:
        images = _collection(group, name)
    if ome.plate is not None and ome.plate.wells:
        well = next((well.path for well in ome.plate.wells if well.path in group), None)
        if well is None:
            raise ImageError(f"{name} is a plate without a well: check that it was copied whole")
        example = f"{well}/{_images_in(group[well], _attributes(group[well], name), name)[0]}"
        raise ImageError(
            f"{name} is a plate of {len(ome.plate.wells)} wells: choose an image with --series "
            f"(series=), such as {example}"
        )
    if not images:
        sentence = f"{name} is a zarr group without an OME image: give the image inside it"
        raise ImageError(sentence + _such_as(group))
    return images


def _collection(group: Any, name: str) -> list[str]:
    """Images of a collection of bioformats2raw: listed in the group OME, or numbered from 0."""
    listed = _attributes(group["OME"], f"{name}/OME").series if "OME" in group else None
    return listed or list(takewhile(group.__contains__, map(str, count())))


def _attributes(group: Any, name: str) -> OmeAttributes:
    return ome_attributes(group.attrs.asdict(), name)


def _such_as(group: Any) -> str:
    members: list[str] = []
    with suppress(Exception):  # not every server lists what it has
        members = sorted(name for name, _ in group.members())
    listed = ", ".join(members[:_MOST_MEMBERS]) + (" ..." if len(members) > _MOST_MEMBERS else "")
    return f", with --series (series=) or as a part of the path: {listed}" if members else ""


def _read_multiscale(group: Any, multiscale: OmeMultiscale, name: str) -> StoredImage:
    """Read the full resolution of a multiscale image."""
    data = group[multiscale.datasets[0].path]
    axes = multiscale.named_axes
    if len(axes) != data.ndim:
        sentence = (
            f"{name} names the axes {', '.join(axis.name for axis in axes)} and has {data.ndim} "
            "dimensions: their meaning is guessed, name it with --axes (axes=)"
        )
        return StoredImage(data, warnings=(sentence,))
    letters = tuple(axis_letter(axis.name, axis.type) for axis in axes)
    units = [axis.unit or "" for axis in axes]
    spacing, origin, sentences = size_and_origin(letters, units, multiscale.all_steps)
    warnings = tuple(f"{name}: {sentence}" for sentence in sentences)
    coarser = [group[each.path] for each in multiscale.datasets[1:] if each.path in group]
    levels = (data, *(level for level in coarser if isinstance(level, zarr.Array)))
    names = channel_labels(group.attrs.asdict(), name)
    return StoredImage(
        with_cache(data), letters, spacing, origin, None, warnings, levels, channel_names=names
    )


def _stated_letters(array: Any) -> tuple[str, ...] | None:
    """Letters of the dimensions of an array, from zarr 3's names or from xarray's in zarr 2."""
    names = getattr(array.metadata, "dimension_names", None)
    if names is None:
        attributes: Mapping[str, Any] = array.attrs.asdict()
        names = attributes.get("_ARRAY_DIMENSIONS")
    if not isinstance(names, list | tuple) or len(names) != array.ndim:
        return None
    letters = tuple(axis_letter(None if name is None else str(name)) for name in names)
    return None if all(letter == UNNAMED for letter in letters) else letters
