"""Write outlines: GeoJSON for QuPath, or ROIs for Fiji."""

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
"""Suffixes of files of outlines."""


def write_outlines(
    path: str | Path,
    outlines: Iterable[Outline],
    plane_axes: str,
    *,
    classes: ClassTable | None = None,
    scores: Mapping[int, float] | None = None,
) -> Path:
    """Save outlines in the format of the suffix; an existing file is replaced.

    ``.geojson``
        A feature for each object and plane, as QuPath reads detections with name, class and score
        (https://qupath.readthedocs.io, "Exporting annotations").
    ``.zip``
        A ROI for each object and plane, for the ROI Manager of ImageJ and Fiji.

    Parameters
    ----------
    path : path-like
        File to write; its suffix is one of :data:`OUTLINES`.
    outlines : iterable of Outline
        The outlines; each is written before the next is taken.
    plane_axes : str
        Letters of the axes of :attr:`Outline.plane`, from T and Z.
    classes : ClassTable, optional
        Classes of the objects: name and colour.
    scores : mapping of int to float, optional
        Label to score; objects may be missing. Written to GeoJSON only.

    Returns
    -------
    Path
        The written file.

    Raises
    ------
    OutputError
        If the file cannot be written; an existing file stays as it was.
    """
    target, class_table = Path(path), classes or ClassTable()
    writers: dict[str, Callable[[Path], None]] = {
        ".geojson": lambda place: _write_geojson(
            place, outlines, plane_axes, class_table, scores or {}
        ),
        ".zip": lambda place: _write_rois(place, outlines, plane_axes, class_table),
    }
    with replacing(target) as place:
        writers[target.suffix.lower()](place)
    return target


def _write_geojson(
    place: Path,
    outlines: Iterable[Outline],
    plane_axes: str,
    classes: ClassTable,
    scores: Mapping[int, float],
) -> None:
    # json.dump would need all features in memory, and a slide has millions.
    with place.open("w", encoding="utf-8") as file:
        file.write('{"type": "FeatureCollection", "features": [')
        for i, outline in enumerate(outlines):
            feature = _feature(outline, plane_axes, classes, scores)
            file.write(("," if i else "") + "\n" + json.dumps(feature))
        file.write("\n]}\n")


def _feature(
    outline: Outline, plane_axes: str, classes: ClassTable, scores: Mapping[int, float]
) -> dict[str, Any]:
    polygons = [[ring.tolist() for ring in rings] for rings in outline.polygons]
    several = len(polygons) > 1
    index = dict(zip(plane_axes, outline.plane, strict=True))
    properties: dict[str, Any] = {"objectType": "detection", "name": str(outline.label)}
    if of_class := classes.named(classes.class_of(outline.label)):
        properties["classification"] = {"name": of_class.name, "color": list(of_class.rgba[:3])}
    properties["measurements"] = {"label": outline.label}
    if outline.label in classes.predicted:
        probability = round(classes.predicted[outline.label], 4)
        properties["measurements"]["class_probability"] = probability
    if outline.label in scores:
        properties["measurements"]["score"] = round(scores[outline.label], 4)
    geometry = {
        "type": "MultiPolygon" if several else "Polygon",
        "coordinates": polygons if several else polygons[0],
        "plane": {"c": -1, "z": index.get("Z", 0), "t": index.get("T", 0)},
    }
    return {"type": "Feature", "geometry": geometry, "properties": properties}


def _write_rois(
    place: Path, outlines: Iterable[Outline], plane_axes: str, classes: ClassTable
) -> None:
    with zipfile.ZipFile(place, "w", zipfile.ZIP_DEFLATED) as archive:
        for outline in outlines:
            roi = _roi(outline, plane_axes, classes)
            archive.writestr(f"{roi.name}.roi", roi.tobytes())


def _roi(outline: Outline, plane_axes: str, classes: ClassTable) -> Any:
    from roifile import ROI_TYPE, ImagejRoi

    index = dict(zip(plane_axes, outline.plane, strict=True))
    name = "-".join([f"{outline.label:04}", *(f"{a.lower()}{i + 1:04}" for a, i in index.items())])
    rings = [ring for rings in outline.polygons for ring in rings]
    points = np.concatenate(rings).astype(np.float32)
    position = {axis.lower(): i for axis, i in index.items()}
    # In a stack with a single axis ImageJ counts slices, whether the axis is T or Z.
    stack = {"position": next(iter(position.values()))} if len(position) == 1 else position
    roi = ImagejRoi.frompoints(points[:-1], name=name, **stack)
    if len(rings) > 1:
        path = _path(rings)
        roi.roitype, roi.n_coordinates = ROI_TYPE.RECT, 0
        roi.integer_coordinates = roi.subpixel_coordinates = None
        roi.shape_roi_size, roi.multi_coordinates = len(path), path
    if of_class := classes.named(classes.class_of(outline.label)):
        red, green, blue, _ = of_class.rgba
        roi.stroke_color = bytes((255, red, green, blue))
        roi.props = f"class: {of_class.name}\n"
        if outline.label in classes.predicted:
            roi.props += f"class_probability: {classes.predicted[outline.label]:.4f}\n"
    return roi


def _path(rings: Iterable[Any]) -> Any:
    """Rings as the path of an ImageJ shape: 0 moves to a point, 1 draws to a point, 4 closes."""
    path: list[float] = []
    for ring in rings:
        for i, (x, y) in enumerate(ring[:-1].tolist()):
            path += [float(i > 0), x, y]
        path.append(4.0)
    return np.array(path, np.float32)
