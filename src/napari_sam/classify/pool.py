"""Pool: means and deviations of image features over the pixels of objects."""

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from napari_sam.embeddings.embedding import Embedding
from napari_sam.masks.decode import tile_frame
from napari_sam.model.config import ModelConfig

_STRIDES = {"image_embedding": 16, "high_res_8": 8, "high_res_4": 4}
"""Name of an array of features -> model pixels per cell along each axis."""


def pool(
    config: ModelConfig, embedding: Embedding, ranks: NDArray[np.intp], count: int
) -> NDArray[np.float32]:
    """Pool the features of a tile over the pixels of each object.

    A pixel has the features of the cell in which its centre lies, so that an object of one pixel
    has the features of one cell.

    Parameters
    ----------
    config : ModelConfig
        Of the model that made the embedding.
    embedding : Embedding
        Of the tile.
    ranks : ndarray
        ``(height, width)`` of the tile, data pixels: 1 to `count` for an object, 0 for background.
    count : int
        Number of objects; each has a pixel.

    Returns
    -------
    ndarray
        ``(count, features)`` float32: the mean of each channel of the image embedding and of the
        high-resolution features, then their standard deviations.
    """
    rows, cols = np.nonzero(ranks)
    objects = ranks[rows, cols] - 1
    tile = embedding.tile
    centres = np.stack([rows + tile.y0, cols + tile.x0], axis=1)
    model_pixels = tile_frame(config, tile).to_model(centres)
    pooled = [
        _over_cells(cells, _cells_of(model_pixels, _STRIDES[name], cells.shape), objects, count)
        for name, cells in embedding.to_arrays().items()
        if name in _STRIDES
    ]
    return np.concatenate([mean for mean, _ in pooled] + [deviation for _, deviation in pooled], 1)


def _cells_of(
    model_pixels: NDArray[np.float32], stride: int, shape: tuple[int, ...]
) -> NDArray[np.intp]:
    """Index of the cell of each pixel, in an array of ``(channels, rows, cols)``."""
    # Integers are pixel centres: the first cell reaches from -0.5 to stride - 0.5.
    cells = np.floor((model_pixels + 0.5) / stride).astype(np.intp)
    cols, rows = np.clip(cells, 0, (shape[2] - 1, shape[1] - 1)).T
    return np.asarray(rows * shape[2] + cols)


def _over_cells(
    cells: NDArray[np.float32], places: NDArray[np.intp], objects: NDArray[np.intp], count: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Mean and standard deviation of each channel over the pixels of each object."""
    values = cells.reshape(len(cells), -1).T.astype(np.float64)
    ones = np.ones(len(objects))
    pixels = csr_array((ones, (objects, places)), shape=(count, len(values)))
    areas = np.bincount(objects, minlength=count)[:, None]
    mean = pixels @ values / areas
    variance = pixels @ values**2 / areas - mean**2
    deviation = np.sqrt(np.maximum(variance, 0))
    return mean.astype(np.float32), deviation.astype(np.float32)
