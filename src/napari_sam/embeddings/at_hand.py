"""AtHand: embeddings that need no encoding, for answers while the mouse moves."""

import numpy as np

from napari_sam.tiles.grid import Tile

from .embedding import Embedding
from .encode import Encoder


class NotAtHandError(Exception):
    """The embedding of a tile is not there yet: the tile would have to be encoded first."""


class AtHand:
    """Embeddings that an encoder can give without encoding a tile.

    An :class:`~napari_sam.embeddings.embedding.Embeddings` for answers that must not take long.

    Parameters
    ----------
    encoder : Encoder
        Its model and grid are used. It is run for close-ups alone, which take no longer than an
        answer.
    """

    def __init__(self, encoder: Encoder) -> None:
        self.model, self.grid, self.closer = encoder.model, encoder.grid, encoder.closer
        self.close_up, self.recent = encoder.close_up, encoder.recent
        self.at_hand = encoder.volume if isinstance(encoder.volume.data, np.ndarray) else None
        self._encoder = encoder

    def get(self, tile: Tile) -> Embedding:
        """The embedding of a tile, if memory or the cache holds the embedding already.

        Parameters
        ----------
        tile : Tile
            A tile of the grid.

        Returns
        -------
        Embedding
            As :meth:`Encoder.get` gives it. An image on disk is not read for that: then only memory
            is searched, and if the image was edited meanwhile, the embedding is an old one.

        Raises
        ------
        NotAtHandError
            If the tile would have to be encoded.
        """
        encoder = self._encoder
        if self.at_hand is not None:
            tile_pixels = encoder.read(tile)
            if not encoder.has(tile, tile_pixels):
                raise NotAtHandError
            return encoder.get(tile, tile_pixels)
        embedding = encoder.recent(tile)
        if embedding is None:
            raise NotAtHandError
        return embedding
