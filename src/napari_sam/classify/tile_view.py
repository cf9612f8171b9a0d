"""TileView: the objects of a tile with their features."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import find_objects

from napari_sam.embeddings.encode import Encoder
from napari_sam.embeddings.tile_reader import TilePixels
from napari_sam.labels.rank import rank_labels
from napari_sam.tiles.cut import is_cut
from napari_sam.tiles.grid import Tile

from .appearance import appearance
from .pool import pool


@dataclass(frozen=True, slots=True, eq=False)
class TileView:
    """Objects of a tile, a row each; made by :func:`view_tile`.

    Parameters
    ----------
    labels : ndarray
        ``(n,)`` int64, increasing.
    areas : ndarray
        ``(n,)`` int64: pixels in the tile.
    cut : ndarray
        ``(n,)`` bool: whether the tile may show only a part of the object.
    off_centre : ndarray
        ``(n,)`` float64: distance from the middle of the tile to that of the object, data pixels.
    features : ndarray
        ``(n, features)`` float32: appearance, then the pooled features of the model.
    """

    labels: NDArray[np.int64]
    areas: NDArray[np.int64]
    cut: NDArray[np.bool_]
    off_centre: NDArray[np.float64]
    features: NDArray[np.float32]


def view_tile(
    encoder: Encoder, tile: Tile, pixels: NDArray[Any], tile_pixels: TilePixels
) -> TileView:
    """Describe the objects of a tile.

    Parameters
    ----------
    encoder : Encoder
        Of the image.
    tile : Tile
        A tile of its grid.
    pixels : ndarray
        ``(height, width)`` labels of the tile, with an object at least.
    tile_pixels : tuple
        From :meth:`Encoder.read`.
    """
    values, ranks = rank_labels(pixels)
    labels = values[1:].astype(np.int64)
    boxes = np.array(
        [(y.start, x.start, y.stop, x.stop) for y, x in find_objects(ranks)]
    ) + np.array(tile.bbox[:2] * 2)
    middles = (boxes[:, :2] + boxes[:, 2:]) / 2
    middle = np.array((tile.y0 + tile.y1, tile.x0 + tile.x1)) / 2
    rgb = encoder.mapping.apply(tile_pixels[0])
    embedding = encoder.get(tile, tile_pixels, keep=False)
    return TileView(
        labels,
        np.bincount(ranks.ravel())[1:],
        np.array(
            [
                is_cut((y0, x0, y1, x1), tile.bbox, encoder.grid.bbox)
                for y0, x0, y1, x1 in boxes.tolist()
            ]
        ),
        np.hypot(*(middles - middle).T),
        np.concatenate(
            [
                appearance(ranks, rgb, len(labels)),
                pool(encoder.model.config, embedding, ranks, len(labels)),
            ],
            axis=1,
        ),
    )
