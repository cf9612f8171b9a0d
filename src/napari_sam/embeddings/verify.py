"""Verify: compare all cached tiles to their checksums, after a cache was moved or is in doubt."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from napari_sam.tiles.grid import TileIndex

from .budget import TileUsage, tiles_in
from .folder import chosen_root, groups, is_ours
from .layout import open_group, read_tile, spec_of
from .spec import DIGEST, FORMAT_VERSION, CacheSpec


@dataclass(frozen=True, slots=True)
class VerifyStep:
    """Result for a tile, yielded by :func:`verify_cache`.

    Parameters
    ----------
    image, model : str
        Fields of :class:`CacheSpec` of the tile's group; "unknown" if its metadata is damaged.
    index : tuple of int
        ``(*plane, row, col)``.
    good : bool
        Whether the tile fits its checksums; if not, it was deleted, and will be computed again.
    """

    image: str
    model: str
    index: TileIndex
    good: bool


def verify_cache(root: Path | str | None = None) -> Iterator[VerifyStep]:
    """Read all tiles and compare the arrays to the checksums; damaged tiles are deleted.

    A click does the same with each tile that it needs: a damaged tile is never used. A tile that
    another process is writing may be taken for damaged, and is then computed again.

    Parameters
    ----------
    root : Path or str, optional
        Cache folder; the user's own by default.

    Yields
    ------
    VerifyStep
        Each tile. Groups of another version of the format are skipped: they are never read, and
        in time evicted by the byte budget.

    Raises
    ------
    CacheError
        If the folder belongs to another program.
    """
    root = chosen_root(root)
    if not root.is_dir() or not is_ours(root):
        return
    for group in groups(root):
        spec = spec_of(group)
        if spec is None or spec.version == FORMAT_VERSION:
            yield from _verify_group(group, spec)


def _verify_group(group: Path, spec: CacheSpec | None) -> Iterator[VerifyStep]:
    arrays = None if spec is None else open_group(group, spec)
    image, model = ("unknown", "unknown") if spec is None else (spec.image, spec.model)
    for tile in tiles_in(group):
        good = arrays is not None and tile.is_whole and _is_good(arrays, tile)
        if not good:
            _delete(tile)
        yield VerifyStep(image, model, tile.index, good)


def _is_good(arrays: dict[str, Any], tile: TileUsage) -> bool:
    # Each codec raises its own errors on damage.
    try:
        record = np.asarray(arrays[DIGEST][tile.index], np.uint8)
        return read_tile(arrays, tile.index, record)[1]
    except Exception:
        return False


def _delete(tile: TileUsage) -> None:
    with suppress(OSError):
        for path in tile.files:  # the digest first: half a tile must not look whole
            path.unlink(missing_ok=True)
