"""Inventory: list the embeddings in the cache folder, and delete them."""

from dataclasses import dataclass
from math import prod
from pathlib import Path

from napari_sam.file_names import printable

from .budget import byte_budget, evict, tiles_in
from .folder import chosen_root, groups, is_ours
from .layout import remove_group, spec_of


@dataclass(frozen=True, slots=True)
class CacheEntry:
    """The embeddings of an image under a model and an intensity mapping, listed for people.

    Parameters
    ----------
    name : str
        Name of the folder.
    path : Path
        The folder, a zarr group.
    image, model, intensity : str
        Fields of :class:`CacheSpec`; "unknown" if the group's metadata is damaged.
    tiles_done, tiles_total : int
        Number of tiles with an embedding, and of all tiles of the image.
    bytes : int
        Size on disk.
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
    """List the images and models with cached embeddings, most recently used first.

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
        If the folder belongs to another program.
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
        With zeros and "unknown" for a missing or damaged group.
    """
    spec = spec_of(group)
    tiles = list(tiles_in(group))
    return CacheEntry(
        name=group.name,
        path=group,
        image="unknown" if spec is None else spec.image,
        model="unknown" if spec is None else spec.model,
        intensity="unknown" if spec is None else spec.intensity,
        tiles_done=0 if spec is None else sum(tile.is_whole for tile in tiles),
        tiles_total=0 if spec is None else prod(spec.grid_shape),
        bytes=sum(tile.bytes for tile in tiles),
        last_used=max((tile.last_used for tile in tiles), default=None),
    )


def clear_cache(
    root: Path | str | None = None, *, image: str | None = None, model: str | None = None
) -> int:
    """Delete embeddings; folders without our marker are never touched.

    Parameters
    ----------
    root : Path or str, optional
        Cache folder; the user's own by default.
    image : str, optional
        Identity of an image, or the name of an entry: only its embeddings are deleted. All images
        by default.
    model : str, optional
        Name of a model: only its embeddings are deleted. All models by default.

    Returns
    -------
    int
        Bytes freed.

    Raises
    ------
    CacheError
        If the folder belongs to another program.
    OSError
        If an entry cannot be deleted.
    """
    freed = 0
    image = None if image is None else printable(image)
    for entry in cache_info(root):
        if image in (None, entry.image, entry.name) and model in (None, entry.model):
            remove_group(entry.path)
            freed += entry.bytes
    return freed


def prune_cache(root: Path | str | None = None, *, max_size: int | str) -> int:
    """Delete the least recently used tiles until the cache is no larger than `max_size`.

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
        If the folder belongs to another program, or `max_size` is not a size.
    """
    budget = byte_budget(max_size)
    before = sum(entry.bytes for entry in cache_info(root))
    if not before:
        return 0
    return before - evict(chosen_root(root), budget)
