"""Views: a stack seen along its three axes, as one map of centres and foreground.

The model sees planes. Where voxels are cubic, planes along y and x show the same objects as those
along z do, so each voxel has three answers of the proposal head. Their mean is better than any, and
it joins what one view takes for separate objects.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from napari_sam.embeddings.encode import Encoder
from napari_sam.masks.automatic.propose import probabilities
from napari_sam.masks.decode import resample, tile_matrices
from napari_sam.tiles.bbox import place
from napari_sam.tiles.grid import TileGrid

OVERLAP = 64
"""Voxels that neighbouring windows share, at least."""

Maps = NDArray[np.float32]
"""``(2, Z, Y, X)`` float32, 0 to 1: how central a voxel is in its object, and its probability to be
in an object at all."""


def maps_of_views(encoder: Encoder, stack: NDArray[np.generic], zoom: float) -> Iterator[Maps]:
    """Average the proposal maps of all planes along z, y and x.

    Parameters
    ----------
    encoder : Encoder
        Of a model with a proposal head that takes windows of any size.
    stack : ndarray
        ``(Z, Y, X, channels)`` with cubic voxels, of the image's dtype.
    zoom : float
        Times by which planes are enlarged for the model.

    Yields
    ------
    ndarray
        After each of ``Z + Y + X`` planes, the same array; after the last, the mean of the views.
    """
    maps = np.zeros((2, *stack.shape[:3]), np.float32)
    for axis in range(3):
        planes, sums = np.moveaxis(stack, axis, 0), np.moveaxis(maps, axis + 1, 1)
        for index, plane in enumerate(planes):
            sums[:, index] += _maps_of_plane(encoder, plane, zoom) / 3
            yield maps


def _maps_of_plane(encoder: Encoder, plane: NDArray[np.generic], zoom: float) -> Maps:
    """Maps ``(2, h, w)`` of a plane ``(h, w, channels)`` of the stack, along any axis."""
    side = int(encoder.model.config.image_size / zoom)
    height, width = plane.shape[:2]
    grid = TileGrid(height, width, side, OVERLAP, zoom)
    maps = np.empty((2, height, width), np.float32)
    for tile in grid.tiles(()):
        embedding = encoder.enlarge(tile, plane[place(tile.bbox, grid.bbox)])
        proposals = embedding.features.proposals
        if proposals is None:
            raise ValueError("only a model with a proposal head has maps of centres")
        cells = probabilities(proposals)
        rows, cols = tile_matrices(encoder.model.config, tile.height, tile.width, zoom)
        core = grid.core(tile)
        inside = place(core, tile.bbox)
        for target, values in zip(maps, cells, strict=True):
            part = resample(values, rows[inside[0]], cols[inside[1]])
            target[place(core, grid.bbox)] = part
    return maps
