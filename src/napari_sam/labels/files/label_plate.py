"""Label plate: an OME-Zarr plate whose fields are label images."""

import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from napari_sam.errors import OutputError
from napari_sam.image.ome_zarr import OmeAttributes
from napari_sam.image.ome_zarr import ome_attributes as parsed_attributes
from napari_sam.image.plate import PlateField

from .atomic import replacing, unwritable
from .image_group import is_zarr, ome_attributes, zarr_attributes
from .ome_version import LATEST, VERSIONS, checked_version, zarr_format

_MARK = {"napari-sam-labels": "plate"}
"""Attribute of a plate whose fields are labels, by which it is told from a plate of images."""


@dataclass(frozen=True, slots=True)
class LabelPlate:
    """Plate for the labels of a plate's fields; its wells and fields are listed when written.

    The command ``segment`` makes one for each plate of images.

    Parameters
    ----------
    path : Path
        The folder of the zarr.
    name : str
        Name of the plate.
    rows, columns : tuple of str
        Names of all rows and columns of the plate, in order.
    """

    path: Path
    name: str
    rows: tuple[str, ...]
    columns: tuple[str, ...]

    def field_path(self, field: PlateField) -> Path:
        """Folder for the labels of a field."""
        return self.path / field.well_path / field.field

    def make(self, fields: Iterable[PlateField], version: str | None = None) -> None:
        """Create the groups of the plate and of its wells; an existing plate is continued.

        Parameters
        ----------
        fields : iterable of PlateField
            Fields that will be written.
        version : str, optional
            ``"0.4"`` or ``"0.5"``; by default that of the plate that is there, or 0.5.

        Raises
        ------
        OutputError
            If something else is there, the plate has another version, or cannot be written.
        """
        version = self._checked_version(version)
        if _version(self.path) is None:
            self._write(version, [])
        for well in dict.fromkeys(field.well_path for field in fields):
            folder = self.path / well
            for group in (folder.parent, folder):
                if not is_zarr(group):
                    _write_group(group, version, {})

    def register(self, field: PlateField) -> None:
        """List a field in its well, and the well in the plate, each once."""
        version, well = _version(self.path) or LATEST, field.well_path
        in_well = _attributes(self.path / well).well
        fields = [] if in_well is None else [image.path for image in in_well.images]
        if field.field not in fields:
            images = [{"path": path} for path in [*fields, field.field]]
            _write_group(self.path / well, version, _described(version, "well", images=images))
        in_plate = _attributes(self.path).plate
        wells = [] if in_plate is None else [listed.path for listed in in_plate.wells]
        if well not in wells:
            self._write(version, [*wells, well])

    def _write(self, version: str, wells: list[str]) -> None:
        """Write the metadata of the plate with a list of wells."""
        places = [tuple(well.split("/")) for well in wells]
        rows = [*dict.fromkeys([*self.rows, *(row for row, _ in places)])]
        columns = [*dict.fromkeys([*self.columns, *(column for _, column in places)])]
        entries = [
            {"path": f"{row}/{column}", "rowIndex": rows.index(row)}
            | {"columnIndex": columns.index(column)}
            for row, column in places
        ]
        described = _described(
            version,
            "plate",
            name=self.name,
            rows=[{"name": row} for row in rows],
            columns=[{"name": column} for column in columns],
            wells=sorted(entries, key=lambda entry: (entry["rowIndex"], entry["columnIndex"])),
        )
        _write_group(self.path, version, described | _MARK)

    def _checked_version(self, version: str | None) -> str:
        """Version to write, after a check of what is there."""
        present = _version(self.path)
        if present is None and os.path.lexists(self.path):
            raise OutputError(
                f"{self.path} is not a plate of labels, which belongs there: move it, or choose "
                "another output folder"
            )
        if version is not None and present not in (None, version):
            raise OutputError(
                f"{self.path} is OME-Zarr {present}: leave the version out, or choose another "
                "output folder"
            )
        return present or checked_version(version)


def label_plate_version(path: Path) -> str | None:
    """Version of the plate of labels around a path; None if it is no field of such a plate.

    Parameters
    ----------
    path : Path
        Path of labels, without symbolic links; ``<plate>/<row>/<column>/<field>`` for a field.
    """
    if len(path.parents) < 3 or not is_zarr(path.parent):
        return None
    return _version(path.parents[2])


def _version(plate: Path) -> str | None:
    """Version of OME-Zarr of a plate that :meth:`LabelPlate.make` made; None for anything else."""
    if not _MARK.items() <= zarr_attributes(plate).items():
        return None
    ome = ome_attributes(plate)
    metadata = ome.get("plate")
    stated = metadata.get("version") if isinstance(metadata, dict) else None
    version = ome.get("version", stated)
    return version if version in VERSIONS else None


def _attributes(group: Path) -> OmeAttributes:
    """Parsed attributes of a plate or well; raises OutputError if they are damaged."""
    return parsed_attributes(zarr_attributes(group), str(group), OutputError)


def _described(version: str, kind: str, **content: Any) -> dict[str, Any]:
    """Attributes of a plate or a well."""
    content |= {"version": version}
    return {"ome": {"version": version, kind: content}} if version == LATEST else {kind: content}


def _write_group(folder: Path, version: str, attributes: dict[str, Any]) -> None:
    """Write a zarr group without members, or the attributes of a group that is there."""
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise OutputError(unwritable(folder, error)) from error
    if zarr_format(version) == 3:
        group = {"zarr_format": 3, "node_type": "group", "attributes": attributes}
        _write_json(folder / "zarr.json", group)
        return
    _write_json(folder / ".zgroup", {"zarr_format": 2})
    _write_json(folder / ".zattrs", attributes)


def _write_json(path: Path, content: dict[str, Any]) -> None:
    with replacing(path) as partial:
        partial.write_text(json.dumps(content, indent=2), encoding="utf-8")
