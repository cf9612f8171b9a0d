"""Images with instance labels, kept whole in memory."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from skimage.measure import label as connected_components

# Sampled by set, not by object: two thirds of all objects are fluorescence nuclei.
SET_WEIGHTS = {
    "nuclei_fluo": 0.18,
    "nuclei_histology": 0.11,
    "nuclei_brightfield": 0.07,
    "cells_phase": 0.16,
    "axons_sem": 0.10,
    "neurites_fibsem_3d": 0.10,
    "procedural": 0.28,
}


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """One labelled image.

    Parameters
    ----------
    image : ndarray
        ``(H, W)`` or ``(H, W, 3)`` uint8.
    labels : ndarray
        ``(H, W)`` int32, 0 is background.
    inner : ndarray or None
        ``(H, W)`` int32, objects inside the objects (nuclei of cells), with their labels.
    """

    image: NDArray[np.uint8]
    labels: NDArray[np.int32]
    inner: NDArray[np.int32] | None = None


def load_set(folder: Path) -> list[Sample]:
    """Read all ``.npz`` files (``image``, ``labels``) of a folder; volumes become slices.

    A volume is cut along all three axes: those of the sets have cubic voxels. Labels of a slice are
    connected components again: in 2D, two branches of one neurite are two objects.
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
    """All sets of a data folder by name, those that :data:`SET_WEIGHTS` knows.

    Raises
    ------
    FileNotFoundError
        If the folder holds none of them.
    """
    sets = {name: load_set(folder / name) for name in SET_WEIGHTS if (folder / name).is_dir()}
    if not sets:
        raise FileNotFoundError(f"no training sets in {folder}: pass --data FOLDER")
    return sets
