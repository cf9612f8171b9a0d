"""Room: whether the cache can keep all embeddings that are to be computed in advance."""

import math
import shutil
from collections.abc import Sequence

from napari_sam.errors import CacheError
from napari_sam.tiles.grid import TileIndex

from .cache import EmbeddingCache


def check_room(cache: EmbeddingCache, indices: Sequence[TileIndex]) -> None:
    """Refuse to compute embeddings that would evict each other; call this before the work.

    Parameters
    ----------
    cache : EmbeddingCache
        The cache of the image.
    indices : sequence of tuple of int
        All tiles to be kept, ``(*plane, row, col)`` each.

    Raises
    ------
    CacheError
        If the byte budget or the free space of the disk is too small, with the bytes that are
        needed and those that are allowed.
    """
    size = cache.spec.tile_bytes
    needed = len(indices) * size
    if len(indices) > cache.room:
        # as much as lets `EmbeddingCache.room` be the number of tiles, and a tenth more
        budget = math.ceil(needed * 16 / 15 * 1.1 / 1e6)
        raise CacheError(
            f"{len(indices)} tiles need {needed / 1e6:,.0f} MB, and the cache keeps "
            f"{cache.room * size / 1e6:,.0f} MB of its budget of {cache.budget / 1e6:,.0f} MB: "
            f"allow it more, such as NAPARI_SAM_CACHE_BUDGET={budget}MB"
        )
    new = len(cache.missing(indices)) * size
    free = shutil.disk_usage(cache.root).free
    if new > free:
        raise CacheError(
            f"{new / 1e6:,.0f} MB of embeddings are to be computed, and {free / 1e6:,.0f} MB are "
            f"free in {cache.root}: free space there, or choose another folder (--cache-dir)"
        )
