"""Read CZI: a scene of a file of Zeiss, with pylibCZIrw."""

from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any
from xml.etree import ElementTree

import numpy as np
from numpy.typing import NDArray
from pylibCZIrw import czi

from napari_sam.errors import ImageError
from napari_sam.image.axis_names import COLOUR
from napari_sam.image.decode.lazy_array import LazyArray, Region
from napari_sam.image.physical_size import Spacing
from napari_sam.image.series import Series, choose_series
from napari_sam.image.stored_image import StoredImage

_DTYPES = {
    "Gray8": np.uint8,
    "Gray16": np.uint16,
    "Gray32Float": np.float32,
    "Bgr24": np.uint8,
    "Bgr48": np.uint16,
    "Bgr96Float": np.float32,
}
"""Type of a pixel in the file -> type of its values."""

_LEVELS = 6
"""Levels of a pyramid, at most, each half as large as the one before."""

_COARSEST = 512
"""Rows and columns of a level, below which no coarser one is made."""


def read(path: Path, series: Series | None = None) -> StoredImage:
    """Open a scene; tiles of a mosaic are put together as the file places them.

    Parameters
    ----------
    path : Path
        The file.
    series : int or str, optional
        Number or name of the scene; the first by default.

    Raises
    ------
    ImageError
        If there is no such scene, or its pixels are of a type that is no brightness.
    """
    document = czi.CziReader(str(path))
    metadata = ElementTree.fromstring(document.raw_metadata)
    rectangles = document.scenes_bounding_rectangle_no_pyramid
    scenes = sorted(rectangles) or [None]
    names = _scene_names(metadata)
    number, choice = choose_series(str(path), [names.get(scene, "") for scene in scenes], series)
    scene = scenes[number]
    place = document.total_bounding_rectangle_no_pyramid if scene is None else rectangles[scene]
    sizes = {axis: stop for axis, (_, stop) in document.total_bounding_box_no_pyramid.items()}
    unusual = [axis for axis in sizes if axis not in "TCZYX"]
    planes = {axis: sizes[axis] for axis in [*unusual, *"TCZ"] if sizes.get(axis, 1) > 1}
    levels = _levels(CziSource(document, scene, place, planes, _kinds(path, document)))
    return StoredImage(
        data=levels[0],
        letters=(*planes, "Y", "X", *([COLOUR] if levels[0].is_colour else [])),
        spacing=_spacing(metadata),
        series=number if len(scenes) > 1 else None,
        warnings=choice,
        levels=levels,
        channel_names=_channel_names(metadata),
    )


@dataclass(frozen=True, slots=True, eq=False)
class CziSource:
    """Scene of an open file.

    Parameters
    ----------
    document : CziReader
        The file.
    scene : int or None
        Number of the scene in the file; None in a file without scenes.
    place : Rectangle
        Left, top, width and height of the scene, in pixels of the file.
    planes : dict of str to int
        Letter and length of each axis before Y and X.
    kinds : dict of int to str
        Type of the pixels of each channel, as the file names it.
    lock : Lock
        Held while pixels are read: libCZI reads a file from one thread at a time.
    """

    document: Any
    scene: int | None
    place: Any
    planes: dict[str, int]
    kinds: dict[int, str]
    lock: AbstractContextManager[Any] = field(default_factory=Lock)


