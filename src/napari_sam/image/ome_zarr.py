"""OME-Zarr: attributes of images, plates and collections, of versions 0.1 to 0.6, as records."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

from pydantic import Field

from napari_sam.document import parse_document
from napari_sam.errors import ImageError, NapariSamError

Steps = list[dict[str, Any]]
"""Transformations in the order in which they are applied; see :mod:`.transformations`."""


@dataclass(frozen=True, slots=True)
class OmeAxis:
    """Axis of an image.

    Parameters
    ----------
    name : str
        Such as ``"z"``.
    type : str, optional
        ``space``, ``time``, ``channel`` or another.
    unit : str, optional
        Unit along the axis, spelled out.
    """

    name: str
    type: str | None = None
    unit: str | None = None


@dataclass(frozen=True, slots=True)
class OmeDataset:
    """Level of a multiscale image.

    Parameters
    ----------
    path : str
        Of the array, in the group of the image.
    steps : list of dict
        Transformations of this level.
    """

    path: str
    steps: Annotated[Steps, Field(validation_alias="coordinateTransformations")] = field(
        default_factory=list
    )


@dataclass(frozen=True, slots=True)
class OmeSystem:
    """Coordinate system of OME-Zarr 0.6.

    Parameters
    ----------
    axes : list of OmeAxis
        Its axes.
    name : str, optional
        Its name.
    """

    axes: list[OmeAxis]
    name: str | None = None


@dataclass(frozen=True, slots=True)
class OmeMultiscale:
    """Image at several resolutions.

    Parameters
    ----------
    datasets : list of OmeDataset
        Levels, the full resolution first.
    axes : list of OmeAxis or str, optional
        Axes, or only their names in 0.3; missing before and, for `systems`, from 0.6 on.
    systems : list of OmeSystem
        Coordinate systems of 0.6.
    steps : list of dict
        Transformations of all levels after their own; from 0.6 on from the image to other systems.
    name, version : str, optional
        Name of the image; version of OME-Zarr up to 0.4.
    """

    datasets: Annotated[list[OmeDataset], Field(min_length=1)]
    axes: list[OmeAxis | str] | None = None
    systems: Annotated[list[OmeSystem], Field(validation_alias="coordinateSystems")] = field(
        default_factory=list
    )
    steps: Annotated[Steps, Field(validation_alias="coordinateTransformations")] = field(
        default_factory=list
    )
    name: str | None = None
    version: str | None = None

    @property
    def named_axes(self) -> list[OmeAxis]:
        """Axes of all levels; OME-Zarr up to 0.2 fixes them to t, c, z, y, x."""
        if self.axes is None and self.systems:
            output = self.datasets[0].steps[-1].get("output") if self.datasets[0].steps else None
            named = [system for system in self.systems if system.name == output]
            return (named or self.systems)[0].axes
        axes = "tczyx" if self.axes is None else self.axes
        return [OmeAxis(axis) if isinstance(axis, str) else axis for axis in axes]

    @property
    def all_steps(self) -> Steps:
        """Transformations of the full resolution, from pixels to the world."""
        return self.datasets[0].steps + ([] if self.systems else self.steps)


@dataclass(frozen=True, slots=True)
class OmePath:
    """Entry of a list of wells or of images.

    Parameters
    ----------
    path : str
        Relative to the group with the list.
    """

    path: str


@dataclass(frozen=True, slots=True)
class OmeName:
    """Row or column of a plate.

    Parameters
    ----------
    name : str
        Such as ``"B"`` or ``"03"``.
    """

    name: str


@dataclass(frozen=True, slots=True)
class OmeWells:
    """Plate.

    Parameters
    ----------
    wells : list of OmePath
        Groups of its wells, ``row/column``.
    rows, columns : list of OmeName
        All rows and columns of the plate, also those without a well.
    name : str, optional
        Its name.
    version : str, optional
        Version of OME-Zarr up to 0.4.
    """

    wells: list[OmePath]
    rows: list[OmeName] = field(default_factory=list)
    columns: list[OmeName] = field(default_factory=list)
    name: str | None = None
    version: str | None = None


@dataclass(frozen=True, slots=True)
class OmeImages:
    """Well.

    Parameters
    ----------
    images : list of OmePath
        Groups of its images.
    """

    images: list[OmePath]


@dataclass(frozen=True, slots=True)
class OmeAttributes:
    """Attributes of a zarr group in OME-Zarr; the field that is present tells the kind of group.

    Parameters
    ----------
    version : str, optional
        Version of OME-Zarr from 0.5 on.
    multiscales : list of OmeMultiscale
        Images at several resolutions, hardly ever more than one.
    layout : int, optional
        Of bioformats2raw: the group is a collection of images.
    series : list of str, optional
        Groups of the images of a collection, in its group ``OME``.
    labels : list of str, optional
        Label images in a group of label images.
    plate : OmeWells, optional
        Wells of a plate.
    well : OmeImages, optional
        Images of a well.
    """

    version: str | None = None
    multiscales: list[OmeMultiscale] = field(default_factory=list)
    layout: Annotated[int | None, Field(validation_alias="bioformats2raw.layout")] = None
    series: list[str] | None = None
    labels: list[str] | None = None
    plate: OmeWells | None = None
    well: OmeImages | None = None

    @property
    def ome_version(self) -> str:
        """Version of OME-Zarr; empty if unknown."""
        of_image = self.multiscales[0].version if self.multiscales else None
        of_plate = self.plate.version if self.plate else None
        return self.version or of_image or of_plate or ""


@dataclass(frozen=True, slots=True)
class OmeChannel:
    """Channel of an image.

    Parameters
    ----------
    label : str
        Its name.
    """

    label: str = ""


@dataclass(frozen=True, slots=True)
class OmeRendering:
    """Attribute ``omero`` of an image: how OMERO shows it.

    Parameters
    ----------
    channels : list of OmeChannel
        Its channels.
    """

    channels: list[OmeChannel] = field(default_factory=list)


def channel_labels(attributes: Mapping[str, Any], name: str) -> tuple[str, ...]:
    """Names of the channels of an image, which may be empty; none if they are damaged.

    Parameters
    ----------
    attributes : mapping
        All attributes of the image's group.
    name : str
        The group, for messages.
    """
    ome = attributes.get("ome", attributes)
    try:
        rendering = parse_document(OmeRendering, ome.get("omero", {}), name, ImageError)
    except ImageError:  # no reader of pixels depends on them
        return ()
    return tuple(channel.label for channel in rendering.channels)


def ome_attributes(
    attributes: Mapping[str, Any], name: str, error: type[NapariSamError] = ImageError
) -> OmeAttributes:
    """Parse the attributes of a zarr group.

    Parameters
    ----------
    attributes : mapping
        All attributes: of OME-Zarr 0.5 and later they are under ``ome``.
    name : str
        The group, for messages.
    error : type of NapariSamError
        Raised for damaged attributes.

    Returns
    -------
    OmeAttributes
        Empty for a group of another kind.

    Raises
    ------
    NapariSamError
        Of the class `error`: if an attribute of OME-Zarr is of another type than there should be.
    """
    ome = attributes.get("ome", attributes)
    if not isinstance(ome, Mapping):
        raise error(f"{name}: its attribute ome is no JSON object")
    return parse_document(OmeAttributes, ome, name, error, "its OME-Zarr metadata are damaged")
