"""Feature records: GeoJSON as QuPath and other programs write it; parsed by :mod:`.geojson`."""

from typing import Any

from pydantic import BaseModel, Field

Rings = list[list[list[float]]]
"""Coordinates of a polygon: its outer ring, then its holes."""


class ImagePlane(BaseModel):
    """Plane of an object; the first plane by default, as in QuPath."""

    z: int = 0
    t: int = 0


class Geometry(BaseModel):
    """Shape of an object; the coordinates are parsed later, by the type."""

    type: str = ""
    coordinates: Any = None
    plane: ImagePlane = ImagePlane()


class Classification(BaseModel):
    """Class of an object.

    QuPath 0.4 and later may write the parts of "Tumor: Positive" as names. Earlier ones wrote the
    colour as a number of 32 bits, with a sign.
    """

    name: str | None = None
    names: list[str] = []
    color: list[int] = []
    color_rgb: int | None = Field(default=None, alias="colorRGB")


class Properties(BaseModel):
    """Properties of an object; the measurements are a mapping, in earlier QuPath a list."""

    object_type: str | None = Field(default=None, alias="objectType")
    earlier_type: str | None = Field(default=None, alias="object_type")
    name: str | int | None = None
    classification: Classification | None = None
    measurements: Any = None


class Feature(BaseModel):
    """An object."""

    geometry: Geometry | None = None
    properties: Properties | None = None
