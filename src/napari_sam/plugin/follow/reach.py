"""Reach: a copy of how far an object was followed; no Qt."""

from collections.abc import Mapping, Set
from dataclasses import dataclass

from napari_sam.image.volume import Plane
from napari_sam.masks.mask import Mask

from .ends import Limits


@dataclass(frozen=True, slots=True, eq=False)
class Reach:
    """Copy of how far an object was followed; made by ``Following.reach`` for undo.

    Parameters
    ----------
    brought, unsure : mapping
        Followed masks and their disagreement, by plane; copies of the attributes.
    start : set of tuple
        Planes from which following began; their masks are not changed by it.
    axis : str or None
        Letter of the axis along which the object is followed; a copy of the attribute.
    axis_wanted : str or None
        Letter of the axis to follow along after the awaited answers; None without such a request.
    running : bool
        Whether more planes were to come.
    limits : Limits
        First and last position of the object along each axis, where the user has ended it.
    """

    brought: Mapping[Plane, Mask]
    unsure: Mapping[Plane, float]
    start: Set[Plane]
    axis: str | None
    axis_wanted: str | None
    running: bool
    limits: Limits
