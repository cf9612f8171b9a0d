"""Measurements: a table with a row for each object, in a time series for each object and frame."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

_POWERS = {
    "area": 2,
    "volume": 3,
    "perimeter": 1,
    "axis_major_length": 1,
    "axis_minor_length": 1,
    "feret_diameter_max": 1,
    "equivalent_diameter_area": 1,
    "surface_area": 2,
    "contact_length": 1,
    "contact_area": 2,
    "centroid_z": 1,
    "centroid_y": 1,
    "centroid_x": 1,
}
"""Column -> power of the unit of length that its values have."""


@dataclass(frozen=True, slots=True, eq=False)
class Measurements:
    """A table of measured objects.

    Parameters
    ----------
    columns : mapping of str to ndarray
        Name of a column to its values, ``(rows,)`` each. Made by
        :func:`~napari_sam.measure.measure.measure`, in this order:

        ``label``
            Label of the object.
        ``t``
            Frame, counted from 0; only with a time axis.
        ``class``
            Name of the object's class, empty without one; only if classes are given.
        ``class_probability``
            Probability of a class that was predicted, from 0 to 1, NaN for a class that was given;
            only if a class was predicted.
        ``score``
            Confidence of the model, from 0 to 1 (predicted IoU times the probability of an object),
            NaN if unknown; only if scores are given.
        ``pixels``
            Number of pixels.
        ``area``, or ``volume`` with a z axis
            In the square or cube of ``unit``.
        ``unit``
            Unit of lengths, such as ``"micrometer"``; several are joined by ``/``.
        ``centroid_z``, ``centroid_y``, ``centroid_x``
            Centroid in world coordinates, in ``unit``.
        ``bbox_z0``, ``bbox_y0``, ``bbox_x0``, ``bbox_z1``, ``bbox_y1``, ``bbox_x1``
            Bounding box in pixels, the ends excluded.
        ``perimeter``, ``axis_major_length``, ``axis_minor_length``, ``feret_diameter_max``, \
``equivalent_diameter_area``, ``eccentricity``, ``orientation``, ``solidity``
            Of scikit-image's ``regionprops``, with its names: lengths in ``unit``, the orientation
            in radians. No perimeter where pixels are no squares. In several planes without
            perimeter, eccentricity and orientation.
        ``circularity``
            4π area / perimeter², at most 1.
        ``surface_area``, ``sphericity``
            In several planes: area of the surface by marching cubes, and the surface of a ball of
            the same volume divided by it.
        ``neighbours``, ``contact_length`` or in several planes ``contact_area``
            Number of other objects that touch the object with a side of a pixel, and the length or
            area of these sides.
        ``intensity_mean``, ``intensity_min``, ``intensity_max``, ``intensity_std``, \
``intensity_sum``, or ``intensity_mean_0`` and so on for channels
            Of the image's values, without contrast limits; only with an image. If the image names
            its channels, the names stand for the numbers, as in ``intensity_mean_DAPI``.
        ``texture_contrast``, ``texture_dissimilarity``, ``texture_homogeneity``, ``texture_ASM``, \
``texture_energy``, ``texture_correlation``, ``texture_entropy``, ``texture_mean``, \
``texture_variance``, ``texture_std``, or ``texture_contrast_0`` and so on for channels
            Of scikit-image's ``graycoprops``, with its names (the last four from its version 0.25
            on), on the grey levels of a :class:`~napari_sam.measure.texture.Texture`: the mean of
            four directions. Dissimilarity, mean and std are in grey levels, contrast and variance
            in their squares, entropy in nats, the others have no unit. NaN for an object without
            two pixels at the distance. Only on request.
    """

    columns: Mapping[str, NDArray[Any]]

    def __len__(self) -> int:
        """Number of rows."""
        return len(self.columns["label"])

    def unit_of(self, name: str) -> str:
        """Unit of a column's values, such as ``"micrometer²"``; empty without a length.

        It is empty too if the axes have several units, and without a row.
        """
        unit = str(self.columns["unit"][0]) if len(self) and "unit" in self.columns else ""
        if name not in _POWERS or "/" in unit or not unit:
            return ""
        return unit + ("", "²", "³")[_POWERS[name] - 1]

    def with_cells(self, cells: Mapping[str, str]) -> "Measurements":
        """Table with columns in front that have the same value in all rows.

        Parameters
        ----------
        cells : mapping of str to str
            Name of each column to its value, such as the well of a field.
        """
        constant = {name: np.full(len(self), cell) for name, cell in cells.items()}
        return Measurements(constant | dict(self.columns))

    def rows(self) -> Iterator[dict[str, Any]]:
        """Each row as Python values by name of the column."""
        values = [column.tolist() for column in self.columns.values()]
        for row in zip(*values, strict=True):
            yield dict(zip(self.columns, row, strict=True))
