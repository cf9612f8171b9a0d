"""GeoJSON: outlines of QuPath and of other programs (RFC 7946, with QuPath's properties)."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from napari_sam.document import parse_document
from napari_sam.errors import LabelError

from .drawn_object import DrawnObject, Outlines, Polygon, numbered, ring_of
from .feature_records import Classification, Feature, Geometry, Properties, Rings

_ADVICE = "export the objects as GeoJSON again"

_AREAS = ("Polygon", "MultiPolygon")

_REGION = "annotation"
"""QuPath's type of objects that are often regions around the detected cells."""


def read_geojson(name: str, content: bytes) -> Outlines:
    """Read the polygons of GeoJSON; a file with detections is read without its annotations.

    Parameters
    ----------
    name : str
        The file, for messages.
    content : bytes
        A FeatureCollection, a list of Features as QuPath exports it, a Feature or a geometry.

    Raises
    ------
    LabelError
        If it is no GeoJSON, or holds objects but no polygon.
    """
    features = [
        parse_document(Feature, values, f"{name}, object {number}", LabelError, _ADVICE)
        for number, values in enumerate(_features(name, content), 1)
    ]
    areas = [each for each in features if each.geometry and each.geometry.type in _AREAS]
    if features and not areas:
        raise LabelError(
            f"{name} holds no polygon, but points or lines alone: export the outlines of objects"
        )
    kinds = {_kind(each) for each in areas}
    cells = [each for each in areas if len(kinds) == 1 or _kind(each) != _REGION]
    objects = [
        each for i, cell in enumerate(cells, 1) for each in _object(f"{name}, polygon {i}", cell)
    ]
    counts = {
        "hold points or lines, no area": len(features) - len(areas),
        "are annotations around detections": len(areas) - len(cells),
        "have no three points": len(cells) - len(objects),
    }
    warnings = tuple(f"{name}: {n} objects {why}: left out" for why, n in counts.items() if n)
    return Outlines(numbered(objects), warnings)


def _features(name: str, content: bytes) -> list[Any]:
    """Features of a FeatureCollection, a list, a single Feature or a bare geometry."""
    try:
        document = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise LabelError(f"{name} is no JSON, or is damaged: {_ADVICE}") from error
    if isinstance(document, list):
        return document
    kind = document.get("type") if isinstance(document, Mapping) else None
    if kind == "FeatureCollection" and isinstance(document.get("features"), list):
        return list(document["features"])
    if kind == "Feature":
        return [document]
    if kind == "GeometryCollection" and isinstance(document.get("geometries"), list):
        return [{"geometry": geometry} for geometry in document["geometries"]]
    if kind in _AREAS:
        return [{"geometry": document}]
    raise LabelError(f"{name} is JSON, but no GeoJSON: {_ADVICE}")


def _kind(feature: Feature) -> str:
    properties = feature.properties or Properties()
    return _REGION if _REGION in (properties.object_type, properties.earlier_type) else ""


def _object(name: str, feature: Feature) -> Iterator[DrawnObject]:
    """The object of a feature; nothing for rings of fewer than three points."""
    geometry, properties = feature.geometry or Geometry(), feature.properties or Properties()
    polygons = tuple(_polygons(name, geometry))
    if not polygons:
        return
    values = _measurements(properties.measurements)
    of_class = properties.classification or Classification()
    score = values.get("score")
    yield DrawnObject(
        polygons,
        label=_label(values.get("label"), properties.name),
        place={"T": geometry.plane.t, "Z": geometry.plane.z},
        class_name=(of_class.name or ": ".join(of_class.names)).strip(),
        color=_color(of_class),
        score=float(score) if isinstance(score, int | float) and 0 <= score <= 1 else None,
    )


def _polygons(name: str, geometry: Geometry) -> Iterator[Polygon]:
    if geometry.type == "Polygon":
        pieces = [parse_document(Rings, geometry.coordinates, name, LabelError, _ADVICE)]
    else:
        pieces = parse_document(list[Rings], geometry.coordinates, name, LabelError, _ADVICE)
    for piece in pieces:
        try:
            rings = tuple(ring for points in piece if (ring := ring_of(points)) is not None)
        except ValueError:  # points of different lengths
            raise LabelError(f"{name} has points of different lengths: {_ADVICE}") from None
        if rings:
            yield rings


def _measurements(values: Any) -> dict[str, Any]:
    """Measurements by name: an object in QuPath 0.4 and later, a list of pairs before."""
    if isinstance(values, list):
        pairs = [each for each in values if isinstance(each, Mapping)]
        return {str(each.get("name")): each.get("value") for each in pairs}
    return dict(values) if isinstance(values, Mapping) else {}


def _label(measured: Any, name: str | int | None) -> int:
    """Label by the measurement of that name, or by a numeric name of the object; 0 without."""
    if isinstance(measured, int | float) and 0 < measured < 2**32 and measured == int(measured):
        return int(measured)
    text = str(name)
    return int(text) if re.fullmatch(r"\d{1,10}", text, re.ASCII) else 0


def _color(of_class: Classification) -> str:
    if len(of_class.color) >= 3:
        return "#" + "".join(f"{channel & 255:02x}" for channel in of_class.color[:3])
    return "" if of_class.color_rgb is None else f"#{of_class.color_rgb & 0xFFFFFF:06x}"
