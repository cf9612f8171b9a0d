"""ImageJ ROIs: outlines of ImageJ, Fiji and StarDist."""

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import numpy as np

from napari_sam.errors import LabelError, reason

from .drawn_object import STACK, DrawnObject, Outlines, Polygon, numbered, ring_of

if TYPE_CHECKING:
    from roifile import ImagejRoi

_LABEL = re.compile(r"(\d{1,10})(?:-[tz]\d+)*", re.ASCII)
"""Name of a ROI of this package: its label, then its planes. Fiji's own are like 0123-0456."""

_OVAL_POINTS = 720
"""Points of the polygon of an oval: no more than 0.001 of its radius from the curve."""


def read_rois(name: str, rois: Mapping[str, bytes]) -> Outlines:
    """Read the areas among ROIs: polygons, freehand lines, rectangles, ovals and composites.

    Parameters
    ----------
    name : str
        The file, for messages.
    rois : mapping of str to bytes
        Content of each ROI by its name in the file.

    Raises
    ------
    LabelError
        If a ROI is damaged, none has an area, or the library is missing.
    """
    try:
        from roifile import ImagejRoi
    except ImportError as error:
        raise LabelError(
            'ROIs of Fiji need roifile: pip install "napari-sam-microscopy[fiji]", or save GeoJSON'
        ) from error
    objects: list[DrawnObject] = []
    for entry, content in rois.items():
        try:
            objects += _object(ImagejRoi.frombytes(content), entry)
        except Exception as error:  # the library raises errors of many kinds on damaged files
            raise LabelError(
                f"{name}: the ROI {entry} cannot be read ({reason(error)}): save the ROIs again"
            ) from error
    if not objects:
        raise LabelError(
            f"{name} holds no ROI with an area, but points, lines or text: save outlines of objects"
        )
    lines = len(rois) - len(objects)
    warnings = (f"{name}: {lines} ROIs have no area: left out",) if lines else ()
    return Outlines(numbered(objects), warnings)


def _object(roi: "ImagejRoi", entry: str) -> Iterator[DrawnObject]:
    """The object of a ROI; nothing for a ROI without an area."""
    polygon = _polygon(roi)
    if not polygon:
        return
    label = _LABEL.fullmatch(roi.name or entry.removesuffix(".roi"))
    properties = dict(re.findall(r"^(\w+): *(.+?) *$", roi.props or "", re.MULTILINE))
    group = f"group {roi.group}" if roi.group else ""
    red, green, blue = roi.stroke_color[1:4]
    yield DrawnObject(
        (polygon,),
        label=int(label[1]) if label else 0,
        place=_place(roi),
        class_name=properties.get("class", group),
        color=f"#{red:02x}{green:02x}{blue:02x}" if roi.stroke_color[0] else "",
    )


def _place(roi: "ImagejRoi") -> dict[str, int]:
    """Plane of a ROI: ImageJ counts from 1, and 0 is for no plane."""
    numbers = {STACK: roi.position, "Z": roi.z_position, "T": roi.t_position}
    return {key: number - 1 for key, number in numbers.items() if number > 0}


def _polygon(roi: "ImagejRoi") -> Polygon:
    """Rings of a ROI; empty without an area."""
    from roifile import ROI_SUBTYPE, ROI_TYPE

    if roi.subtype in (ROI_SUBTYPE.TEXT, ROI_SUBTYPE.IMAGE):
        return ()
    if roi.roitype == ROI_TYPE.OVAL:
        lines = [_oval(roi)]
    elif roi.roitype == ROI_TYPE.RECT and not roi.composite:
        x0, y0, x1, y1 = _rectangle(roi)
        lines = [np.array([(x0, y0), (x1, y0), (x1, y1), (x0, y1)])]
    elif roi.roitype in (ROI_TYPE.RECT, ROI_TYPE.POLYGON, ROI_TYPE.FREEHAND, ROI_TYPE.TRACED):
        lines = list(roi.coordinates(multi=True))
    else:
        return ()
    rings = (ring_of(line) for line in lines if len(line))
    return tuple(ring for ring in rings if ring is not None)


def _rectangle(roi: "ImagejRoi") -> tuple[float, float, float, float]:
    """Left, top, right and bottom of a ROI, with fractions of pixels."""
    if roi.subpixelrect:
        return roi.xd, roi.yd, roi.xd + roi.widthd, roi.yd + roi.heightd
    return roi.left, roi.top, roi.right, roi.bottom


def _oval(roi: "ImagejRoi") -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    x0, y0, x1, y1 = _rectangle(roi)
    angle = np.linspace(0, 2 * np.pi, _OVAL_POINTS, endpoint=False)
    x = (x0 + x1) / 2 + (x1 - x0) / 2 * np.cos(angle)
    y = (y0 + y1) / 2 + (y1 - y0) / 2 * np.sin(angle)
    return np.column_stack([x, y])
