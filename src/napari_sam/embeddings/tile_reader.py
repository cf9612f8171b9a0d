"""TileReader: pixels of tiles with their digests, which are remembered while the image stays."""

from collections.abc import Hashable
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from napari_sam.image.volume import Volume
from napari_sam.tiles.grid import Tile

from .digest import digest_pixels
from .least_recently_used import LeastRecentlyUsed

TilePixels = tuple[NDArray[np.generic], bytes]
"""Pixels of a tile, ``(height, width, channels)`` in the image's dtype, and their digest."""

DIGESTS = 256
"""Digests of tiles and zoomed parts that a reader remembers."""


class TileReader:
    """Pixels of the tiles of an image.

    Used by :class:`~napari_sam.embeddings.encode.Encoder`; safe in several threads.

    Parameters
    ----------
    volume : Volume
        The image.
    """

    def __init__(self, volume: Volume) -> None:
        self._volume = volume
        self._digests = LeastRecentlyUsed[Tile, tuple[Hashable, bytes]](DIGESTS)
        self._lock = Lock()

    def read(self, tile: Tile) -> TilePixels:
        """The pixels of a tile as they are now, and their digest.

        Raises
        ------
        ImageError
            If they cannot be read.
        """
        # before the pixels, which may change while they are read
        revision = self._volume.revision_of(tile.plane, *tile.bbox)
        pixels = self._volume.read(tile.plane, *tile.bbox)
        digest = digest_pixels(pixels)
        if revision is not None:
            with self._lock:
                self._digests.put(tile, (revision, digest))
        return pixels, digest

    def unchanged(self, tile: Tile) -> bytes | None:
        """Digest of a tile read before, if the image has not changed since; None otherwise."""
        noted = self._digests.peek(tile)
        if noted is None or noted[0] != self._volume.revision_of(tile.plane, *tile.bbox):
            return None
        return noted[1]
