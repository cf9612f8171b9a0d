"""Training images with instance labels, held in memory."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from skimage.measure import label as connected_components

SET_WEIGHTS = {
    "nuclei_fluo": 0.13,
    "nuclei_histology": 0.09,
    "nuclei_brightfield": 0.05,
    "cells_phase": 0.13,
    "axons_sem": 0.08,
    "neurites_fibsem_3d": 0.08,
    "qpi_adherent": 0.03,
    "dic_cho": 0.04,
    "worms_bf": 0.05,
    "powder_sem": 0.04,
    "neurons_fluo": 0.02,
    "procedural": 0.26,
}
"""Set -> share of the windows. Shares by number of objects would make two thirds of the windows
fluorescence nuclei."""
INCOMPLETE_SETS = {"neurons_fluo"}
"""Sets in which objects without a label remain: they teach prompts, but not the proposal head."""
PHASE_SETS = {"qpi_adherent": (6.0, -1.0)}
"""Set of quantitative phase images -> phase in radians of the full range of values, and of 0."""
LOW_PERCENTILE, HIGH_PERCENTILE = 0.1, 99.9
"""Percentiles of images of 16 bits that become 0 and 255: a little wider than the automatic
contrast at inference (0.5 and 99.8), for the looks of windows choose limits between them."""


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
    phase : ndarray or None
        ``(H, W)`` float32, radians: phase delay of the light, of quantitative phase images.
    complete : bool
        Whether all objects of the image are labelled.
    slice : bool
        Whether the image is a slice of a volume.
    """

    image: NDArray[np.uint8]
    labels: NDArray[np.int32]
    inner: NDArray[np.int32] | None = None
    phase: NDArray[np.float32] | None = None
    complete: bool = True
    slice: bool = False


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
            samples.append(_plane(folder.name, image, labels.astype(np.int32)))
        else:
            samples.extend(_slices(image, labels))
    return samples


def _plane(name: str, image: NDArray[np.unsignedinteger], labels: NDArray[np.int32]) -> Sample:
    phase = None
    if name in PHASE_SETS:
        span, lowest = PHASE_SETS[name]
        phase = (image * (span / np.iinfo(image.dtype).max) + lowest).astype(np.float32)
    return Sample(to_bytes(image), labels, phase=phase, complete=name not in INCOMPLETE_SETS)


def to_bytes(image: NDArray[np.unsignedinteger]) -> NDArray[np.uint8]:
    """Image as uint8; one of more bits between robust percentiles of all its values."""
    if image.dtype == np.uint8:
        return image
    low, high = np.percentile(image, (LOW_PERCENTILE, HIGH_PERCENTILE))
    share = np.clip((image - low) / max(high - low, 1), 0, 1)
    return np.rint(255 * share).astype(np.uint8)


def _slices(image: NDArray[np.uint8], labels: NDArray[np.integer]) -> Iterator[Sample]:
    for axis in range(3):
        for plane, ids in zip(
            np.moveaxis(image, axis, 0), np.moveaxis(labels, axis, 0), strict=True
        ):
            objects = connected_components(ids, background=0).astype(np.int32)
            yield Sample(plane, objects, slice=True)


def load_sets(folder: Path, names: Iterable[str] = SET_WEIGHTS) -> dict[str, list[Sample]]:
    """Read all sets of these names that a data folder contains, by name.

    Raises
    ------
    FileNotFoundError
        If the folder contains no set.
    """
    sets = {name: load_set(folder / name) for name in names if (folder / name).is_dir()}
    if not sets:
        raise FileNotFoundError(f"no training sets in {folder}: pass --data FOLDER")
    return sets
