"""Open cache: the folder on disk for the embeddings of an encoder."""

from dataclasses import replace
from pathlib import Path

from .cache import EmbeddingCache
from .embedding import array_shapes
from .encode import Encoder
from .spec import CacheSpec


def open_cache(
    encoder: Encoder, weights_hash: str, root: Path | str | None, budget: int | str | None
) -> EmbeddingCache:
    """Open the cache for the embeddings of an encoder.

    Parameters
    ----------
    encoder : Encoder
        Image, model, intensity mapping and tiles, which identify the embeddings.
    weights_hash : str
        Fingerprint of the weights of the encoder's model.
    root : Path, str or None
        Folder of all cached embeddings; None for the default folder of the user.
    budget : int, str or None
        Bytes that the whole folder may take, or a size such as ``"20 GB"``.

    Returns
    -------
    EmbeddingCache
        In the precision that the model prefers; or in another one that the model may use, if only
        that has embeddings of the image.

    Raises
    ------
    CacheError
        If the folder belongs to another program or cannot be written, or the budget is not a size.
    """
    volume, grid, config = encoder.volume, encoder.grid, encoder.model.config
    tile = grid.tile((0,) * len(volume.plane_shape), 0, 0)
    spec = CacheSpec(
        image=volume.identity,
        model=config.name,
        weights_hash=weights_hash,
        intensity=encoder.mapping.key,
        tile_size=grid.tile_size,
        overlap=grid.overlap,
        grid_shape=(*volume.plane_shape, grid.rows, grid.cols),
        arrays=array_shapes(config, tile.height, tile.width),
    )
    caches = [
        EmbeddingCache(root, replace(spec, precision=precision), budget)
        for precision in encoder.model.precisions
    ]
    return next((cache for cache in caches if cache.exists), caches[0])
