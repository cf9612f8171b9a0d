"""Read plate: list of the wells and fields of an OME-Zarr plate, and of missing parts."""

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import zarr

from napari_sam.errors import ImageError

from .ome_zarr import OmeWells, ome_attributes
from .plate import Plate, PlateField
from .unlisted_groups import is_group, unlisted_fields, unlisted_wells
from .zarr_place import open_node, zip_place

_MOST_NAMES = 8
"""Wells or fields that a warning lists; of more only the number is said."""


def read_plate(path: Path | str, wells: str | None = None) -> Plate | None:
    """List the fields of a plate, of one of its wells, or a single field.

    Parameters
    ----------
    path : Path or str
        A plate, or a well or field inside it; also in a zip. A str is the URL of a plate.
    wells : str, optional
        Names or patterns of wells, separated by commas, such as ``"B03,C*"``; all by default.
        Case and leading zeros do not count: ``b3`` is ``B03``.

    Returns
    -------
    Plate or None
        None if the path is no part of a plate.

    Raises
    ------
    ImageError
        If the plate's metadata are damaged, or no well fits `wells`.
    """
    for root, inside in _roots(path):
        attributes = _plate_attributes(root)
        if attributes is not None:
            plate = _PlateGroup(root, *attributes).plate(inside, wells)
            return replace(plate, path=path) if plate.fields or not inside else None
    return None


def fits_well(name: str, pattern: str) -> bool:
    """Whether the name of a well fits a pattern; case and leading zeros do not count."""
    return fnmatchcase(_plain(name), _plain(pattern))


def _plain(well: str) -> str:
    return re.sub(r"(?<![0-9])0+(?=[0-9])", "", well.strip().replace("/", "")).upper()


def _roots(path: Path | str) -> Iterator[tuple[Path | str, str]]:
    """Zarrs that may be the plate of a path: the path, and two folders around; with the rest."""
    yield path, ""
    if isinstance(path, str):
        return
    if len(path.parts) < 4:  # such as B/03 in the folder of the plate
        path = Path(os.path.abspath(path))
    yield path.parent.parent, f"{path.parent.name}/{path.name}"
    well = path.parent
    yield well.parent.parent, f"{well.parent.name}/{well.name}/{path.name}"


def _plate_attributes(path: Path | str) -> tuple[Any, OmeWells] | None:
    """Group and metadata of a plate; None for anything else."""
    if isinstance(path, Path) and not is_group(path) and zip_place(path) is None:
        return None
    try:
        group = open_node(path)
    except Exception:  # what cannot be opened is told when it is read as an image
        return None
    if not isinstance(group, zarr.Group):
        return None
    metadata = ome_attributes(group.attrs.asdict(), str(path)).plate
    return None if metadata is None else (group, metadata)


@dataclass(frozen=True, slots=True)
class _PlateGroup:
    """Plate that can be opened.

    Parameters
    ----------
    path : Path or str
        The plate.
    group : zarr.Group
        Its group.
    metadata : OmeWells
        What the group says of it.
    """

    path: Path | str
    group: Any
    metadata: OmeWells

    def plate(self, inside: str, wells: str | None) -> Plate:
        """List the fields in a path of the plate, or of chosen wells.

        Parameters
        ----------
        inside : str
            ``row/column`` of a well, or ``row/column/field``; empty for all.
        wells : str or None
            See :func:`read_plate`.
        """
        listed = [_clean(well.path) for well in self.metadata.wells]
        images_by_well: dict[str, list[str]] = {}
        missing, unlisted, damaged = [], [], []
        if not inside and wells is None:
            unlisted += unlisted_wells(self.path, listed)
        for well in self._chosen(listed, inside, wells):
            if not self._has(well):
                missing.append(well)
                continue
            try:
                images = self._images(well)
            except ImageError as error:
                damaged.append(f"{error}; the well is left out")
                continue
            present = [image for image in images if self._has(f"{well}/{image}")]
            missing += [f"{well}/{image}" for image in images if image not in present]
            images_by_well[well] = present
            unlisted += unlisted_fields(self.path, well, images)
        fields = [
            self._field(well, image)
            for well, images in images_by_well.items()
            for image in images
            if f"{well}/{image}/".startswith(f"{inside}/" if inside else "")
        ]
        return Plate(
            path=self.path,
            rows=_names([row.name for row in self.metadata.rows], [f.row for f in fields]),
            columns=_names([c.name for c in self.metadata.columns], [f.column for f in fields]),
            fields=tuple(fields),
            warnings=(*self._sentences(missing, unlisted), *damaged),
        )

    def _chosen(self, listed: list[str], inside: str, wells: str | None) -> list[str]:
        """Paths of the chosen wells; raises ImageError for a pattern that no well fits."""
        if inside:
            listed = [well for well in listed if f"{inside}/".startswith(f"{well}/")]
        if wells is None:
            return listed
        patterns = [pattern.strip() for pattern in wells.split(",")]
        for pattern in patterns:
            if not any(fits_well(well, pattern) for well in listed):
                names = [well.replace("/", "") for well in listed]
                raise ImageError(f"{self.path} has no well {pattern!r}: choose from {_some(names)}")
        return [well for well in listed if any(fits_well(well, p) for p in patterns)]

    def _has(self, inside: str) -> bool:
        """Whether the plate has a group, damaged or not."""
        if isinstance(self.path, Path) and self.path.is_dir():
            return is_group(self.path / inside)
        return inside in self.group

    def _images(self, well: str) -> list[str]:
        """Paths of the images that a well lists; raises ImageError if it does not say."""
        name = f"{self.path}/{well}"
        if well.count("/") != 1:
            raise ImageError(f"{name} is not named by a row and a column")
        metadata = ome_attributes(self.group[well].attrs.asdict(), name).well
        if metadata is None:
            raise ImageError(f"{name} does not say which fields it has")
        return [_clean(image.path) for image in metadata.images]

    def _field(self, well: str, image: str) -> PlateField:
        row, _, column = well.partition("/")
        if isinstance(self.path, str):
            root = self.path.rstrip("/")
            return PlateField(root.split("/")[-1], row, column, image, f"{root}/{well}/{image}")
        name = Path(os.path.abspath(self.path)).name
        return PlateField(name, row, column, image, self.path / well / image)

    def _sentences(self, missing: list[str], unlisted: list[str]) -> Iterator[str]:
        if missing:
            yield (
                f"{self.path} lists wells or fields that are not there: {_some(missing)}; they are "
                "left out"
            )
        if unlisted:
            yield (
                f"{self.path} holds wells or fields that its metadata do not list: "
                f"{_some(unlisted)}; they are left out"
            )


def _clean(path: str) -> str:
    return path.strip("/")


def _names(stated: list[str], of_fields: list[str]) -> tuple[str, ...]:
    """Names that the metadata state, then names that only wells have; each once."""
    return tuple(dict.fromkeys([*stated, *of_fields]))


def _some(names: Sequence[str]) -> str:
    listed = ", ".join(names[:_MOST_NAMES])
    return listed if len(names) <= _MOST_NAMES else f"{listed} ... ({len(names)} in all)"
