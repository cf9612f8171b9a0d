"""Write outlines: for QuPath as GeoJSON, for Fiji as a set of ROIs."""

import json
import zipfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from napari_sam.labels.classes import ClassTable
from napari_sam.labels.files.atomic import replacing

from .outlines import Outline

OUTLINES = (".geojson", ".zip")


def write_outlines(
    path: str | Path,
    found: Iterable[Outline],
    plane_axes: str,
    *,
    classes: ClassTable | None = None,
    scores: Mapping[int, float] | None = None,
) -> Path:
    """Save outlines as the suffix says; what is there is replaced.

    ``.geojson``
        A collection of features, one an object and plane, as QuPath reads them (detections, with
        name, class and score; https://qupath.readthedocs.io, "Exporting annotations").
    ``.zip``
        ROIs of ImageJ and Fiji, as the ROI Manager opens them.

    Parameters
    ----------
    path : path-like
        Where to.
    found : iterable of Outline
        Taken one by one.
    plane_axes : str
        Names of their planes' axes, of T and Z.
    classes : ClassTable, optional
        Of the objects.
    scores : mapping of int to float, optional
        Of some objects; in GeoJSON only.

    Returns
    -------
    Path
        What was written.

    Raises
    ------
    OutputError
        If it cannot be written there; what was there stays as it was.
    """
    target, known = Path(path), classes or ClassTable()
    writers: dict[str, Callable[[Path], None]] = {
        ".geojson": lambda place: _write_geojson(place, found, plane_axes, known, scores or {}),
        ".zip": lambda place: _write_rois(place, found, plane_axes, known),
    }
    with replacing(target) as place:
        writers[target.suffix.lower()](place)
    return target


def _write_geojson(
    place: Path,
    found: Iterable[Outline],
    plane_axes: str,
    classes: ClassTable,
    scores: Mapping[int, float],
) -> None:
    # Written one by one: a slide has millions.
    with place.open("w", encoding="utf-8") as file:
        file.write('{"type": "FeatureCollection", "features": [')
        for i, one in enumerate(found):
            feature = _feature(one, plane_axes, classes, scores)
            file.write(("," if i else "") + "\n" + json.dumps(feature))
        file.write("\n]}\n")


def _feature(
    one: Outline, plane_axes: str, classes: ClassTable, scores: Mapping[int, float]
) -> dict[str, Any]:
    polygons = [[ring.tolist() for ring in rings] for rings in one.polygons]
    several = len(polygons) > 1
    where = dict(zip(plane_axes, one.plane, strict=True))
    properties: dict[str, Any] = {"objectType": "detection", "name": str(one.label)}
    if of_class := classes.named(classes.class_of(one.label)):
        properties["classification"] = {"name": of_class.name, "color": list(of_class.rgba[:3])}
    properties["measurements"] = {"label": one.label}
    if one.label in scores:
        properties["measurements"]["score"] = round(scores[one.label], 4)
    geometry = {
        "type": "MultiPolygon" if several else "Polygon",
        "coordinates": polygons if several else polygons[0],
        "plane": {"c": -1, "z": where.get("Z", 0), "t": where.get("T", 0)},
    }
    return {"type": "Feature", "geometry": geometry, "properties": properties}


def _write_rois(
    place: Path, found: Iterable[Outline], plane_axes: str, classes: ClassTable
) -> None:
    with zipfile.ZipFile(place, "w", zipfile.ZIP_DEFLATED) as archive:
        for one in found:
            roi = _roi(one, plane_axes, classes)
            archive.writestr(f"{roi.name}.roi", roi.tobytes())


def _roi(one: Outline, plane_axes: str, classes: ClassTable) -> Any:
    from roifile import ROI_TYPE, ImagejRoi

    where = dict(zip(plane_axes, one.plane, strict=True))
    name = "-".join([f"{one.label:04}", *(f"{a.lower()}{i + 1:04}" for a, i in where.items())])
    rings = [ring for rings in one.polygons for ring in rings]
    every = np.concatenate(rings).astype(np.float32)
    position = {axis.lower(): index for axis, index in where.items()}
    # ImageJ counts the slices of what has one axis only, whatever its name.
    stack = {"position": next(iter(position.values()))} if len(position) == 1 else position
    roi = ImagejRoi.frompoints(every[:-1], name=name, **stack)
    if len(rings) > 1:
        path = _path(rings)
        roi.roitype, roi.n_coordinates = ROI_TYPE.RECT, 0
        roi.integer_coordinates = roi.subpixel_coordinates = None
        roi.shape_roi_size, roi.multi_coordinates = len(path), path
    if of_class := classes.named(classes.class_of(one.label)):
        red, green, blue, _ = of_class.rgba
        roi.stroke_color = bytes((255, red, green, blue))
        roi.props = f"class: {of_class.name}\n"
    return roi


def _path(rings: Iterable[Any]) -> Any:
    """Rings as ImageJ keeps a shape: 0 moves to, 1 draws to a point, 4 closes."""
    path: list[float] = []
    for ring in rings:
        for i, (x, y) in enumerate(ring[:-1].tolist()):
            path += [float(i > 0), x, y]
        path.append(4.0)
    return np.array(path, np.float32)
