"""Plate: the fields of all wells of an OME-Zarr plate, as paths of images."""

import os
from pathlib import Path
from typing import Any

import zarr

from napari_sam.errors import ImageError, reason
from napari_sam.image.ome_zarr import OmeAttributes, ome_attributes
from napari_sam.image.zarr_place import open_node, zip_place

from .image_names import is_zarr

_MOST_WELLS = 5
"""Missing wells that a sentence names; of more only the number is said."""


def fields_of_plate(path: Path) -> tuple[list[Path], tuple[str, ...]] | None:
    """Fields of a plate, well by well; only metadata are read.

    Parameters
    ----------
    path : Path
        A folder or zip of a zarr.

    Returns
    -------
    (list of Path, tuple of str) or None
        A path for each field, such as ``plate.zarr/A/1/0``, and a sentence about wells that are
        listed and missing; None for anything but a plate.

    Raises
    ------
    ImageError
        If the zarr or its metadata are damaged.
    """
    if not (is_zarr(path) or (os.path.isfile(path) and zip_place(path) is not None)):
        return None
    try:
        node = open_node(path)
    except ImageError:
        raise
    except Exception as error:  # zarr raises errors of many kinds on damaged files
        raise ImageError(f"{path} cannot be read: {reason(error)}") from error
    plate = None if isinstance(node, zarr.Array) else _attributes(node, path).plate
    if plate is None:
        return None
    fields: list[Path] = []
    missing: list[str] = []
    for well in plate.wells:
        try:
            images = _attributes(node[well.path], path / well.path).well
        except KeyError:
            images = None
        if images is None:
            missing.append(well.path)
        else:
            fields += [path / well.path / image.path for image in images.images]
    return fields, _sentence(path, missing)


def _attributes(group: Any, path: Path) -> OmeAttributes:
    return ome_attributes(group.attrs.asdict(), str(path))


def _sentence(path: Path, missing: list[str]) -> tuple[str, ...]:
    if not missing:
        return ()
    names = ", ".join(missing[:_MOST_WELLS]) + (" ..." if len(missing) > _MOST_WELLS else "")
    wells = "well is" if len(missing) == 1 else "wells are"
    return (f"{path.name}: {len(missing)} {wells} listed and missing: {names}",)
