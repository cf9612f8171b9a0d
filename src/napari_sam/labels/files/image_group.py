"""Image group: the OME-Zarr image around a ``labels`` folder."""

import json
import math
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import zarr

from napari_sam.errors import OutputError
from napari_sam.image.zarr_place import zip_place

from .atomic import replacing, unwritable
from .ome_version import LATEST, VERSIONS
from .stack import LabelStack
from .zarr2_labels import list_zarr2_labels, make_zarr2_labels

LABELS = "labels"
_MARKERS = ("zarr.json", ".zattrs", ".zgroup", ".zarray")


@dataclass(frozen=True, slots=True)
class ImageGroup:
    """An OME-Zarr image with room for label images in its ``labels`` folder.

    Parameters
    ----------
    path : Path
        The folder of the image.
    axes : tuple of str
        Names of its axes, lower case.
    scales : tuple of tuple of float
        Scale of every level along `axes`.
    version : str
        Its version of OME-Zarr, which labels in it have too.
    """

    path: Path
    axes: tuple[str, ...]
    scales: tuple[tuple[float, ...], ...]
    version: str = LATEST

    def factors(self, stack: LabelStack) -> Sequence[tuple[int, ...]]:
        """Downsampling of labels to levels with the sizes of the image's levels.

        Parameters
        ----------
        stack : LabelStack
            The labels.

        Returns
        -------
        sequence of tuple of int
            For each level, a whole number per axis of the labels, relative to the first level; each
            a multiple of the level before.
        """
        factors = [(1,) * len(stack.axes)]
        for low, high in zip(self.scales, self.scales[1:], strict=False):
            steps = {
                axis: max(1, round(b / a)) for axis, a, b in zip(self.axes, low, high, strict=True)
            }
            factors.append(
                tuple(
                    k * steps.get(axis.lower(), 1)
                    for k, axis in zip(factors[-1], stack.axes, strict=True)
                )
            )
        return factors

    def make_labels_folder(self) -> None:
        """Create the group of label images with its list, unless present."""
        if self.version != LATEST:
            make_zarr2_labels(self.path / LABELS)
            return
        if not (self.path / LABELS / "zarr.json").exists():
            try:
                group = zarr.create_group(self.path / LABELS, zarr_format=3)
                group.attrs["ome"] = {"version": "0.5", LABELS: []}
            except OSError as error:
                raise OutputError(unwritable(self.path / LABELS, error)) from error

    def register(self, name: str) -> None:
        """Add a label image to the list of label images, once.

        Parameters
        ----------
        name : str
            Name of its folder.
        """
        if self.version != LATEST:
            list_zarr2_labels(self.path / LABELS, name)
            return
        path = self.path / LABELS / "zarr.json"
        content = json.loads(path.read_text(encoding="utf-8"))
        ome = content.setdefault("attributes", {}).setdefault("ome", {"version": "0.5"})
        names = ome.setdefault(LABELS, [])
        if name not in names:
            names.append(name)
            with replacing(path) as partial:
                partial.write_text(json.dumps(content, indent=2), encoding="utf-8")


def image_group_of(path: Path) -> ImageGroup | None:
    """The image around labels at ``<image>/labels/<name>``.

    Parameters
    ----------
    path : Path
        Path of the labels to write.

    Returns
    -------
    ImageGroup or None
        None if `path` is not in the ``labels`` folder of a zarr group.

    Raises
    ------
    OutputError
        If the group is not an image of a version that can be written, its metadata are damaged, or
        it is in a zip.
    """
    if (place := zip_place(path)) is not None:
        raise OutputError(
            f"{place.file} is a zip, into which labels cannot be put: {_beside(place.file)}, or "
            "unpack it"
        )
    image = path.parent.parent
    if path.parent.name != LABELS or not is_zarr(image):
        return None
    from napari_sam.image.ome_zarr import ome_attributes as parsed  # pydantic takes a moment

    ome = parsed(ome_attributes(image), str(image), OutputError)
    if not ome.multiscales or ome.ome_version not in VERSIONS:
        raise OutputError(
            f"{image} is not an image of OME-Zarr {' or '.join(VERSIONS)}, labels cannot be put "
            f"into it: {_beside(image)}"
        )
    multiscale = ome.multiscales[0]
    axes = tuple(axis.name.lower() for axis in multiscale.named_axes)
    scales = tuple(_scale(axes, level.steps, image) for level in multiscale.datasets)
    return ImageGroup(image, axes, scales, ome.ome_version)


def _scale(axes: tuple[str, ...], steps: list[dict[str, Any]], image: Path) -> tuple[float, ...]:
    """Scale of a level along each axis; raises OutputError if there is none."""
    from napari_sam.image.transformations import size_and_origin

    spacing, _, _ = size_and_origin(axes, [""] * len(axes), steps)
    sizes = tuple(size for size, _ in spacing.values())
    if not steps or len(sizes) != len(axes) or not all(0 < size < math.inf for size in sizes):
        raise OutputError(
            f"{image} does not say how large the pixels of its levels are, labels cannot be put "
            f"into it: {_beside(image)}"
        )
    return sizes


def _beside(image: Path) -> str:
    return f"save them beside it, for example as {image.name.split('.')[0]}.labels.ome.zarr"


def is_zarr(path: Path) -> bool:
    """Whether a folder is the root of a zarr group or array of any version."""
    return any((path / marker).is_file() for marker in _MARKERS)


def ome_attributes(path: Path) -> dict[str, Any]:
    """OME attributes of a zarr folder, of OME-Zarr 0.5 or earlier; empty by default."""
    try:
        if (path / "zarr.json").is_file():
            return dict(zarr_attributes(path).get("ome", {}))
        if (path / ".zattrs").is_file():
            return dict(json.loads((path / ".zattrs").read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError, AttributeError):
        return {}
    return {}


def zarr_attributes(path: Path) -> dict[str, Any]:
    """Attributes of a zarr folder of any version; empty by default."""
    try:
        if not (path / "zarr.json").is_file() and (path / ".zattrs").is_file():
            return dict(json.loads((path / ".zattrs").read_text(encoding="utf-8")))
        content = json.loads((path / "zarr.json").read_text(encoding="utf-8"))
        return dict(content.get("attributes", {}))
    except (OSError, ValueError, TypeError, AttributeError):
        return {}


def relative_source(source: Path, target: Path) -> str | None:
    """Path from a label image to the segmented OME-Zarr image.

    Parameters
    ----------
    source : Path
        The image.
    target : Path
        The folder of the label image.

    Returns
    -------
    str or None
        With forward slashes; None if the image is not a zarr folder, or on another drive.
    """
    if not is_zarr(source):
        return None
    try:
        return Path(os.path.relpath(source.resolve(), target.resolve())).as_posix()
    except ValueError:
        return None
