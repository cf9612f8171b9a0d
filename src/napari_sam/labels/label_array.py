"""LabelArray: the part of numpy's array that labels of any storage have."""

from typing import Any, Protocol

import numpy as np

LARGEST_LABEL = int(np.iinfo(np.uint32).max)
"""Largest label that files and the journal hold."""


class LabelArray(Protocol):
    """Labels that are read and written region by region: numpy, zarr, or alike.

    Integers, 0 is background, axes ``(*planes, Y, X)``. A user gives them, or
    :func:`~napari_sam.labels.canvas.new_labels` makes them; sessions paint into them, writers and
    measurements read them. An array on disk has ``chunks`` too, which
    :func:`~napari_sam.labels.blocks.natural_block` looks for.
    """

    @property
    def shape(self) -> tuple[int, ...]:
        """Size along each axis."""

    @property
    def ndim(self) -> int:
        """Number of axes."""

    @property
    def dtype(self) -> np.dtype[Any]:
        """Integer type of the labels."""

    def __getitem__(self, region: Any, /) -> Any:
        """Labels of a region, given by integers and slices; convertible to a numpy array."""

    def __setitem__(self, region: Any, labels: Any, /) -> None:
        """Write the labels of a region."""