class CziScene(LazyArray):
    """Pixels of a scene, ``(*planes, Y, X)`` or ``(*planes, Y, X, 3)``, read region by region.

    Parameters
    ----------
    source : CziSource
        The scene.
    step : int
        Pixels of the full resolution along a side of a pixel; more than 1 in a coarser level.
    """

    def __init__(self, source: CziSource, step: int = 1) -> None:
        self.source, self.step = source, step
        kinds = source.kinds.values()
        self.is_colour = any(kind.startswith("Bgr") for kind in kinds)
        shape = (*source.planes.values(), source.place.h // step, source.place.w // step)
        dtype = np.result_type(*(_DTYPES[kind] for kind in kinds))
        super().__init__((*shape, 3) if self.is_colour else shape, dtype)

    def read(self, region: Region) -> NDArray[Any]:
        """Read a region; where the file has no tile it is black."""
        pixels = np.zeros([part.stop - part.start for part in region], self.dtype)
        if not pixels.size:
            return pixels
        axes, place_in_file = tuple(self.source.planes), self.source.place
        planes, (rows, columns) = region[: len(axes)], region[len(axes) : len(axes) + 2]
        box = (
            place_in_file.x + columns.start * self.step,
            place_in_file.y + rows.start * self.step,
            (columns.stop - columns.start) * self.step,
            (rows.stop - rows.start) * self.step,
        )
        for place in np.ndindex(*(part.stop - part.start for part in planes)):
            index = [part.start + i for part, i in zip(planes, place, strict=True)]
            tile = self._tile(dict(zip(axes, index, strict=True)), box)
            colours = tile[..., ::-1] if self.is_colour else tile[..., 0]  # the file has BGR
            pixels[place] = colours[..., region[-1]] if self.is_colour else colours
        return pixels

    def _tile(self, plane: dict[str, int], box: tuple[int, int, int, int]) -> NDArray[Any]:
        """Pixels of a rectangle of a plane, ``(rows, columns, 1 or 3)``."""
        source, zoom = self.source, 1 / self.step
        kind = source.kinds[plane.get("C", 0)]
        with source.lock:
            tile: NDArray[Any] = source.document.read(box, plane, source.scene, zoom, kind)
        return tile


def _levels(source: CziSource) -> tuple[CziScene, ...]:
    """Full resolution, and coarser levels if the file has a pyramid: each half of the last."""
    levels = [CziScene(source)]
    size = max(source.place.w, source.place.h)
    while size > 2 * _COARSEST * levels[-1].step and len(levels) < _LEVELS:
        if len(levels) == 1 and not _has_pyramid(source):
            break
        levels.append(CziScene(source, 2 * levels[-1].step))
    return tuple(levels)


def _kinds(path: Path, document: Any) -> dict[int, str]:
    """Type of the pixels of each channel; raises ImageError for types that cannot be shown."""
    kinds: dict[int, str] = document.pixel_types
    colours = {kind.startswith("Bgr") for kind in kinds.values()}
    if not set(kinds.values()) <= set(_DTYPES) or len(colours) != 1:
        raise ImageError(
            f"{path} has pixels of the types {', '.join(sorted(set(kinds.values())))}, which are "
            "no brightness or no single kind of it: export the channels to OME-TIFF"
        )
    return kinds


def _has_pyramid(source: CziSource) -> bool:
    """Whether the file holds coarser levels, without which a level is no faster to read."""
    coarse: list[bool] = []

    def look(_: int, block: Any) -> bool:
        coarse.append(block.physicalSize.w < block.logicalRect.w)
        return not coarse[-1]

    source.document.enumerate_subblocks_subset(look, dict.fromkeys(source.planes, 0))
    return any(coarse)


def _scene_names(metadata: ElementTree.Element) -> dict[int | None, str]:
    scenes = metadata.iterfind(".//Information/Image/Dimensions/S/Scenes/Scene")
    return {
        int(scene.get("Index", i)): scene.get("Name") or "" for i, scene in enumerate(scenes)
    }  # fmt: skip


def _channel_names(metadata: ElementTree.Element) -> tuple[str, ...]:
    channels = metadata.iterfind(".//Information/Image/Dimensions/Channels/Channel")
    return tuple(channel.get("Name") or "" for channel in channels)


def _spacing(metadata: ElementTree.Element) -> Spacing:
    """Size of a pixel, in micrometres from the metres of the file, and seconds between frames."""
    spacing: dict[str, tuple[float, str]] = {}
    for item in metadata.iterfind(".//Scaling/Items/Distance"):
        value = _number(item.findtext("Value"))
        if item.get("Id") in ("X", "Y", "Z") and value:
            spacing[str(item.get("Id"))] = (_rounded(value * 1e6), "micrometer")
    interval = ".//Information/Image/Dimensions/T/Positions/Interval/Increment"
    if step := _number(metadata.findtext(interval)):
        spacing["T"] = (step, "second")
    return spacing


def _rounded(size: float) -> float:
    """Size without the last digits, which a change of unit leaves behind."""
    return float(f"{size:.12g}")


def _number(text: str | None) -> float:
    """Number in a text of the metadata; 0 for none."""
    try:
        return float(text or 0)
    except ValueError:
        return 0.0
