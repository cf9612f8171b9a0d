"""EmbeddingCache: embeddings on disk, checked against pixels and checksums at every read."""

import os
import threading
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from napari_sam.errors import CacheError
from napari_sam.tiles.grid import TileIndex

from .budget import byte_budget, evict
from .digest import DIGEST_BYTES, make_record
from .folder import chosen_root, claim_root, unwritable
from .inventory import CacheEntry, cache_entry
from .layout import (
    Arrays,
    chunk_path,
    chunks_of,
    create_group,
    open_group,
    read_tile,
    remove_group,
)
from .quantised import Quantised, quantise
from .spec import DIGEST, SCALES, CacheSpec

StoredArrays = dict[str, Quantised]


def as_stored(values: npt.NDArray[Any] | Quantised) -> Quantised:
    """Round features to the precision of the cache; rounded features stay as they are.

    An encoder with a cache rounds fresh embeddings too, so that a mask does not depend on whether
    its embedding was cached.

    Parameters
    ----------
    values : ndarray or Quantised
        ``(channels, ...)`` float.
    """
    return values if isinstance(values, Quantised) else quantise(values)


class EmbeddingCache:
    """Embeddings of an image under a model and an intensity mapping, on disk.

    Several processes may read and fill one cache. A tile is replaced, never changed: its digest is
    deleted, its data written, then its digest, which is tied to the data. A process that is killed
    loses the tile under way.

    Parameters
    ----------
    root : Path, str or None
        Cache folder; None for the user's own, see
        :func:`~napari_sam.embeddings.folder.default_root`.
    spec : CacheSpec
        Image, model and intensity mapping of the embeddings, and the shapes of their arrays.
    budget : int or str, optional
        Bytes that the whole cache folder may take, see :func:`byte_budget`.

    Raises
    ------
    CacheError
        If the folder belongs to another program or cannot be written, or the budget is not a size.

    Notes
    -----
    Tiles are addressed by ``index``, ``(*plane, row, col)``. Nothing but the marker of the cache
    folder is written before the first :meth:`put`.
    """

    def __init__(
        self, root: Path | str | None, spec: CacheSpec, budget: int | str | None = None
    ) -> None:
        self.root = chosen_root(root)
        self.spec = spec
        self.path = self.root / spec.group_name
        self.budget = byte_budget(budget)
        self.writable = True
        claim_root(self.root)
        self._arrays: Arrays | None = None
        self._written = 0
        self._allowance = 0
        self._lock = threading.Lock()

    def get(self, index: TileIndex, digest: bytes) -> StoredArrays | None:
        """Read the embedding of one tile.

        Parameters
        ----------
        index : tuple of int
            ``(*plane, row, col)``.
        digest : bytes
            :func:`digest_pixels` of the tile as it is now.

        Returns
        -------
        dict of str to Quantised, or None
            Features with the names and shapes of :attr:`CacheSpec.arrays`. None if the tile was not
            computed, was computed from other pixels, or is damaged in any way.

        Raises
        ------
        IndexError
            If there is no such tile in the grid.
        """
        index = self._checked(index)
        arrays = self._opened()
        if arrays is None or not self._chunk(DIGEST, index).is_file():
            return None
        stored: StoredArrays = {}
        # Each codec raises its own errors on damage; none of them may stop the user.
        try:
            record = np.asarray(arrays[DIGEST][index], np.uint8)
            if record[:DIGEST_BYTES].tobytes() != digest:
                return None
            stored, intact = read_tile(arrays, index, record)
        except Exception:
            intact = False
        with suppress(OSError):
            if intact:
                self._touch(index)
            else:
                self._chunk(DIGEST, index).unlink(missing_ok=True)
        return stored if intact else None

    def holds(self, index: TileIndex, digest: bytes) -> bool:
        """Whether a tile was computed from the same pixels; its arrays are not read.

        Parameters
        ----------
        index : tuple of int
            ``(*plane, row, col)``.
        digest : bytes
            :func:`digest_pixels` of the tile as it is now.

        Returns
        -------
        bool
            If True, the tile also counts as used. Only :meth:`get` notices damage to the arrays.
        """
        arrays = self._opened()
        if arrays is None or not self._chunk(DIGEST, index).is_file():
            return False
        try:  # each codec raises its own errors on damage
            record = np.asarray(arrays[DIGEST][index], np.uint8)
        except Exception:
            return False
        same = record[:DIGEST_BYTES].tobytes() == digest
        if same:
            with suppress(OSError):
                self._touch(index)
        return same

    @property
    def room(self) -> int:
        """Number of tiles within the budget: beyond, new tiles evict the first."""
        return self.budget * 15 // 16 // self.spec.tile_bytes

    def put(
        self,
        index: TileIndex,
        digest: bytes,
        arrays: Mapping[str, npt.NDArray[Any]] | Mapping[str, Quantised],
    ) -> bool:
        """Store the embedding of one tile, then keep to the byte budget.

        Parameters
        ----------
        index : tuple of int
            ``(*plane, row, col)``.
        digest : bytes
            :func:`digest_pixels` of the tile that the embedding was computed from.
        arrays : mapping of str to ndarray or Quantised
            Features with the names and shapes of :attr:`CacheSpec.arrays`; rounded by
            :func:`as_stored`.

        Returns
        -------
        bool
            Whether the tile is stored: False if a value is NaN or infinite, and always after a
            :exc:`CacheError`.

        Raises
        ------
        CacheError
            If the folder cannot be written or the disk is full: raised once, afterwards this object
            only reads. The caller warns the user and carries on.
        IndexError
            If there is no such tile in the grid.
        ValueError
            If the arrays are not those of the spec.
        """
        index = self._checked(index)
        if {name: values.shape for name, values in arrays.items()} != dict(self.spec.arrays):
            raise ValueError("these arrays are not those that the cache was made for")
        if not self.writable:
            return False
        stored = {name: as_stored(arrays[name]) for name in self.spec.arrays}
        if not all(values.is_finite for values in stored.values()):
            return False
        chunks = chunks_of(stored)
        record = make_record(digest, chunks)
        try:
            self._write(index, record, chunks)
            self._keep_budget(index)
        except OSError as error:
            self.writable = False
            self._discard(index)
            raise CacheError(unwritable(self.root, error)) from error
        return True

    def missing(self, indices: Iterable[TileIndex]) -> list[TileIndex]:
        """Tiles that were not computed yet, in the given order.

        Only :meth:`get` and :meth:`holds` notice that pixels have changed.

        Parameters
        ----------
        indices : iterable of tuple of int
            ``(*plane, row, col)`` each.

        Returns
        -------
        list of tuple of int
            Indices of the tiles without a digest.
        """
        return [index for index in indices if not self._chunk(DIGEST, index).is_file()]

    @property
    def exists(self) -> bool:
        """Whether embeddings were written to the group of this image, model and precision."""
        return (self.path / "zarr.json").is_file()

    def info(self) -> CacheEntry:
        """Tiles, bytes and last use of the embeddings of the image under the model."""
        return cache_entry(self.path)

    def _checked(self, index: TileIndex) -> TileIndex:
        grid = self.spec.grid_shape
        if len(index) != len(grid) or any(not 0 <= i < n for i, n in zip(index, grid, strict=True)):
            raise IndexError(f"no tile {index} in a grid of {grid}")
        return tuple(int(i) for i in index)

    def _opened(self) -> Arrays | None:
        # Another process may have cleared the cache since the last call.
        if not self.exists:
            self._arrays = None
        elif self._arrays is None:
            self._arrays = open_group(self.path, self.spec)
        return self._arrays

    def _write(
        self,
        index: TileIndex,
        record: npt.NDArray[np.uint8],
        chunks: Mapping[str, npt.NDArray[Any]],
        retry: bool = True,
    ) -> None:
        try:
            arrays = self._opened()
            if arrays is None:
                create_group(self.path, self.spec)
                arrays = self._opened()
            if arrays is None:
                raise OSError("its files do not come back as they were written")
            self._chunk(DIGEST, index).unlink(missing_ok=True)
            for name, values in chunks.items():
                arrays[name][index] = values
            arrays[DIGEST][index] = record
            self._touch(index)
        except FileNotFoundError:
            # Another process cleared the cache between two of these lines: try once more.
            if not retry:
                raise
            self._write(index, record, chunks, retry=False)
        except OSError:
            raise
        except Exception as error:  # each codec raises its own errors on damaged metadata
            if not retry:
                raise OSError(f"its files cannot be written: {error}") from error
            self._arrays = None
            remove_group(self.path)
            self._write(index, record, chunks, retry=False)

    def _keep_budget(self, index: TileIndex) -> None:
        with self._lock:
            self._written += self.spec.tile_bytes
            if self._written < self._allowance:
                return
            free = self.budget - evict(self.root, self.budget, keep=(self.path.name, index))
            # List the folder again after 1/32 of the budget at most: other processes write too.
            step = max(self.budget // 32, 1)
            self._allowance = min(free, step) if free > 0 else step
            self._written = 0

    def _discard(self, index: TileIndex) -> None:
        with suppress(OSError):
            for name in (DIGEST, SCALES, *self.spec.arrays):
                self._chunk(name, index).unlink(missing_ok=True)

    def _touch(self, index: TileIndex) -> None:
        now = time.time_ns()
        os.utime(self._chunk(DIGEST, index), ns=(now, now))

    def _chunk(self, name: str, index: TileIndex) -> Path:
        return chunk_path(self.path, name, index, self.spec)
