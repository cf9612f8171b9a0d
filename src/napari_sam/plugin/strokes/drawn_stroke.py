"""DrawnStroke: a stroke under way, from the first move of the mouse to its acceptance; no Qt."""

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from napari.layers import Labels
from numpy.typing import NDArray

from napari_sam.image.volume import Plane
from napari_sam.labels.strokes.stroke_change import StrokeChange
from napari_sam.plugin.workspace import Workspace

from .reading import Reading


@dataclass(frozen=True, slots=True, eq=False)
class DrawnStroke:
    """A line over labels, and what it would change.

    Parameters
    ----------
    work : Workspace
        The image.
    layer : napari.layers.Labels
        The labels under the line.
    plane : tuple of int
        Plane in which it was begun, without channels.
    reading : Reading
        The change that it shall make.
    points : tuple of ndarray
        ``(ndim,)`` data coordinates of the layer, in the order of drawing.
    is_drawn : bool
        Whether the button was released.
    change : StrokeChange, optional
        None while it is being read, and where it changes nothing.
    problem : str
        Why it changes nothing; empty for none.
    """

    work: Workspace
    layer: Labels
    plane: Plane
    reading: Reading
    points: tuple[NDArray[np.float64], ...] = field(default_factory=tuple)
    is_drawn: bool = False
    change: StrokeChange | None = None
    problem: str = ""

    def to(self, world: Any) -> "DrawnStroke":
        """The stroke drawn on to a position in the world; it stays in its plane."""
        point = np.asarray(self.layer.world_to_data(world), float)
        if self.points:
            point[:-2] = self.points[0][:-2]
        else:
            point[:-2] = np.floor(point[:-2] + 0.5)
        if self.points and np.array_equal(point, self.points[-1]):
            return self
        return replace(self, points=(*self.points, point))

    @property
    def yx(self) -> NDArray[np.float64]:
        """``(N, 2)`` data pixels."""
        return np.asarray(self.points)[:, -2:]
