"""Encoder: tiles to embeddings, through memory and disk."""

from collections import OrderedDict
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from threading import Lock
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from napari_sam.errors import CacheError
from napari_sam.image.intensity import IntensityMapping
from napari_sam.image.volume import Volume
from napari_sam.model.sam import Sam
from napari_sam.tiles.grid import Tile, TileGrid

from .cache import EmbeddingCache, as_stored
from .digest import digest_pixels
from .embedding import Embedding

Seen = tuple[NDArray[np.generic], bytes]
"""Pixels of a tile, and their digest."""

_KEPT_TILES = 6
_KEPT_CLOSE_UPS = 64  # of less than a megabyte each
_AHEAD = ThreadPoolExecutor(1, "napari-sam-ahead")  # one, for the processor is shared anyway


class NotAtHandError(Exception):
    """What was asked for would have to be encoded first."""


class Encoder:
    """Embeddings of one image under one model and intensity mapping.

    A tile is encoded when it is asked for, once. Its pixels are compared each time, so that an
    edited image never gets an old answer.

    Parameters
    ----------
    model : Sam
        Decides the device.
    volume : Volume
        The image; only the tiles asked for are read.
    mapping : IntensityMapping
        One for the whole image: tiles must look alike, or seams show.
    grid : TileGrid
        The tiles.
    cache : EmbeddingCache or None
        Where embeddings stay between runs.
    closer : bool
        Whether to look once more at what is small or large, if the model is one that can.

    Attributes
    ----------
    calls : int
        How often the image encoder ran.
    warnings : list of str
        Troubles that do not stop the work, such as a full disk under the cache.
    write_later : bool
        Whether what is encoded is written to the cache by :meth:`write` only: who waits for an
        answer need not wait for the disk.
    """

    def __init__(
        self,
        model: Sam,
        volume: Volume,
        mapping: IntensityMapping,
        grid: TileGrid,
        cache: EmbeddingCache | None,
        closer: bool = True,
    ) -> None:
        self.model, self.volume, self.mapping, self.grid = model, volume, mapping, grid
        self.closer = closer and model.policy.closer_looks
        self.cache = cache
        self.calls = 0
        self.warnings: list[str] = []
        self.write_later = False
        self._unwritten: list[tuple[tuple[int, ...], bytes, dict[str, NDArray[Any]]]] = []
        self._lock = Lock()
        self._recent: OrderedDict[tuple[int, ...], tuple[bytes, Embedding]] = OrderedDict()
        self._close_ups: OrderedDict[tuple[Tile, bytes], Embedding] = OrderedDict()
        self._close_ups_lock = Lock()  # its own, for a tile on its way takes much longer

    def read(self, tile: Tile) -> Seen:
        """The pixels of a tile as they are now, and their digest.

        Raises
        ------
        ImageError
            If they cannot be read.
        """
        pixels = self.volume.read(tile.plane, *tile.bbox)
        return pixels, digest_pixels(pixels)

    def get(self, tile: Tile, seen: Seen | None = None, keep: bool = True) -> Embedding:
        """The embedding of a tile: from memory, from the cache, or computed.

        Parameters
        ----------
        tile : Tile
            One of the grid's.
        seen : tuple, optional
            From :meth:`read`, for who has just read it; read here by default.
        keep : bool
            Whether it is kept in memory at the cost of one that was used before. One that cannot
            be kept elsewhere always is.

        Returns
        -------
        Embedding
            If there is a cache, rounded to its precision, so that an answer does not depend on
            where it came from.

        Raises
        ------
        ImageError
            If the pixels of the tile cannot be read.
        """
        index = (*tile.plane, tile.row, tile.col)
        pixels, digest = self.read(tile) if seen is None else seen
        with self._lock:  # what is being fetched ahead is waited for, not computed twice
            known = self._recent.get(index)
            if known is not None and known[0] == digest:
                self._recent.move_to_end(index)
                return known[1]
            if self.cache is None:
                embedding = self._compute(tile, pixels)
            else:
                embedding = self._through(self.cache, index, digest, tile, pixels)
            if keep or not self.keeps or len(self._recent) < _KEPT_TILES:
                self._recent[index] = (digest, embedding)
            if len(self._recent) > _KEPT_TILES:
                self._recent.popitem(last=False)
            return embedding

    def close_up(self, tile: Tile) -> Embedding:
        """The embedding of a small zoomed part of a tile, kept in memory for the next click.

        Parameters
        ----------
        tile : Tile
            None of the grid's.

        Raises
        ------
        ImageError
            If its pixels cannot be read.
        """
        pixels, digest = self.read(tile)
        with self._close_ups_lock:
            embedding = self._close_ups.pop((tile, digest), None)
            if embedding is None:
                embedding = self._compute(tile, pixels)
            self._close_ups[tile, digest] = embedding
            if len(self._close_ups) > _KEPT_CLOSE_UPS:
                self._close_ups.popitem(last=False)
            return embedding

    def enlarge(self, tile: Tile) -> Embedding:
        """The embedding of a zoomed part of a tile, which nobody will ask for again."""
        pixels, _ = self.read(tile)
        return self._compute(tile, pixels)

    def recall(self, tile: Tile) -> Embedding:
        """The embedding of a tile that needs no encoding, at once.

        Parameters
        ----------
        tile : Tile
            One of the grid's.

        Returns
        -------
        Embedding
            As :meth:`get` gives it. An image on disk is not read for that: only what is in memory
            counts, and if the image was edited meanwhile, it is an old one.

        Raises
        ------
        NotAtHandError
            If it is not there.
        """
        if isinstance(self.volume.data, np.ndarray):
            seen = self.read(tile)
            if not self.has(tile, seen):
                raise NotAtHandError
            return self.get(tile, seen)
        known = self._recent.get((*tile.plane, tile.row, tile.col))
        if known is None:
            raise NotAtHandError
        return known[1]

    def has(self, tile: Tile, seen: Seen) -> bool:
        """Whether a tile needs no encoding: it is in memory or in the cache, from the same pixels.

        Parameters
        ----------
        tile : Tile
            One of the grid's.
        seen : tuple
            From :meth:`read`.
        """
        index = (*tile.plane, tile.row, tile.col)
        _, digest = seen
        known = self._recent.get(index)
        if known is not None and known[0] == digest:
            return True
        return self.cache is not None and self.cache.holds(index, digest)

    @property
    def keeps(self) -> bool:
        """Whether what is encoded stays; without a cache, memory has room for a few tiles."""
        return self.cache is not None and self.cache.writable

    @property
    def room(self) -> int:
        """How many tiles are worth encoding before they are asked for."""
        if self.cache is not None and self.cache.writable:
            return self.cache.room
        return _KEPT_TILES - 2  # the one in use stays, and the one that is asked for next

    def in_memory(self) -> tuple[Tile, ...]:
        """The tiles whose embeddings are in memory."""
        with self._lock:
            return tuple(embedding.tile for _, embedding in self._recent.values())

    def fetch_ahead(self, tiles: Iterable[Tile]) -> None:
        """Begin to make embeddings that will be asked for, while the caller does something else.

        What goes wrong with one is told when it is asked for.

        Parameters
        ----------
        tiles : iterable of Tile
            No more are taken than are kept in memory.
        """
        for tile in islice(tiles, _KEPT_TILES // 2):
            _AHEAD.submit(self.get, tile)

    def encode(self, tiles: Iterable[Tile]) -> Iterator[Tile]:
        """Make sure that tiles have embeddings; yields each when it has."""
        for tile in tiles:
            self.get(tile)
            yield tile

    def _through(
        self,
        cache: EmbeddingCache,
        index: tuple[int, ...],
        digest: bytes,
        tile: Tile,
        pixels: NDArray[np.generic],
    ) -> Embedding:
        arrays = cache.get(index, digest)
        if arrays is None:
            arrays = {k: as_stored(v) for k, v in self._compute(tile, pixels).to_arrays().items()}
            self._unwritten.append((index, digest, arrays))
            if not self.write_later:
                self._write(cache)
        return Embedding.from_arrays(tile, arrays, self.model.device)

    def write(self) -> None:
        """Write to the cache what waits for it."""
        with self._lock:
            if self.cache is not None:
                self._write(self.cache)

    def _write(self, cache: EmbeddingCache) -> None:
        waiting, self._unwritten = self._unwritten, []
        for index, digest, arrays in waiting:
            try:
                cache.put(index, digest, arrays)
            except CacheError as error:  # the user's click matters more than the cache
                self.warnings.append(str(error))

    def _compute(self, tile: Tile, pixels: NDArray[np.generic]) -> Embedding:
        rgb = torch.from_numpy(self.mapping.apply(pixels)).to(self.model.device)
        with torch.inference_mode():
            features = self.model.encode_image(self.model.preprocess(rgb, tile.zoom))
        self.calls += 1
        return Embedding(tile, features)


class AtHand:
    """The embeddings that an encoder can give at once, and no others.

    Parameters
    ----------
    encoder : Encoder
        Its model and grid are used. It is run for close-ups alone, which take no longer than an
        answer.
    """

    def __init__(self, encoder: Encoder) -> None:
        self.model, self.grid, self.closer = encoder.model, encoder.grid, encoder.closer
        self.get = encoder.recall
        self.close_up = encoder.close_up
