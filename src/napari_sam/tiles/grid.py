"""TileGrid: a plane covered by overlapping windows of constant size."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise, product

from napari_sam.image.volume import Plane

from .bbox import BBox
from .cut import cut_sides

TileIndex = tuple[int, ...]
"""Index of a tile in an image: ``(*plane, row, col)``."""


@dataclass(frozen=True, slots=True)
class Tile:
    """A window of a plane, made by :class:`TileGrid` or cut out of another tile.

    Parameters
    ----------
    plane : tuple of int
        Index of the leading axes.
    row, col : int
        Row and column in the grid of tiles, counted from 0.
    y0, x0, height, width : int
        First row and column, and size, data pixels, inside the image.
    zoom : float
        Factor by which the pixels are enlarged for a model that takes windows in their own size.
    mirrored : bool
        Whether the model sees the pixels with left and right exchanged.
    """

    plane: Plane
    row: int
    col: int
    y0: int
    x0: int
    height: int
    width: int
    zoom: float = 1.0
    mirrored: bool = False

    @property
    def y1(self) -> int:
        """End of the rows, excluded."""
        return self.y0 + self.height

    @property
    def x1(self) -> int:
        """End of the columns, excluded."""
        return self.x0 + self.width

    @property
    def bbox(self) -> BBox:
        """``(y0, x0, y1, x1)``, data pixels, the ends excluded."""
        return self.y0, self.x0, self.y1, self.x1

    @property
    def index(self) -> TileIndex:
        """Index of the tile among all tiles of its image, ``(*plane, row, col)``."""
        return (*self.plane, self.row, self.col)


@dataclass(frozen=True, slots=True)
class TileGrid:
    """Overlapping tiles of the same size.

    A side shorter than a tile makes one tile of its own length. The last tile of a row or column is
    shifted in instead of clipped: all tiles of an image look the same to the model.

    Parameters
    ----------
    height, width : int
        Size of the plane, data pixels.
    tile_size : int
        Side of a tile, data pixels.
    overlap : int
        Data pixels that neighbouring tiles share, at least. A smaller object lies completely in a
        tile.
    zoom : float
        See :class:`Tile`; the same for all tiles.

    Raises
    ------
    ValueError
        If `overlap` is negative or not smaller than `tile_size`.
    """

    height: int
    width: int
    tile_size: int = 1024
    overlap: int = 192
    zoom: float = 1.0

    def __post_init__(self) -> None:
        if not 0 <= self.overlap < self.tile_size:
            raise ValueError(
                f"tiles of {self.tile_size} pixels cannot overlap by {self.overlap}: "
                "the overlap must be smaller than the tile"
            )

    @property
    def bbox(self) -> BBox:
        """Box of a whole plane: ``(0, 0, height, width)``, data pixels."""
        return 0, 0, self.height, self.width

    @property
    def rows(self) -> int:
        """Number of rows of tiles."""
        return len(self._starts(self.height))

    @property
    def cols(self) -> int:
        """Number of columns of tiles."""
        return len(self._starts(self.width))

    def _starts(self, length: int) -> tuple[int, ...]:
        last = max(0, length - self.tile_size)
        step = self.tile_size - self.overlap
        return (*range(0, last, step), last)

    def tile(self, plane: Plane, row: int, col: int) -> Tile:
        """The tile in a row and column of the grid."""
        y0, x0 = self._starts(self.height)[row], self._starts(self.width)[col]
        size = self.tile_size
        height, width = min(size, self.height), min(size, self.width)
        return Tile(plane, row, col, y0, x0, height, width, self.zoom)

    def tiles(self, plane: Plane) -> Iterator[Tile]:
        """All tiles of a plane, row by row."""
        for row in range(self.rows):
            for col in range(self.cols):
                yield self.tile(plane, row, col)

    def overlapping(self, plane: Plane, bbox: BBox) -> tuple[Tile, ...]:
        """Tiles of a plane that share pixels with a box ``(y0, x0, y1, x1)``, row by row."""
        rows = self._overlapping(self.height, bbox[0], bbox[2])
        cols = self._overlapping(self.width, bbox[1], bbox[3])
        return tuple(self.tile(plane, row, col) for row in rows for col in cols)

    def best_for(self, plane: Plane, bbox: BBox) -> Tile:
        """The tile with a region nearest to its middle.

        Parameters
        ----------
        plane : tuple of int
            Index of the leading axes.
        bbox : tuple of int
            ``(y0, x0, y1, x1)``, data pixels; a click is a region of one pixel.

        Returns
        -------
        Tile
            A tile that contains the whole region if there is such a tile, otherwise the tile whose
            middle is nearest to that of the region.
        """
        row = self._best(self.height, bbox[0], bbox[2])
        return self.tile(plane, row, self._best(self.width, bbox[1], bbox[3]))

    def behind(self, tile: Tile, bbox: BBox) -> tuple[Tile, ...]:
        """Neighbouring tiles behind the sides where an object touches the border of its tile.

        Parameters
        ----------
        tile : Tile
            The tile whose mask of the object is cut off.
        bbox : tuple of int
            ``(y0, x0, y1, x1)`` of the object, data pixels, inside the tile.

        Returns
        -------
        tuple of Tile
            The next tile behind each side that the object touches, unless the image ends there; if
            the object touches two sides, also the tile behind their corner.
        """
        top, left, bottom, right = cut_sides(bbox, tile.bbox, self.bbox)
        rows = range(tile.row - top, tile.row + bottom + 1)
        cols = range(tile.col - left, tile.col + right + 1)
        places = product(rows, cols)
        return tuple(self.tile(tile.plane, *p) for p in places if p != (tile.row, tile.col))

    def core(self, tile: Tile) -> BBox:
        """Part of a tile up to the middle of its overlaps; the cores of all tiles fill the plane.

        Parameters
        ----------
        tile : Tile
            A tile of this grid.

        Returns
        -------
        tuple of int
            ``(y0, x0, y1, x1)``, data pixels.
        """
        y0, y1 = self._core(self.height, tile.row)
        x0, x1 = self._core(self.width, tile.col)
        return y0, x0, y1, x1

    def _core(self, length: int, index: int) -> tuple[int, int]:
        starts, size = self._starts(length), min(self.tile_size, length)
        middles = [(a + size + b) // 2 for a, b in pairwise(starts)]
        bounds = (0, *middles, length)
        return bounds[index], bounds[index + 1]

    def _overlapping(self, length: int, start: int, stop: int) -> list[int]:
        size = min(self.tile_size, length)
        return [i for i, s in enumerate(self._starts(length)) if s < stop and start < s + size]

    def _best(self, length: int, start: int, stop: int) -> int:
        starts, size = self._starts(length), min(self.tile_size, length)

        def rank(index: int) -> tuple[bool, float]:
            """Tiles around the whole region rank first, then those with the nearest middle."""
            first = starts[index]
            cut = start < first or stop > first + size
            return cut, abs(first + size / 2 - (start + stop) / 2)

        return min(range(len(starts)), key=rank)


def grid_of(height: int, width: int, tile_size: int) -> TileGrid:
    """Tiles of a plane, which share 3/16 of their side with the next ones; all in pixels."""
    return TileGrid(height, width, tile_size, overlap=tile_size * 3 // 16)
