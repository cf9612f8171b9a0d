"""Class records: classes and scores of objects as tables and label images hold them.

Parsed by :mod:`.class_files`, which imports this module when it reads, for pydantic takes a moment.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field


class ClassRow(BaseModel):
    """Row of a table of classes; the label of a class without objects is empty."""

    label: int | Literal[""]
    name: str = Field(alias="class")
    color: str
    probability: Annotated[float, Field(ge=0, le=1)] | Literal[""] = ""


class ExampleRow(BaseModel):
    """Row of a table of examples; without a class, or with a predicted one, it is none."""

    label: int
    name: str = Field(default="", alias="class")
    color: str = ""
    probability: float | str = ""


class NamedColor(BaseModel):
    """Class of a label image, with or without objects."""

    name: str
    color: str


class ClassList(BaseModel):
    """Attribute ``napari-sam`` of a label image."""

    classes: list[NamedColor] = []


class ObjectProperties(BaseModel):
    """Properties of an object in OME-Zarr: its class and score.

    Score and probability may be of any type, for other programs may mean something else by them.
    """

    label: int = Field(alias="label-value")
    name: str | None = Field(default=None, alias="class")
    score: Any = None
    probability: Any = Field(default=None, alias="class_probability")


class ImageLabel(BaseModel):
    """Attribute ``image-label`` of OME-Zarr."""

    properties: list[ObjectProperties] = []


class OmeAttributes(BaseModel):
    """Attributes of OME-Zarr, as far as they are about objects."""

    image_label: ImageLabel = Field(default=ImageLabel(), alias="image-label")


class LabelAttributes(BaseModel):
    """Attributes of a label image."""

    classes: ClassList = Field(default=ClassList(), alias="napari-sam")
    ome: OmeAttributes = OmeAttributes()
