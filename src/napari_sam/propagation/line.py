"""Line: the planes along an axis of the image, for following objects."""

from dataclasses import dataclass

from napari_sam.errors import PromptError
from napari_sam.image.volume import Plane, Volume


@dataclass(frozen=True, slots=True)
class Line:
    """All planes of an image along a single axis.

    Parameters
    ----------
    axis : str
        Letter of the axis, ``Z`` or ``T``.
    place : int
        Index of the axis in a plane.
    plane : tuple of int
        The first plane.
    size : int
        Number of planes.
    spacing : float
        Distance of neighbouring planes in pixels of the plane; 1 where the axis has another unit,
        as in time.
    """

    axis: str
    place: int
    plane: Plane
    size: int
    spacing: float = 1.0

    def at(self, position: int) -> Plane:
        """The plane at a position, from 0 to ``size - 1``."""
        return (*self.plane[: self.place], position, *self.plane[self.place + 1 :])

    def position(self, plane: Plane) -> int:
        """The position of a plane of the line."""
        return plane[self.place]


def line_through(volume: Volume, axis: str | None, plane: Plane) -> Line:
    """The line along an axis through a plane.

    Parameters
    ----------
    volume : Volume
        The image.
    axis : str, optional
        ``z`` or ``t``; z by default where the image has it.
    plane : tuple of int
        Any plane of the line.

    Returns
    -------
    Line
        Equal for all of its planes.

    Raises
    ------
    PromptError
        If the image has no such axis, or only one plane along it.
    """
    letters = volume.plane_axes
    if not letters:
        raise PromptError("the image is a single plane: there is nowhere to propagate to")
    chosen = (axis or ("Z" if "Z" in letters else letters[-1])).upper()
    if chosen not in letters:
        raise PromptError(
            f"the image has no axis {chosen} to propagate along: choose one of {', '.join(letters)}"
        )
    place = letters.index(chosen)
    size = volume.plane_shape[place]
    if size == 1:
        raise PromptError(
            f"the image has one plane along {chosen}: there is nowhere to propagate to"
        )
    spacing = 1.0
    if chosen == "Z" and volume.units[place] == volume.units[-1]:
        spacing = volume.scale[place] / volume.scale[-1]
    return Line(chosen, place, (*plane[:place], 0, *plane[place + 1 :]), size, spacing)
