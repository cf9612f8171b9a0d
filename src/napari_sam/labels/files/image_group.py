"""Image group: the OME-Zarr image around a ``labels`` folder."""

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import zarr

from napari_sam.document import parse_document
from napari_sam.errors import OutputError
from napari_sam.file_names import printable

from .atomic import replacing, unwritable
from .stack import LabelStack

LABELS = "labels"
_MARKERS = ("zarr.json", ".zattrs", ".zgroup", ".zarray")


@dataclass(frozen=True, slots=True)
class ImageGroup:
    """An OME-Zarr 0.5 image with room for label images in its ``labels`` folder.

    Parameters
    ----------
    path : Path
        The folder of the image.
    axes : tuple of str
        Names of its axes, lower case.
    scales : tuple of tuple of float
        Scale of every level along `axes`.
    """

    path: Path
    axes: tuple[str, ...]
    scales: tuple[tuple[float, ...], ...]

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
        """Create the group of label images with its list; check the list that is present."""
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
        If the group is not an OME-Zarr 0.5 image.
    """
    image = path.parent.parent
    if path.parent.name != LABELS or not is_zarr(image):
        return None
    multiscales = ome_attributes(image).get("multiscales")
    if not (image / "zarr.json").exists() or not multiscales:
        raise OutputError(
            f"{image} is not an OME-Zarr 0.5 image, labels cannot be put into it: "
            f"save them beside it, for example as {image.name.split('.')[0]}.labels.ome.zarr"
        )
    axes = tuple(str(axis["name"]).lower() for axis in multiscales[0]["axes"])
    scales = tuple(
        tuple(map(float, dataset["coordinateTransformations"][0]["scale"]))
        for dataset in multiscales[0]["datasets"]
    )
    return ImageGroup(image, axes, scales)


def is_zarr(path: Path) -> bool:
    """Whether a folder is the root of a zarr group or array of any version."""
    return any((path / marker).is_file() for marker in _MARKERS)


def ome_attributes(path: Path) -> dict[str, Any]:
    """OME attributes of a zarr folder, of OME-Zarr 0.5 or earlier; empty by default."""
    if (path / "zarr.json").is_file():
        ome = zarr_attributes(path).get("ome")
        return ome if isinstance(ome, dict) else {}
    return _json_object(path / ".zattrs")


def zarr_attributes(path: Path) -> dict[str, Any]:
    """Attributes of a folder of zarr 3; empty by default."""
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
