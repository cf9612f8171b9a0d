"""Write tracks: a table that people read, or a graph that other programs read."""

import csv
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import zarr

from napari_sam.errors import OutputError
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
    *,
    scale: Sequence[float] | None = None,
    translate: Sequence[float] | None = None,
    units: Sequence[str] | None = None,
    overwrite: bool = False,
) -> None:
    """Save tracks as the suffix says.

    ``.csv``
        One row a label and frame: ``label, parent, t, (z,) y, x``, in frames and pixels; parent is
        empty where there is none.
    ``.geff``
        Graph Exchange File Format (https://geff.readthedocs.io), zarr 2: a node a label and frame,
        in units of the world, edges along tracks and from mothers to daughters.

    Parameters
    ----------
    path : path-like
        Where to.
    tracks : Tracks
        What to write.
    scale, translate, units : sequence, optional
        Per axis of the tracks; for ``.geff`` only.
    overwrite : bool
        Whether to replace tracks that are there.

    Raises
    ------
    OutputError
        If it cannot be written there; what was there stays as it was.
    """
    target = Path(path)
    writers: dict[str, Callable[[Path], None]] = {
        ".csv": lambda place: _write_csv(place, tracks),
        ".geff": lambda place: _write_geff(place, tracks, scale, translate, units),
    }
    check_tracks_target(target, overwrite=overwrite)
    with replacing(target) as place:
        writers[target.suffix.lower()](place)


def check_tracks_target(target: Path, *, overwrite: bool) -> None:
    """See that nothing but tracks is replaced.

    Raises
    ------
    OutputError
        If there is no such folder, or something is there that is not to be replaced.
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
    ours = target.is_dir() and is_zarr(target) if folder else target.is_file()
    if not ours:
        raise OutputError(f"{target} does not hold tracks: choose another name, or remove it")
    check_may_replace(target, overwrite)


def _write_csv(place: Path, tracks: Tracks) -> None:
    with place.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["label", "parent", *tracks.axes.lower()])
        for label, frame, *position in tracks.data.tolist():
            parent = next(iter(tracks.graph.get(int(label), ())), "")
            rows.writerow([int(label), parent, int(frame), *(round(v, 3) for v in position)])


def _write_geff(
    place: Path,
    tracks: Tracks,
    scale: Sequence[float] | None,
    translate: Sequence[float] | None,
    units: Sequence[str] | None,
) -> None:
    size = len(tracks.axes)
    world = tracks.data[:, 1:] * (scale or [1.0] * size) + (translate or [0.0] * size)
    columns: dict[str, Any] = {"label": tracks.data[:, 0].astype(np.uint64)}
    columns |= {axis.lower(): world[:, i] for i, axis in enumerate(tracks.axes)}
    root = zarr.create_group(place, zarr_format=2)
    nodes, edges = root.create_group("nodes"), root.create_group("edges")
    nodes.create_array("ids", data=np.arange(len(world), dtype=np.uint64))
    edges.create_array("ids", data=tracks.edges().astype(np.uint64))
    properties = nodes.create_group("props")
    edges.create_group("props")
    for name, values in columns.items():
        properties.create_group(name).create_array("values", data=values)
    root.attrs["geff"] = _geff_metadata(tracks.axes, world, columns, units)


def _geff_metadata(
    axes: str, world: Any, columns: dict[str, Any], units: Sequence[str] | None
) -> dict[str, Any]:
    described = []
    for i, axis in enumerate(axes):
        one: dict[str, Any] = {"name": axis.lower(), "type": _KINDS.get(axis, "space")}
        if units is not None and units[i] not in ("", "pixel"):
            one["unit"] = units[i]
        if len(world):
            one |= {"min": float(world[:, i].min()), "max": float(world[:, i].max())}
        described.append(one)
    metadata = {
        "geff_version": GEFF_VERSION,
        "directed": True,
        "axes": described,
        "node_props_metadata": {
            name: {"identifier": name, "dtype": str(values.dtype), "varlength": False}
            for name, values in columns.items()
        },
        "edge_props_metadata": {},
    }
    return dict(json.loads(json.dumps(metadata)))
