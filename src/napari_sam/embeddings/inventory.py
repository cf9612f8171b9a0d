"""Inventory: what is in the cache folder, for people, and how to empty it."""

from dataclasses import dataclass
from math import prod
from pathlib import Path

from .budget import byte_budget, evict, tiles_in
from .folder import chosen_root, groups, is_ours
from .layout import group_attributes, remove_group


@dataclass(frozen=True, slots=True)
class CacheEntry:
    """The embeddings of one image under one model and intensity setting.

    Parameters
    ----------
    name : str
        Name of the folder.
    path : Path
        The folder, a zarr group.
    image, model, intensity : str
        What was encoded; "unknown" if the group's metadata is damaged.
    tiles_done, tiles_total : int
        How many tiles are there, out of how many.
    bytes : int
        On disk.
    last_used : float or None
        Seconds since the epoch; None if there is no tile.
    """

    name: str
    path: Path
    image: str
    model: str
    intensity: str
    tiles_done: int
    tiles_total: int
    bytes: int
    last_used: float | None


def cache_info(root: Path | str | None = None) -> list[CacheEntry]:
    """List what the cache holds, most recently used first.

    Parameters
    ----------
    root : Path or str, optional
        Cache folder; the user's own by default.

    Returns
    -------
    list of CacheEntry
        Empty if there is no such folder.

    Raises
    ------
    CacheError
        If the folder is another program's.
    """
    root = chosen_root(root)
    if not root.is_dir() or not is_ours(root):
        return []
    entries = [cache_entry(group) for group in groups(root)]
    return sorted(entries, key=lambda entry: -(entry.last_used or 0.0))


def cache_entry(group: Path) -> CacheEntry:
    """Describe one group.

    Parameters
    ----------
    group : Path
        Folder of the group; it may be missing or damaged.

    Returns
    -------
    CacheEntry
        With zeros and "unknown" where there is nothing to say.
    """
    attributes = group_attributes(group)
    known = attributes if isinstance(attributes, dict) else {}
    tiles = list(tiles_in(group))
    return CacheEntry(
        name=group.name,
        path=group,
        image=str(known.get("image", "unknown")),
        model=str(known.get("model", "unknown")),
        intensity=str(known.get("intensity", "unknown")),
        tiles_done=sum(tile.is_whole for tile in tiles) if known else 0,
        tiles_total=prod(known["grid_shape"]) if known else 0,
        bytes=sum(tile.bytes for tile in tiles),
        last_used=max((tile.last_used for tile in tiles), default=None),
    )


def clear_cache(
    root: Path | str | None = None, *, image: str | None = None, model: str | None = None
) -> int:
    """Delete embeddings; only folders that are ours are touched.

    Parameters
    ----------
    root : Path or str, optional
        Cache folder; the user's own by default.
    image : str, optional
        Only of this image: its identity, or the name of an entry. All images by default.
    model : str, optional
        Only of this model. All models by default.

    Returns
    -------
    int
        Bytes freed.

    Raises
    ------
    CacheError
        If the folder is another program's.
    OSError
        If an entry cannot be deleted.
    """
    freed = 0
    for entry in cache_info(root):
        if image in (None, entry.image, entry.name) and model in (None, entry.model):
            remove_group(entry.path)
            freed += entry.bytes
    return freed


def prune_cache(root: Path | str | None = None, *, max_size: int | str) -> int:
    """Delete the least recently used tiles until the cache is no larger than asked for.

    Parameters
    ----------
    root : Path or str, optional
        Cache folder; the user's own by default.
    max_size : int or str
        Bytes, or a size such as ``"5 GB"``.

    Returns
    -------
    int
        Bytes freed.

    Raises
    ------
    CacheError
        If the folder is another program's, or `max_size` is not a size.
    """
    budget = byte_budget(max_size)
    before = sum(entry.bytes for entry in cache_info(root))
    if not before:
        return 0
    return before - evict(chosen_root(root), budget)
