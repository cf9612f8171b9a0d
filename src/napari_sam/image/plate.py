"""Plate: wells and fields of an OME-Zarr plate of high-content screening."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class PlateField:
    """Field of a well: an image of a plate.

    Made by :func:`~napari_sam.image.read_plate.read_plate`.

    Parameters
    ----------
    plate : str
        Name of the plate's folder or file.
    row, column : str
        Names of the row and the column of the well, such as ``"B"`` and ``"03"``.
    field : str
        Path of the image in the group of the well, such as ``"0"``.
    path : Path or str
        The image, for :func:`~napari_sam.image.read.read_image`; a str is a URL.
    """

    plate: str
    row: str
    column: str
    field: str
    path: Path | str

    @property
    def well(self) -> str:
        """Name of the well, such as ``"B03"``."""
        return self.row + self.column

    @property
    def well_path(self) -> str:
        """Path of the well in its plate, such as ``"B/03"``."""
        return f"{self.row}/{self.column}"

    @property
    def place(self) -> str:
        """Path of the image in its plate, such as ``"B/03/0"``."""
        return f"{self.well_path}/{self.field}"

    @property
    def cells(self) -> dict[str, str]:
        """Columns of a table about fields: name of the column to the value for this field."""
        row, column = self.row, self.column
        named = {"plate": self.plate, "well": self.well, "row": row, "column": column}
        return named | {"field": self.field}


@dataclass(frozen=True, slots=True)
class Plate:
    """Plate with the fields that exist.

    Parameters
    ----------
    path : Path or str
        The plate, or the well or field that was given; a str is a URL.
    rows, columns : tuple of str
        Names of all its rows and columns, in order.
    fields : tuple of PlateField
        Fields in the order of the metadata, well by well: all of them, or those of the chosen
        wells.
    warnings : tuple of str
        Sentences about wells and fields that are listed and missing, or there and not listed.
    """

    path: Path | str
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    fields: tuple[PlateField, ...]
    warnings: tuple[str, ...] = ()

    @property
    def is_field(self) -> bool:
        """Whether only the path of a single field was given."""
        return [field.path for field in self.fields] == [self.path]
