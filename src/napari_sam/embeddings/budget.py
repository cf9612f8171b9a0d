"""Byte budget: size and last use of the tiles on disk, and eviction of the least recently used."""

import os
import re
import shutil
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from napari_sam.errors import CacheError
from napari_sam.tiles.grid import TileIndex

from .folder import groups
from .layout import PARTIAL, spec_of
from .spec import DIGEST

DEFAULT_BUDGET = 20 * 10**9
"""Bytes of embeddings on disk beyond which tiles are evicted, unless the user says otherwise."""

_UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12}
_ABANDONED_SECONDS = 3600
"""Age of a partial file beyond which its process counts as killed and the file is deleted."""


@dataclass(frozen=True, slots=True)
class TileUsage:
    """Files of one tile in the cache, made by :func:`tiles_in`.

    Parameters
    ----------
    group : str
        Name of the group's folder.
    index : tuple of int
        ``(*plane, row, col)``.
    files : tuple of Path
        Chunks of the tile, one for each array; the digest, if there is one, comes first.
    bytes : int
        Total size of the files.
    last_used : float
        Newest modification time of the files, seconds since the epoch.
    """

    group: str
    index: TileIndex
    files: tuple[Path, ...]
    bytes: int
    last_used: float

    @property
    def is_whole(self) -> bool:
        """Whether the tile is complete: the digest, written last, is there."""
        return self.files[0].parent.name == DIGEST


def byte_budget(budget: int | str | None = None) -> int:
    """Bytes that the cache may take.

    Parameters
    ----------
    budget : int or str, optional
        Bytes, or a size such as ``"20 GB"``; by default ``NAPARI_SAM_CACHE_BUDGET``, or 20 GB.

    Returns
    -------
    int
        At least 1.

    Raises
    ------
    CacheError
        If `budget` is not a size.
    """
    if budget is None:
        budget = os.environ.get("NAPARI_SAM_CACHE_BUDGET", "").strip() or DEFAULT_BUDGET
    number = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([kmgt]?)i?b?\s*", str(budget).lower())
    value = int(float(number[1]) * _UNITS[number[2]]) if number else 0
    if value < 1:
        raise CacheError(
            f"{budget!r} is not a cache budget: use a size such as 20GB (NAPARI_SAM_CACHE_BUDGET)"
        )
    return value


def tiles_in(group: Path) -> Iterator[TileUsage]:
    """Tiles of a group with files on disk, in no particular order.

    Parameters
    ----------
    group : Path
        Folder of the group. If its metadata cannot be read, every file counts as a tile.

    Yields
    ------
    TileUsage
        Whole tiles, and the remains of interrupted ones.
    """
    spec = spec_of(group)
    rank = None if spec is None else len(spec.grid_shape)
    files_by_tile: dict[TileIndex, list[tuple[Path, os.stat_result]]] = defaultdict(list)
    for path, stat in _chunks(group):
        index = tuple(int(part) for part in path.name.split(".")[1:])
        files_by_tile[index[:rank]].append((path, stat))
    for index, files in files_by_tile.items():
        files.sort(key=lambda file: file[0].parent.name != DIGEST)
        yield TileUsage(
            group.name,
            index,
            tuple(path for path, _ in files),
            sum(stat.st_size for _, stat in files),
            max(stat.st_mtime for _, stat in files),
        )


def evict(root: Path, budget: int, keep: tuple[str, TileIndex] | None = None) -> int:
    """Delete the least recently used tiles of all groups until the budget is met.

    If the tiles exceed the budget, they are cut to 15/16 of it, so that a full cache is not
    listed again at every tile.

    Parameters
    ----------
    root : Path
        Cache folder.
    budget : int
        Bytes.
    keep : (str, tuple of int), optional
        Group name and index of a tile that must stay: the tile that was just written.

    Returns
    -------
    int
        Bytes that the tiles take now.
    """
    _sweep(root)
    tiles = [tile for group in groups(root) for tile in tiles_in(group)]
    total = sum(tile.bytes for tile in tiles)
    if total <= budget:
        return total
    for tile in sorted(tiles, key=lambda tile: tile.last_used):
        if total <= budget - budget // 16:
            break
        if (tile.group, tile.index) != keep and _delete(tile):
            total -= tile.bytes
    return total


def _delete(tile: TileUsage) -> bool:
    # Digest first: a tile that is half deleted must not look whole. A file that another process
    # used or replaced since it was listed, or holds open on Windows, is left alone.
    try:
        if max(path.stat().st_mtime for path in tile.files) > tile.last_used:
            return False
        for path in tile.files:
            path.unlink(missing_ok=True)
    except OSError:
        return False
    return True


def _chunks(group: Path) -> Iterator[tuple[Path, os.stat_result]]:
    for folder in _scan(group):
        if folder.is_dir(follow_symlinks=False):
            for file in _scan(folder.path):
                if re.fullmatch(r"c(\.\d+)+", file.name):
                    with suppress(FileNotFoundError):
                        yield Path(file.path), file.stat()


def _scan(folder: Path | str) -> list["os.DirEntry[str]"]:
    # Another process may have removed the folder since its name was read.
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except (FileNotFoundError, NotADirectoryError):
        return []


def _sweep(root: Path) -> None:
    """Delete partial files and folders that killed processes did not finish."""
    partials = [entry for entry in _scan(root) if entry.name.endswith(PARTIAL)]
    for group in groups(root):
        for folder in _scan(group):
            partials += [file for file in _scan(folder.path) if file.name.endswith(PARTIAL)]
    for entry in partials:
        with suppress(OSError):
            if entry.stat().st_mtime > time.time() - _ABANDONED_SECONDS:
                continue
            if entry.is_dir(follow_symlinks=False):
                shutil.rmtree(entry.path)
            else:
                os.unlink(entry.path)
