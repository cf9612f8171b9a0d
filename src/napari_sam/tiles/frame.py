"""Frame: data coordinates, yx, to model pixels, xy; the only place where axes flip."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .grid import Tile


@dataclass(frozen=True, slots=True)
class Frame:
    """Position and scale of a tile in model pixels, for the coordinates of prompts.

    In data coordinates and in model pixels alike, integers are pixel centres: the first pixel
    reaches from -0.5 to 0.5. The prompt encoder itself adds the half pixel. If a tile is resized
    for the model, its first pixel centre stays 0, as in the predictors of SAM and SAM 2; if it is
    zoomed, the corner of its first pixel stays -0.5. Made by
    :func:`~napari_sam.masks.decode.tile_frame`.

    Parameters
    ----------
    tile : Tile
        The window whose first pixel is the origin.
    scale : tuple of float
        Model pixels per data pixel, along y and x; that along x is negative in a mirrored tile.
    shape : tuple of int, optional
        Rows and columns of the model's input in model pixels, padding included; by default the next
        multiples of 16.
    first : tuple of float
        Position of the centre of the first data pixel, yx, model pixels.
    """

    tile: Tile
    scale: tuple[float, float] = (1.0, 1.0)
    shape: tuple[int, int] = (0, 0)
    first: tuple[float, float] = (0.0, 0.0)

    def __post_init__(self) -> None:
        """Fill in the default shape: the tile padded to whole patches of 16 pixels."""
        if self.shape == (0, 0):
            height, width = self.tile.height, self.tile.width
            object.__setattr__(self, "shape", (height + -height % 16, width + -width % 16))

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
        in_tile = np.asarray(yx, np.float64) - (self.tile.y0, self.tile.x0)
        return (in_tile * self.scale + self.first)[..., ::-1].astype(np.float32)
