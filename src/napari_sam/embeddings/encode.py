"""Encoder: tiles to embeddings, through memory and disk."""

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from threading import Lock

import numpy as np
import torch
from numpy.typing import NDArray

from napari_sam.errors import CacheError
from napari_sam.image.intensity import IntensityMapping
from napari_sam.image.volume import Volume
from napari_sam.model.sam import Sam
from napari_sam.tiles.grid import Tile, TileGrid, TileIndex

from .cache import EmbeddingCache, StoredArrays, as_stored
from .embedding import Embedding
from .least_recently_used import LeastRecentlyUsed
from .tile_reader import TilePixels, TileReader

_TILES_IN_MEMORY = 6
"""Embeddings of whole tiles that an encoder keeps in memory; some megabytes each."""

_CLOSE_UPS_IN_MEMORY = 16
"""Embeddings of zoomed parts that an encoder keeps in memory; about 3 MB each with what the decoder
prepares for them. Corrections of an object and hovers near it use one or two."""

_AHEAD = ThreadPoolExecutor(1, "napari-sam-ahead")  # one thread: torch uses all cores by itself


class Encoder:
    """Embeddings of an image under a model and an intensity mapping.

    A tile is encoded on first use, once. Its pixels are compared each time, unless the image says
    that it did not change (:meth:`Volume.revision_of`): an edited image never gets an old answer.

    Parameters
    ----------
    model : Sam
        Encodes the tiles, on its own device.
    volume : Volume
        The image; only the pixels of requested tiles are read.
    mapping : IntensityMapping
        Contrast of the whole image: with limits of their own, neighbouring tiles would differ
        where they meet.
    grid : TileGrid
        The tiles.
    cache : EmbeddingCache or None
        Keeps embeddings on disk from run to run.
    closer : bool
        Whether small and large objects get a second, zoomed look; only with a model that can.

    Attributes
    ----------
    precision : Precision
        Precision of the image encoder: that of the cache, or else the one that the model prefers.
    calls : int
        Number of runs of the image encoder.
    warnings : list of str
        Troubles that do not stop the work, such as a full disk under the cache.
    changes : int
        Times that another image encoder was put into its place: what was computed from embeddings
        before is of another model.
    write_later : bool
        Whether new embeddings are written to the cache by :meth:`write` only: whoever waits for an
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
        self.precision = model.precisions[0] if cache is None else cache.spec.precision
        self.calls = self.changes = 0
        self.warnings: list[str] = []
        self.write_later = False
        self._reader = TileReader(volume)
        self._unwritten: list[tuple[TileIndex, bytes, StoredArrays]] = []
        self._lock = Lock()
        self._recent = LeastRecentlyUsed[TileIndex, tuple[bytes, Embedding]](_TILES_IN_MEMORY)
        self._close_ups = LeastRecentlyUsed[tuple[Tile, bytes], Embedding](_CLOSE_UPS_IN_MEMORY)
        self._close_ups_lock = Lock()  # a second lock: _lock is held while a whole tile is encoded

    @property
    def at_hand(self) -> Volume | None:
        """The image, whose pixels may be read for an answer."""
        return self.volume

    def read(self, tile: Tile) -> TilePixels:
        """The pixels of a tile as they are now, and their digest; see :meth:`TileReader.read`."""
        return self._reader.read(tile)

    def get(
        self, tile: Tile, tile_pixels: TilePixels | None = None, keep: bool = True
    ) -> Embedding:
        """The embedding of a tile: from memory, from the cache, or computed.

        Parameters
        ----------
        tile : Tile
            A tile of the grid.
        tile_pixels : tuple, optional
            From :meth:`read`, if the caller has just read the tile; read here by default.
        keep : bool
            Whether to keep the embedding in memory even if another one is evicted. Without a
            writable cache it is always kept.

        Returns
        -------
        Embedding
            With a cache, rounded to its precision, so that an answer does not depend on where the
            embedding came from.

        Raises
        ------
        ImageError
            If the pixels of the tile cannot be read.
        """
        if tile_pixels is None and (digest := self._reader.unchanged(tile)) is not None:
            with self._lock:
                if (embedding := self._in_memory(tile, digest)) is not None:
                    self._recent.touch(tile.index)
                    return embedding
        pixels, digest = self.read(tile) if tile_pixels is None else tile_pixels
        with self._lock:  # a tile that is being fetched ahead is waited for, not computed twice
            embedding = self._in_memory(tile, digest)
            if embedding is not None:
                self._recent.touch(tile.index)
                return embedding
            if self.cache is None:
                embedding = self._compute(tile, pixels)
            else:
                embedding = self._from_cache_or_computed(self.cache, tile, pixels, digest)
            if keep or not self.keeps or not self._recent.is_full:
                self._recent.put(tile.index, (digest, embedding))
            return embedding

    def close_up(self, tile: Tile) -> Embedding:
        """The embedding of a small zoomed part of a tile, kept in memory for the next click.

        Parameters
        ----------
        tile : Tile
            A window with a zoom, not a tile of the grid.

        Raises
        ------
        ImageError
            If its pixels cannot be read.
        """
        digest = self._reader.unchanged(tile)
        with self._close_ups_lock:
            embedding = None if digest is None else self._close_ups.peek((tile, digest))
            if digest is None or embedding is None:
                pixels, digest = self.read(tile)
                embedding = self._close_ups.peek((tile, digest)) or self._compute(tile, pixels)
            self._close_ups.put((tile, digest), embedding)
            return embedding

    def enlarge(self, tile: Tile, pixels: NDArray[np.generic] | None = None) -> Embedding:
        """The embedding of a zoomed part of a tile, computed for one use and not kept.

        Parameters
        ----------
        tile : Tile
            A window with a zoom.
        pixels : ndarray, optional
            ``(height, width, channels)`` in the image's dtype, such as those of a plane along
            another axis; read from the image by default.

        Raises
        ------
        ImageError
            If its pixels cannot be read.
        """
        return self._compute(tile, self.read(tile)[0] if pixels is None else pixels)

    def recent(self, tile: Tile) -> Embedding | None:
        """The embedding of a tile in memory, even if the image was edited since; None if absent."""
        entry = self._recent.peek(tile.index)
        return None if entry is None else entry[1]

    def has(self, tile: Tile, tile_pixels: TilePixels) -> bool:
        """Whether memory or the cache holds the embedding of a tile, from the same pixels.

        Parameters
        ----------
        tile : Tile
            A tile of the grid.
        tile_pixels : tuple
            From :meth:`read`.
        """
        _, digest = tile_pixels
        if self._in_memory(tile, digest) is not None:
            return True
        return self.cache is not None and self.cache.holds(tile.index, digest)

    @property
    def keeps(self) -> bool:
        """Whether all new embeddings stay, in a writable cache; memory has room for a few tiles."""
        return self.cache is not None and self.cache.writable

    @property
    def room(self) -> int:
        """Number of tiles to encode in advance: beyond, new tiles evict the first."""
        if self.cache is not None and self.cache.writable:
            return self.cache.room
        return _TILES_IN_MEMORY - 2  # minus the tile in use and the tile of the next click

    def in_memory(self) -> tuple[Tile, ...]:
        """The tiles whose embeddings are in memory."""
        with self._lock:
            return tuple(embedding.tile for _, embedding in self._recent.values())

    def use(self, model: Sam) -> None:
        """Decode with another model that has the same image encoder; embeddings stay valid."""
        with self._lock:
            self.model = model

    def forget(self) -> None:
        """Drop all embeddings in memory and the cache, which are those of another encoder."""
        with self._lock, self._close_ups_lock:
            self.cache, self.changes = None, self.changes + 1
            self._recent = LeastRecentlyUsed(_TILES_IN_MEMORY)
            self._close_ups = LeastRecentlyUsed(_CLOSE_UPS_IN_MEMORY)
            self._unwritten = []

    def fetch_ahead(self, tiles: Iterable[Tile]) -> None:
        """Begin to make embeddings in another thread, before :meth:`get` needs them.

        An error in the other thread is dropped; the :meth:`get` of that tile raises it again.

        Parameters
        ----------
        tiles : iterable of Tile
            Only the first three are taken, half of those that memory holds.
        """
        for tile in islice(tiles, _TILES_IN_MEMORY // 2):
            _AHEAD.submit(self.get, tile)

    def encode(self, tiles: Iterable[Tile]) -> Iterator[Tile]:
        """Encode tiles without an embedding; yields each tile as soon as the embedding is ready."""
        for tile in tiles:
            self.get(tile)
            yield tile

    def write(self) -> None:
        """Write embeddings that :attr:`write_later` held back to the cache."""
        with self._lock:
            if self.cache is not None:
                self._write(self.cache)

    def _in_memory(self, tile: Tile, digest: bytes) -> Embedding | None:
        recent = self._recent.peek(tile.index)
        return recent[1] if recent is not None and recent[0] == digest else None

    def _from_cache_or_computed(
        self, cache: EmbeddingCache, tile: Tile, pixels: NDArray[np.generic], digest: bytes
    ) -> Embedding:
        arrays = cache.get(tile.index, digest)
        if arrays is None:
            arrays = {k: as_stored(v) for k, v in self._compute(tile, pixels).to_arrays().items()}
            self._unwritten.append((tile.index, digest, arrays))
            if not self.write_later:
                self._write(cache)
        return Embedding.from_arrays(tile, arrays, self.model.device)

    def _write(self, cache: EmbeddingCache) -> None:
        unwritten, self._unwritten = self._unwritten, []
        for index, digest, arrays in unwritten:
            try:
                cache.put(index, digest, arrays)
            except CacheError as error:  # the user's click matters more than the cache
                self.warnings.append(str(error))

    def _compute(self, tile: Tile, pixels: NDArray[np.generic]) -> Embedding:
        seen = np.ascontiguousarray(pixels[:, ::-1]) if tile.mirrored else pixels
        rgb = torch.from_numpy(self.mapping.apply(seen)).to(self.model.device)
        with torch.inference_mode():
            image = self.model.preprocess(rgb, tile.zoom)
            features = self.model.encode_image(image, precision=self.precision)
        self.calls += 1
        return Embedding(tile, features)
