"""Zarr 2 labels: the group of label images in an OME-Zarr 0.4 image, with its list."""

import json
from dataclasses import dataclass, field
from pathlib import Path

import zarr

from napari_sam.document import parse_document
from napari_sam.errors import OutputError

from .atomic import replacing, unwritable

_LIST = ".zattrs"


@dataclass(frozen=True, slots=True)
class _LabelNames:
    """Attributes of a group of label images: their names."""

    labels: list[str] = field(default_factory=list)


def make_zarr2_labels(folder: Path) -> None:
    """Create the group of label images, or check the list of a present group.

    Parameters
    ----------
    folder : Path
        ``<image>/labels``.

    Raises
    ------
    OutputError
        If it cannot be written, or its list is damaged.
    """
    if (folder / ".zgroup").exists():
        _names(folder)
        return
    try:
        zarr.create_group(folder, zarr_format=2, attributes={"labels": []})
    except OSError as error:
        raise OutputError(unwritable(folder, error)) from error


def list_zarr2_labels(folder: Path, name: str) -> None:
    """Add the name of a label image to the list, once.

    Parameters
    ----------
    folder : Path
        ``<image>/labels``.
    name : str
        Name of the folder of the label image.
    """
    names = _names(folder)
    if name not in names:
        path = folder / _LIST
        content = json.loads(path.read_bytes()) if path.exists() else {}
        with replacing(path) as partial:
            text = json.dumps({**content, "labels": [*names, name]}, indent=2)
            partial.write_text(text, encoding="utf-8")


def _names(folder: Path) -> list[str]:
    path = folder / _LIST
    if not path.exists():
        return []
    advice = "the group of label images is damaged, remove it or save the labels elsewhere"
    return parse_document(_LabelNames, path.read_bytes(), str(path), OutputError, advice).labels
