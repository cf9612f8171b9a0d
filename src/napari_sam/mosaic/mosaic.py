"""Mosaic: labels of an image of any size, drawn region by region from the objects of tiles."""

import math
from collections.abc import Iterator, Sequence
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_sam.errors import LabelError, OutputError
from napari_sam.image.volume import Plane
from napari_sam.labels.blocks import block_regions
from napari_sam.masks.automatic.overlaps import SMALLEST_OBJECT
from napari_sam.tiles.bbox import BBox, intersection, place
from napari_sam.tiles.grid import Tile, TileGrid, TileIndex
from napari_sam.tiles.stitch import unite

from .label_scores import LabelScores
from .seams import Pairs, agreeing
from .tile_folder import TileFolder
from .tile_objects import TileObjects

CHUNK = 1024
"""Rows and columns of a region for readers, and of the regions in which objects are numbered."""


class Mosaic:
    """Read-only array of labels, drawn from the objects of tiles when a region is read.

    Made and prepared by :func:`~napari_sam.mosaic.segment.segment_mosaic`. A pixel that several
    objects claim belongs to the most confident object. Labels are numbered from 1 without gaps, in
    the order of the tiles. They depend on the objects of the tiles alone: the order of segmentation
    and interruptions change no byte.

    Parameters
    ----------
    folder : TileFolder
        Folder with the objects of all tiles.
    grid : TileGrid
        The tiles of a plane.
    plane_shape : tuple of int
        Sizes of the leading axes.

    Attributes
    ----------
    count : int
        Number of objects, after :meth:`prepare`.
    skipped : int
        Number of tiles that show background alone and were not encoded, after :meth:`prepare`.
    scores : LabelScores
        Confidence of each object by label, from 0 to 1, after :meth:`prepare`.
    """

    def __init__(self, folder: TileFolder, grid: TileGrid, plane_shape: Sequence[int]) -> None:
        self._folder, self._grid = folder, grid
        self.shape = (*plane_shape, grid.height, grid.width)
        self.dtype = np.dtype(np.uint32)
        self.chunks = (1,) * len(plane_shape) + tuple(min(CHUNK, n) for n in self.shape[-2:])
        self.count = self.skipped = 0
        self.scores = LabelScores(np.empty(0, np.float32))
        self._first: dict[TileIndex, int] = {}
        # A part is an object of one tile; entry 0 of these arrays is the background.
        self._label = np.zeros(1, np.uint32)
        self._trust = np.zeros(1, np.float32)

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """Number of pixels."""
        return math.prod(self.shape)

    # --- parts to objects ---------------------------------------------------------------------

    def prepare(self) -> Iterator[None]:
        """Group the parts of each object, and number the objects.

        Yields
        ------
        None
            :attr:`steps` times.
        """
        pairs: list[Pairs] = []
        trust = [np.zeros(1, np.float32)]
        count = self.skipped = 0
        for plane in self._planes():
            for tile in self._grid.tiles(plane):
                objects = self._objects(tile)
                self._first[tile.index] = count
                self.skipped += objects.skipped
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
        scores = np.zeros(self.count + 1, np.float32)
        scores[self._label] = self._trust  # equal for all parts of an object
        self.scores = LabelScores(scores[1:])

    @property
    def skip_empty(self) -> bool:
        """Whether tiles of background alone were left out; False for an image of a single tile."""
        return bool(self._folder.plan["skip_empty"])

    @property
    def tiles(self) -> int:
        """Number of tiles."""
        return math.prod(self.shape[:-2]) * self._grid.rows * self._grid.cols

    @property
    def steps(self) -> int:
        """Number of steps of :meth:`prepare`: a step per tile, and per region to number."""
        blocks = [-(-n // c) for n, c in zip(self.shape, self.chunks, strict=True)]
        return self.tiles + math.prod(blocks)

    def _with_earlier(self, objects: TileObjects) -> Iterator[Pairs]:
        """Pairs of parts of a tile and of overlapping tiles earlier in the order of tiles."""
        tile = objects.tile
        first = self._first[tile.index]
        for other in self._grid.overlapping(tile.plane, tile.bbox):
            if (other.row, other.col) < (tile.row, tile.col):
                pairs = agreeing(self._objects(other), objects)
                yield pairs - 1 + (self._first[other.index], first)

    def _number(self) -> Iterator[None]:
        """Number the objects without gaps; objects with too few visible pixels get no number."""
        areas = np.zeros(int(self._label.max()) + 1, np.int64)
        for region in block_regions(self.shape, self.chunks):
            areas += np.bincount(self[region].ravel(), minlength=len(areas))
            yield
        large_enough = areas >= SMALLEST_OBJECT
        large_enough[0] = False
        numbers = np.where(large_enough, np.cumsum(large_enough), 0).astype(np.uint32)
        self._label = numbers[self._label]
        self.count = int(np.count_nonzero(large_enough))

    # --- as an array -------------------------------------------------------------------------

    def __getitem__(self, index: Any) -> NDArray[np.uint32]:
        """Labels of a region, uint32, given by integers and slices without steps."""
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

    def _draw(self, plane: Plane, bbox: BBox) -> NDArray[np.uint32]:
        y0, x0, y1, x1 = bbox
        labels = np.zeros((y1 - y0, x1 - x0), np.uint32)
        trust = np.zeros(labels.shape, np.float32)
        for tile in self._grid.overlapping(plane, bbox):
            shared = intersection(tile.bbox, bbox)
            objects = self._objects(tile)
            if shared is None or not len(objects):
                continue
            numbers = objects.numbers[place(shared, tile.bbox)].astype(np.int64)
            parts = np.where(numbers > 0, numbers + self._first[tile.index], 0)
            new, new_trust = self._label[parts], self._trust[parts]
            drawn, drawn_trust = labels[place(shared, bbox)], trust[place(shared, bbox)]
            # Of two equally confident objects the lower label has the pixel, so that the order of
            # the tiles does not matter.
            wins_tie = (new_trust == drawn_trust) & (new < drawn)
            better = (new > 0) & ((drawn == 0) | (new_trust > drawn_trust) | wins_tie)
            drawn[better], drawn_trust[better] = new[better], new_trust[better]
        return labels

    def _objects(self, tile: Tile) -> TileObjects:
        objects = self._folder.get(tile)
        if objects is None:
            raise OutputError(
                f"a tile is missing in {self._folder.path}: start the same command again"
            )
        return objects

    def _planes(self) -> Iterator[Plane]:
        return product(*map(range, self.shape[:-2]))
