"""Mosaic: the labels of an image of any size, drawn from its tiles where they are looked at."""

import math
from collections.abc import Iterator, Sequence
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_sam.errors import LabelError, OutputError
from napari_sam.labels.blocks import block_regions
from napari_sam.masks.automatic.overlaps import SMALLEST_OBJECT
from napari_sam.tiles.bbox import BBox, intersection, place
from napari_sam.tiles.grid import Tile, TileGrid
from napari_sam.tiles.stitch import unite

from .seams import Pairs, agreeing
from .tile_folder import TileFolder
from .tile_objects import TileObjects

CHUNK = 1024


class Mosaic:
    """Labels as an array that can be read region by region; none of it is held in memory.

    A pixel that several objects claim belongs to the one that can be trusted most. Labels are
    numbered from 1 without gaps, in the order of the tiles. All of it follows from the objects of
    the tiles alone: neither the order in which they were found nor an interruption changes a byte.

    Parameters
    ----------
    folder : TileFolder
        With the objects of all tiles.
    grid : TileGrid
        The tiles of a plane.
    plane_shape : tuple of int
        Sizes of the leading axes.

    Attributes
    ----------
    count : int
        How many objects there are; known when :meth:`prepare` is through.
    scores : dict of int to float
        How much each can be trusted, from 0 to 1; known then, too.
    """

    def __init__(self, folder: TileFolder, grid: TileGrid, plane_shape: Sequence[int]) -> None:
        self._folder, self._grid = folder, grid
        self.shape = (*plane_shape, grid.height, grid.width)
        self.dtype = np.dtype(np.uint32)
        self.chunks = (1,) * len(plane_shape) + tuple(min(CHUNK, n) for n in self.shape[-2:])
        self.count = 0
        self.scores: dict[int, float] = {}
        self._first: dict[tuple[int, ...], int] = {}
        self._label = np.zeros(1, np.uint32)  # of each part, after the background
        self._trust = np.zeros(1, np.float32)

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """Number of pixels."""
        return math.prod(self.shape)

    # --- which parts are one object ----------------------------------------------------------

    def prepare(self) -> Iterator[None]:
        """Find out which parts are one object, and number the objects.

        Yields
        ------
        None
            :attr:`steps` times.
        """
        pairs: list[Pairs] = []
        trust = [np.zeros(1, np.float32)]
        count = 0
        for plane in self._planes():
            for tile in self._grid.tiles(plane):
                objects = self._objects(tile)
                self._first[_index(tile)] = count
                trust.append(objects.confidence)
                count += len(objects)
                pairs.extend(self._with_earlier(objects))
                yield
        group = unite(count, pairs)
        self._label = np.concatenate([[0], group + 1]).astype(np.uint32)
        best = np.zeros(int(group.max(initial=-1)) + 2, np.float32)
        np.maximum.at(best, self._label, np.concatenate(trust))
        self._trust = best[self._label]
        yield from self._number()
        known = zip(self._label.tolist(), self._trust.tolist(), strict=True)
        self.scores = {label: trust for label, trust in known if label}

    @property
    def steps(self) -> int:
        """How many steps :meth:`prepare` takes."""
        planes = math.prod(self.shape[:-2])
        blocks = [-(-n // c) for n, c in zip(self.shape, self.chunks, strict=True)]
        return planes * self._grid.rows * self._grid.cols + math.prod(blocks)

    def _with_earlier(self, objects: TileObjects) -> Iterator[Pairs]:
        """Pairs with the objects of tiles that came before and see some of the same pixels."""
        tile = objects.tile
        first = self._first[_index(tile)]
        for other in self._grid.overlapping(tile.plane, tile.bbox):
            if (other.row, other.col) < (tile.row, tile.col):
                found = agreeing(self._objects(other), objects)
                yield found - 1 + (self._first[_index(other)], first)

    def _number(self) -> Iterator[None]:
        """Number those of which enough is left, without gaps."""
        areas = np.zeros(int(self._label.max()) + 1, np.int64)
        for region in block_regions(self.shape, self.chunks):
            areas += np.bincount(self[region].ravel(), minlength=len(areas))
            yield
        kept = areas >= SMALLEST_OBJECT
        kept[0] = False
        numbers = np.where(kept, np.cumsum(kept), 0).astype(np.uint32)
        self._label = numbers[self._label]
        self.count = int(np.count_nonzero(kept))

    # --- as an array -------------------------------------------------------------------------

    def __getitem__(self, index: Any) -> NDArray[np.uint32]:
        """Labels of a region; integers and slices without steps, as the writers read."""
        index = index if isinstance(index, tuple) else (index,)
        index = (*index, *(slice(None),) * (self.ndim - len(index)))
        spans = [
            range(n)[i] if isinstance(i, slice) else range(int(i), int(i) + 1)
            for i, n in zip(index, self.shape, strict=True)
        ]
        rows, cols = spans[-2:]
        bbox = (rows.start, cols.start, rows.stop, cols.stop)
        drawn = [self._draw(plane, bbox) for plane in product(*spans[:-2])]
        shape = (*map(len, spans[:-2]), len(rows), len(cols))
        squeezed = tuple(0 if not isinstance(i, slice) else slice(None) for i in index)
        labels: NDArray[np.uint32] = np.reshape(drawn, shape)[squeezed]
        return labels

    def __setitem__(self, index: Any, labels: Any) -> None:
        """Refuse: the labels follow from the objects of the tiles."""
        raise LabelError(
            "these labels are drawn from tiles and cannot be painted into: save them, and open the "
            "file"
        )

    def _draw(self, plane: tuple[int, ...], bbox: BBox) -> NDArray[np.uint32]:
        y0, x0, y1, x1 = bbox
        labels = np.zeros((y1 - y0, x1 - x0), np.uint32)
        trust = np.zeros(labels.shape, np.float32)
        for tile in self._grid.overlapping(plane, bbox):
            shared = intersection(tile.bbox, bbox)
            objects = self._objects(tile)
            if shared is None or not len(objects):
                continue
            numbers = objects.numbers[place(shared, tile.bbox)].astype(np.int64)
            parts = np.where(numbers > 0, numbers + self._first[_index(tile)], 0)
            own, sure = self._label[parts], self._trust[parts]
            there, so_far = labels[place(shared, bbox)], trust[place(shared, bbox)]
            # Of two that are trusted alike, the lower label has the pixel, in whatever order.
            ahead = (there == 0) | (sure > so_far) | ((sure == so_far) & (own < there))
            better = (own > 0) & ahead
            there[better], so_far[better] = own[better], sure[better]
        return labels

    def _objects(self, tile: Tile) -> TileObjects:
        found = self._folder.get(tile)
        if found is None:
            raise OutputError(
                f"a tile is missing in {self._folder.path}: start the same command again"
            )
        return found

    def _planes(self) -> Iterator[tuple[int, ...]]:
        return product(*map(range, self.shape[:-2]))


def _index(tile: Tile) -> tuple[int, ...]:
    return (*tile.plane, tile.row, tile.col)
