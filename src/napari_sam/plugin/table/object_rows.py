"""ObjectRows: rows of measurements by label and frame, with places; no Qt, no napari."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from napari_sam.image.volume import Plane
from napari_sam.labels.label_array import LabelArray
from napari_sam.measure.measurements import Measurements
from napari_sam.tiles.bbox import BBox

from .plotted import Rows


@dataclass(frozen=True, slots=True, eq=False)
class ObjectRows:
    """Measurements with the way from objects to rows and back.

    Parameters
    ----------
    table : Measurements
        Made by :func:`~napari_sam.measure.measure.measure`.
    """

    table: Measurements
    _row_of: dict[tuple[int, int], int] = field(init=False)

    def __post_init__(self) -> None:
        """Index the rows."""
        keys = enumerate(self.keys(range(len(self.table))))
        object.__setattr__(self, "_row_of", {key: row for row, key in keys})

    def keys(self, rows: Sequence[int] | Rows) -> Iterator[tuple[int, int]]:
        """Label and frame of rows; without time the frame is 0."""
        columns = self.table.columns
        at = np.asarray(rows, np.intp)
        labels = columns["label"][at].tolist()
        frames = columns["t"][at].tolist() if "t" in columns else [0] * len(at)
        yield from zip(labels, frames, strict=True)

    def rows_of(self, keys: Collection[tuple[int, int]]) -> Rows:
        """Rows of objects by label and frame, ascending; objects without a row are left out."""
        return np.array(sorted(self._row_of[k] for k in keys if k in self._row_of), np.intp)

    def row_of(self, label: int, frame: int) -> Rows:
        """Row of a label in a frame, or else its first row, ``(1,)``; empty without a row."""
        rows = self.rows_of({(label, frame)})
        if not len(rows):
            rows = np.flatnonzero(self.table.columns["label"] == label)[:1]
        return rows

    def bbox(self, row: int) -> BBox:
        """Bounding box ``(y0, x0, y1, x1)`` of an object, data pixels."""
        columns = self.table.columns
        y0, x0, y1, x1 = (int(columns[f"bbox_{end}"][row]) for end in ("y0", "x0", "y1", "x1"))
        return y0, x0, y1, x1

    def plane(self, row: int, labels: LabelArray, plane_axes: str, in_view: Plane) -> Plane | None:
        """Plane of an object: the plane on the screen if possible, else the plane of most pixels.

        Parameters
        ----------
        row : int
            The object.
        labels : array-like
            ``(*planes, Y, X)`` integers, as they are now.
        plane_axes : str
            Letters of the axes before Y and X.
        in_view : tuple of int
            Index of the plane on the screen.

        Returns
        -------
        tuple of int or None
            None if the object is not in its box any more.
        """
        columns = self.table.columns
        ((label, frame),) = self.keys([row])
        y0, x0, y1, x1 = self.bbox(row)
        z0, z1 = (int(columns[f"bbox_z{i}"][row]) if "Z" in plane_axes else i for i in (0, 1))
        index = {"T": frame, "Z": slice(z0, z1)}
        part = labels[(*(index[axis] for axis in plane_axes), slice(y0, y1), slice(x0, x1))]
        areas = (np.asarray(part) == label).sum(axis=(-2, -1)).reshape(z1 - z0)
        if not areas.any():
            return None
        z = in_view[plane_axes.find("Z")] if "Z" in plane_axes else 0
        if not (z0 <= z < z1 and areas[z - z0]):
            z = z0 + int(areas.argmax())
        return tuple({"T": frame, "Z": z}[axis] for axis in plane_axes)
