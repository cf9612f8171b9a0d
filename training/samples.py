"""Training images with instance labels, held in memory."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from skimage.measure import label as connected_components

SET_WEIGHTS = {
    "nuclei_fluo": 0.18,
    "nuclei_histology": 0.11,
    "nuclei_brightfield": 0.07,
    "cells_phase": 0.16,
    "axons_sem": 0.10,
    "neurites_fibsem_3d": 0.10,
    "procedural": 0.28,
}
"""Set -> share of the windows. Shares by number of objects would make two thirds of the windows
fluorescence nuclei."""


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """Image with instance labels.

    Parameters
    ----------
    image : ndarray
        ``(H, W)`` or ``(H, W, 3)`` uint8.
    labels : ndarray
        ``(H, W)`` int32, 0 for background.
    inner : ndarray or None
        ``(H, W)`` int32: labels, from `labels`, of the objects inside of objects (nuclei of cells).
    """

    image: NDArray[np.uint8]
    labels: NDArray[np.int32]
    inner: NDArray[np.int32] | None = None


def load_set(folder: Path) -> list[Sample]:
    """Read all ``.npz`` files (``image``, ``labels``) of a folder; volumes become slices.

    A volume is cut along all three axes, since all sets have cubic voxels. Each slice is labelled
    anew by connected components: two branches of a neurite are two objects in 2D.
    """
    samples = []
    for path in sorted(folder.glob("*.npz")):
        with np.load(path) as file:
            image, labels = file["image"], file["labels"]
        if labels.ndim == 2:
            samples.append(Sample(image, labels.astype(np.int32)))
        else:
            samples.extend(_slices(image, labels))
    return samples


def _slices(image: NDArray[np.uint8], labels: NDArray[np.integer]) -> Iterator[Sample]:
    for axis in range(3):
        for plane, ids in zip(
            np.moveaxis(image, axis, 0), np.moveaxis(labels, axis, 0), strict=True
        ):
            yield Sample(plane, connected_components(ids, background=0).astype(np.int32))


def load_sets(folder: Path) -> dict[str, list[Sample]]:
    """Read all sets of :data:`SET_WEIGHTS` that a data folder contains, by name.

    Raises
    ------
    FileNotFoundError
        If the folder contains no set.
    """
    sets = {name: load_set(folder / name) for name in SET_WEIGHTS if (folder / name).is_dir()}
    if not sets:
        raise FileNotFoundError(f"no training sets in {folder}: pass --data FOLDER")
    return sets
