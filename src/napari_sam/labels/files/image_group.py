"""Image group: the OME-Zarr image around a ``labels`` folder."""

import json
import math
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import zarr

from napari_sam.document import parse_document
from napari_sam.errors import OutputError
from napari_sam.file_names import printable
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
        """Create the group of label images with its list; check the list of a present group."""
        if self.version != LATEST:
            make_zarr2_labels(self.path / LABELS)
            return
        if (self.path / LABELS / "zarr.json").exists():
            self._labels_metadata()
        else:
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
        content = self._labels_metadata()
        ome = content.setdefault("attributes", {}).setdefault("ome", {"version": "0.5"})
        names = ome.setdefault(LABELS, [])
        if name not in names:
            names.append(name)
            with replacing(self.path / LABELS / "zarr.json") as partial:
                partial.write_text(json.dumps(content, indent=2), encoding="utf-8")

    def _labels_metadata(self) -> dict[str, Any]:
        """Metadata of the group of label images; raises OutputError if they are damaged."""
        path = self.path / LABELS / "zarr.json"
        try:
            text = path.read_bytes()
        except OSError as error:
            raise OutputError(unwritable(path, error)) from error
        advice = "the group of label images is damaged, remove it or save the labels elsewhere"
        parse_document(_LabelsGroup, text, str(path), OutputError, advice)
        return dict(json.loads(text))


@dataclass(frozen=True, slots=True)
class _LabelNames:
    """OME attributes of a ``labels`` group: the names of its label images."""

    labels: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _LabelsAttributes:
    ome: _LabelNames = _LabelNames()


@dataclass(frozen=True, slots=True)
class _LabelsGroup:
    """Metadata of a ``labels`` group, as far as they are read and changed."""

    attributes: _LabelsAttributes = _LabelsAttributes()


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
    return any(os.path.isfile(path / marker) for marker in _MARKERS)


def ome_attributes(path: Path) -> dict[str, Any]:
    """OME attributes of a zarr folder, of OME-Zarr 0.5 or earlier; empty by default."""
    if (path / "zarr.json").is_file():
        ome = zarr_attributes(path).get("ome")
        return ome if isinstance(ome, dict) else {}
    return _json_object(path / ".zattrs")


def zarr_attributes(path: Path) -> dict[str, Any]:
    """Attributes of a zarr folder of any version; empty by default."""
    if not (path / "zarr.json").is_file():
        return _json_object(path / ".zattrs")
    attributes = _json_object(path / "zarr.json").get("attributes")
    return attributes if isinstance(attributes, dict) else {}


def _json_object(path: Path) -> dict[str, Any]:
    """Object in a JSON file; empty if the file is missing or damaged."""
    try:
        return parse_document(dict[str, Any], path.read_bytes(), str(path), OutputError)
    except (OSError, OutputError):
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
        With forward slashes; None if the image is not a zarr folder, on another drive, or has a
        path that JSON cannot hold.
    """
    if not is_zarr(source):
        return None
    try:
        path = Path(os.path.relpath(source.resolve(), target.resolve())).as_posix()
    except ValueError:
        return None
    return path if path == printable(path) else None
