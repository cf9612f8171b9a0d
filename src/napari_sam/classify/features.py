"""Features: rows of numbers for the objects of an image, kept until pixels change."""

from collections.abc import Generator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_sam.embeddings.digest import digest_pixels
from napari_sam.embeddings.encode import Encoder
from napari_sam.labels.label_array import LabelArray
from napari_sam.tiles.grid import Tile, TileIndex

from .planes import Areas, choose_planes
from .tile_view import TileView, view_tile

MOST_PLANES = 3
"""Planes of an object, at most, over which its features are pooled: those with its largest
areas."""


@dataclass(frozen=True, slots=True, eq=False)
class ObjectFeatures:
    """Features of all objects of an image; made by :meth:`FeatureStore.describe`.

    Parameters
    ----------
    labels : ndarray
        ``(n,)`` int64, increasing.
    values : ndarray
        ``(n, features)`` float32.
    """

    labels: NDArray[np.int64]
    values: NDArray[np.float32]


class FeatureStore:
    """Features of objects by tile, computed anew only where labels or image have changed."""

    def __init__(self) -> None:
        self._areas: dict[TileIndex, tuple[bytes, Areas]] = {}
        self._views: dict[TileIndex, tuple[tuple[bytes, bytes, int], TileView]] = {}

    def describe(
        self, encoder: Encoder, labels: LabelArray
    ) -> Generator[tuple[int, int], None, ObjectFeatures]:
        """Describe all objects of an image.

        Few planes are looked at: each object is on one of them with at least half of its largest
        area. Tiles without a label are never encoded.

        Parameters
        ----------
        encoder : Encoder
            Of the image.
        labels : array-like
            ``volume.label_shape`` integers, 0 is background.

        Yields
        ------
        tuple of int
            Steps done, and steps in all.

        Returns
        -------
        ObjectFeatures
        """
        tiles = [tile for plane in encoder.volume.planes() for tile in encoder.grid.tiles(plane)]
        total = 2 * len(tiles)
        areas: dict[Tile, Areas] = {}
        for done, tile in enumerate(tiles, start=1):
            if areas_of_tile := self._areas_of(labels, tile):
                areas[tile] = areas_of_tile
            yield done, total
        planes = choose_planes(areas)
        chosen = [tile for tile in areas if tile.plane in planes]
        views: dict[Tile, TileView] = {}
        for i, tile in enumerate(chosen, start=1):
            views[tile] = self._view_of(encoder, labels, tile)
            yield len(tiles) + len(tiles) * i // len(chosen), total
        return _combined(views)

    def _areas_of(self, labels: LabelArray, tile: Tile) -> Areas:
        pixels = _read(labels, tile)
        digest = digest_pixels(pixels)
        entry = self._areas.get(tile.index)
        if entry is None or entry[0] != digest:
            numbers, counts = np.unique(pixels[pixels > 0], return_counts=True)
            entry = digest, dict(zip(numbers.tolist(), counts.tolist(), strict=True))
            self._areas[tile.index] = entry
        return entry[1]

    def _view_of(self, encoder: Encoder, labels: LabelArray, tile: Tile) -> TileView:
        pixels, tile_pixels = _read(labels, tile), encoder.read(tile)
        key = digest_pixels(pixels), tile_pixels[1], encoder.changes
        entry = self._views.get(tile.index)
        if entry is None or entry[0] != key:
            entry = key, view_tile(encoder, tile, pixels, tile_pixels)
            self._views[tile.index] = entry
        return entry[1]


def _read(labels: LabelArray, tile: Tile) -> NDArray[Any]:
    region = (*tile.plane, slice(tile.y0, tile.y1), slice(tile.x0, tile.x1))
    return np.asarray(labels[region])


def _combined(views: Mapping[Tile, TileView]) -> ObjectFeatures:
    """Rows of objects, from the best view on each of their planes."""
    if not views:
        return ObjectFeatures(np.zeros(0, np.int64), np.zeros((0, 0), np.float32))
    planes = {plane: i for i, plane in enumerate(sorted({tile.plane for tile in views}))}
    labels, areas, cut, off_centre, values = (
        np.concatenate([getattr(view, name) for view in views.values()])
        for name in ("labels", "areas", "cut", "off_centre", "features")
    )
    plane = np.concatenate(
        [np.full(len(view.labels), planes[tile.plane]) for tile, view in views.items()]
    )
    # A whole object nearest to the middle of its tile; of parts, the largest.
    order = np.lexsort((np.where(cut, -areas, off_centre), cut, plane, labels))
    best = order[_is_first(labels[order], plane[order])]
    best = best[np.lexsort((plane[best], -areas[best], labels[best]))]
    starts = np.flatnonzero(_is_first(labels[best]))
    place = np.arange(len(best)) - np.repeat(starts, np.diff([*starts, len(best)]))
    best = best[place < MOST_PLANES]
    starts = np.flatnonzero(_is_first(labels[best]))
    weights = areas[best].astype(np.float64)
    sums = np.add.reduceat(values[best] * weights[:, None], starts)
    means = sums / np.add.reduceat(weights, starts)[:, None]
    return ObjectFeatures(labels[best][starts], means.astype(np.float32))


def _is_first(*keys: NDArray[Any]) -> NDArray[np.bool_]:
    """Whether a row differs from the previous row in any key."""
    changes = np.any([key[1:] != key[:-1] for key in keys], axis=0)
    return np.concatenate([[True], changes])
