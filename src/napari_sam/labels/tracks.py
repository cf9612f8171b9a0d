"""Tracks: centres of labels through time, and divisions of mothers into daughters."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from napari_sam.errors import LabelError

from .frame_objects import frame_objects
from .label_array import LabelArray


@dataclass(frozen=True, slots=True, eq=False)
class Tracks:
    """Centres of labels through time, in the form of napari's Tracks layer.

    Made by :func:`tracks_of`; shown by the plugin, and written by
    :func:`~napari_sam.labels.files.write_tracks.write_tracks`.

    Parameters
    ----------
    axes : str
        Letters of the columns after the first, such as ``TYX`` or ``TZYX``.
    data : ndarray
        ``(N, 1 + len(axes))`` float64: the label, then its centre in pixels and frames; sorted by
        label, then time.
    graph : mapping of int to tuple of int
        Daughter to its mother.
    """

    axes: str
    data: NDArray[np.float64]
    graph: Mapping[int, tuple[int, ...]] = field(default_factory=dict)

    def edges(self) -> NDArray[np.intp]:
        """Pairs of successive rows of `data`, ``(M, 2)`` intp: along tracks and at divisions."""
        labels = self.data[:, 0].astype(np.int64)
        goes_on = np.flatnonzero(labels[1:] == labels[:-1])
        pairs = [(int(i), int(i) + 1) for i in goes_on]
        for daughter, mothers in self.graph.items():
            first = int(np.flatnonzero(labels == daughter)[0])
            for mother in mothers:
                earlier = np.flatnonzero(
                    (labels == mother) & (self.data[:, 1] < self.data[first, 1])
                )
                if earlier.size:
                    pairs.append((int(earlier[-1]), first))
        return np.array(sorted(pairs), np.intp).reshape(-1, 2)


def tracks_of(labels: LabelArray, axes: str, parents: Mapping[int, int] | None = None) -> Tracks:
    """Read the tracks from labels that are the same for an object at all times.

    Parameters
    ----------
    labels : array-like
        Integers, axes in the order of `axes`; read block by block.
    axes : str
        Letters of ``TZYX``, one per axis; with T.
    parents : mapping of int to int, optional
        Daughter to mother. Pairs of which a label does not occur are left out.

    Returns
    -------
    Tracks

    Raises
    ------
    LabelError
        If the labels have no time axis.
    """
    if "T" not in axes:
        raise LabelError(f"the labels have no time axis, only {axes}: there is nothing to track")
    time = axes.index("T")
    rows: list[tuple[float, ...]] = []
    for frame in range(labels.shape[time]):
        objects = frame_objects(labels, time, frame)
        for label, centre in zip(objects.labels.tolist(), objects.centres.tolist(), strict=True):
            rows.append((label, frame, *centre))
    order = "T" + axes.replace("T", "")
    data = np.array(sorted(rows), np.float64).reshape(-1, 1 + len(axes))
    present = set(data[:, 0].astype(int).tolist())
    graph = {
        child: (mother,) for child, mother in (parents or {}).items() if {child, mother} <= present
    }
    return Tracks(order, data, graph)
