"""Tiles: overlapping windows of a plane, each small enough for the image encoder."""

from .frame import Frame
from .grid import Tile, TileGrid

__all__ = ["Frame", "Tile", "TileGrid"]
