"""Measurements: a table with a row for each object, and in a time series for each of its frames."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Measurements:
    """What was measured.

    Parameters
    ----------
    columns : mapping of str to ndarray
        Name to values; all of one length. Made by :func:`~napari_sam.measure.measure.measure`:

        ``label``
            The object.
        ``t``
            The frame, counted from 0, where the image has time.
        ``class``
            Its class; empty if it has none. Only where there are classes.
        ``score``
            How much the model trusts it, from 0 to 1. Only where that is known.
        ``pixels``
            How many.
        ``area``, or ``volume`` where the image has z
            In the square or cube of ``unit``.
        ``unit``
            Of lengths.
        ``centroid_z``, ``centroid_y``, ``centroid_x``
            In ``unit``, from the origin of the image: world coordinates.
        ``bbox_z0``, ``bbox_y0``, ``bbox_x0``, ``bbox_z1``, ``bbox_y1``, ``bbox_x1``
            In pixels, the ends excluded.
        ``intensity_mean``, or ``intensity_mean_0`` and so on for channels
            Of the values as they are in the image.
    """

    columns: Mapping[str, NDArray[Any]]

    def __len__(self) -> int:
        """How many rows there are."""
        return len(self.columns["label"])

    def rows(self) -> Iterator[dict[str, Any]]:
        """Each row as plain values by name."""
        values = [column.tolist() for column in self.columns.values()]
        for row in zip(*values, strict=True):
            yield dict(zip(self.columns, row, strict=True))
