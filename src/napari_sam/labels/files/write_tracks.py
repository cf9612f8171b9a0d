"""Write tracks: a table for people, or a graph for other programs."""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import zarr
from numpy.typing import NDArray

from napari_sam.errors import OutputError
from napari_sam.image.calibration import Calibration
from napari_sam.image.units import PIXEL
from napari_sam.labels.tracks import Tracks

from .atomic import replacing
from .image_group import is_zarr
from .target import check_may_replace

GEFF_VERSION = "1.1"
TRACK_SUFFIXES = (".csv", ".geff")
_KINDS = {"T": "time"}


def write_tracks(
    path: str | Path,
    tracks: Tracks,
    calibration: Calibration | None = None,
    *,
    overwrite: bool = False,
) -> None:
    """Save tracks in the format of the suffix.

    ``.csv``
        One row per label and frame: ``label, parent, t, (z,) y, x``, in frames and pixels; parent
        is empty for a label without a mother.
    ``.geff``
        Graph Exchange File Format (https://geff.readthedocs.io), zarr 2: a node per label and
        frame, in units of the world, edges along tracks and from mothers to daughters.

    Parameters
    ----------
    path : path-like
        File (``.csv``) or folder (``.geff``) to write.
    tracks : Tracks
        The tracks, in frames and pixels.
    calibration : Calibration, optional
        Size, position and unit of a pixel along the axes of the tracks, and perhaps other axes;
        for ``.geff`` only.
    overwrite : bool
        Whether to replace tracks that exist.

    Raises
    ------
    OutputError
        If the file cannot be written; tracks that exist stay as they were.
    """
    target = Path(path)
    writers: dict[str, Callable[[Path], None]] = {
        ".csv": lambda partial: _write_csv(partial, tracks),
        ".geff": lambda partial: _write_geff(partial, tracks, calibration),
    }
    check_tracks_target(target, overwrite=overwrite)
    with replacing(target) as partial:
        writers[target.suffix.lower()](partial)


def check_tracks_target(target: Path, *, overwrite: bool) -> None:
    """Check a path for tracks: free, or with older tracks to be replaced.

    Raises
    ------
    OutputError
        If the folder is missing, or the path holds something else or may not be replaced.
    """
    if target.suffix.lower() not in TRACK_SUFFIXES:
        raise OutputError(f"{target.name!r} does not say how to save tracks: use .csv or .geff")
    if not target.parent.is_dir():
        raise OutputError(
            f"the folder {target.parent} does not exist: create it, or choose another one"
        )
    if not target.exists():
        return
    folder = target.suffix.lower() == ".geff"
    holds_tracks = target.is_dir() and is_zarr(target) if folder else target.is_file()
    if not holds_tracks:
        raise OutputError(f"{target} does not hold tracks: choose another name, or remove it")
    check_may_replace(target, overwrite)


def _write_csv(path: Path, tracks: Tracks) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["label", "parent", *tracks.axes.lower()])
        for label, frame, *position in tracks.data.tolist():
            parent = next(iter(tracks.graph.get(int(label), ())), "")
            rows.writerow([int(label), parent, int(frame), *(round(v, 3) for v in position)])


def _write_geff(path: Path, tracks: Tracks, calibration: Calibration | None) -> None:
    place = (calibration or Calibration.checked(tracks.axes)).select(tracks.axes)
    world = place.to_world(tracks.data[:, 1:])
    columns: dict[str, Any] = {"label": tracks.data[:, 0].astype(np.uint64)}
    columns |= {axis.lower(): world[:, i] for i, axis in enumerate(tracks.axes)}
    root = zarr.create_group(path, zarr_format=2)
    nodes, edges = root.create_group("nodes"), root.create_group("edges")
    nodes.create_array("ids", data=np.arange(len(world), dtype=np.uint64))
    edges.create_array("ids", data=tracks.edges().astype(np.uint64))
    properties = nodes.create_group("props")
    edges.create_group("props")
    for name, values in columns.items():
        properties.create_group(name).create_array("values", data=values)
    root.attrs["geff"] = _geff_metadata(place, world, columns)


def _geff_metadata(
    calibration: Calibration, world: NDArray[np.float64], columns: dict[str, Any]
) -> dict[str, Any]:
    axes = []
    for i, (name, unit) in enumerate(zip(calibration.axes, calibration.units, strict=True)):
        axis: dict[str, Any] = {"name": name.lower(), "type": _KINDS.get(name, "space")}
        if unit not in ("", PIXEL):
            axis["unit"] = unit
        if len(world):
            axis |= {"min": float(world[:, i].min()), "max": float(world[:, i].max())}
        axes.append(axis)
    metadata = {
        "geff_version": GEFF_VERSION,
        "directed": True,
        "axes": axes,
        "node_props_metadata": {
            name: {"identifier": name, "dtype": str(values.dtype), "varlength": False}
            for name, values in columns.items()
        },
        "edge_props_metadata": {},
    }
    return dict(json.loads(json.dumps(metadata)))
