"""Tiles: windows of the image that the encoder can take."""

from .frame import Frame
from .grid import Tile, TileGrid

__all__ = ["Frame", "Tile", "TileGrid"]
