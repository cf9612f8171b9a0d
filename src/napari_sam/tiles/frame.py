"""Frame: data coordinates to model pixels and back; the only place where axes flip."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .grid import Tile


@dataclass(frozen=True, slots=True)
class Frame:
    """Coordinates of one tile.

    In data coordinates and in model pixels alike, integers are pixel centres: the first pixel
    reaches from -0.5 to 0.5. The prompt encoder itself adds the half pixel.

    Parameters
    ----------
    tile : Tile
        Where.
    scale : float
        Model pixels per data pixel.
    """

    tile: Tile
    scale: float = 1.0

    def to_model(self, yx: ArrayLike) -> NDArray[np.float32]:
        """Data coordinates to model pixels.

        Parameters
        ----------
        yx : array-like
            ``(..., 2)`` data coordinates, yx.

        Returns
        -------
        ndarray
            ``(..., 2)`` float32, xy, model pixels of the tile.
        """
        inside = np.asarray(yx, np.float64) - (self.tile.y0, self.tile.x0)
        return ((inside + 0.5) * self.scale - 0.5)[..., ::-1].astype(np.float32)

    def to_data(self, xy: ArrayLike) -> NDArray[np.float64]:
        """Inverse of :meth:`to_model`: ``(..., 2)`` xy to data coordinates, yx."""
        inside = (np.asarray(xy, np.float64)[..., ::-1] + 0.5) / self.scale - 0.5
        return np.add(inside, (self.tile.y0, self.tile.x0))
