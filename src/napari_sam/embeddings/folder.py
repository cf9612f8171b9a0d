"""Cache folder: place on disk, and the marker of folders of napari-sam."""

import os
import re
from pathlib import Path

from platformdirs import user_cache_dir

from napari_sam.errors import CacheError

MARKER = "napari-sam-cache.txt"
"""File in each cache folder; without it nothing in the folder is ever deleted."""

_MARKER_TEXT = """\
Image embeddings kept by napari-sam, so that no tile is encoded twice.
One zarr group per image, model and intensity setting; it is safe to delete any of them.
"""
_TAG_TEXT = """\
Signature: 8a477f597d28d172789f06886806bc55
# Backup programs skip folders with this file, see https://bford.info/cachedir/
"""
_GROUP = re.compile(r"[a-z0-9-]+-[0-9a-f]{16}\.zarr")


def default_root() -> Path:
    """Cache folder of this user: ``NAPARI_SAM_CACHE_DIR``, or the platform's cache folder."""
    chosen = os.environ.get("NAPARI_SAM_CACHE_DIR", "").strip()
    if chosen:
        return Path(chosen).expanduser()
    return Path(user_cache_dir("napari-sam")) / "embeddings"


def chosen_root(root: Path | str | None) -> Path:
    """The given cache folder with ``~`` expanded, or the default folder of this user for None."""
    return default_root() if root is None else Path(root).expanduser()


def claim_root(root: Path) -> None:
    """Mark a folder as a cache folder; a marked folder stays as it is.

    Parameters
    ----------
    root : Path
        Created with its parents if missing.

    Raises
    ------
    CacheError
        If the folder holds files of another program, which stay untouched, or cannot be written.
    """
    try:
        root.mkdir(parents=True, exist_ok=True)
        if not is_ours(root):
            # The marker first: a process that sees any file of ours sees the marker too.
            (root / MARKER).write_text(_MARKER_TEXT, encoding="utf-8")
            (root / "CACHEDIR.TAG").write_text(_TAG_TEXT, encoding="utf-8")
    except OSError as error:
        raise CacheError(unwritable(root, error)) from error


def is_ours(root: Path) -> bool:
    """Whether an existing folder carries our marker.

    Parameters
    ----------
    root : Path
        An existing folder.

    Returns
    -------
    bool
        False for an empty folder.

    Raises
    ------
    CacheError
        If the folder holds files of another program.
    """
    # Listed before the marker is looked for, since another process may be claiming the folder.
    names = os.listdir(root)
    if (root / MARKER).is_file():
        return True
    if names:
        raise CacheError(
            f"{root} holds files of another program: choose an empty or new folder for the "
            "embedding cache (NAPARI_SAM_CACHE_DIR)"
        )
    return False


def groups(root: Path) -> list[Path]:
    """Folders in the cache folder whose names look like :attr:`CacheSpec.group_name`, sorted."""
    return sorted(path for path in root.iterdir() if _GROUP.fullmatch(path.name))


def unwritable(root: Path, error: OSError) -> str:
    """Message of a single line for a user: the cache folder cannot be written, and the reason."""
    reason = error.strerror or type(error).__name__
    return (
        f"the embedding cache {root} cannot be written ({reason}): free space there, or choose "
        "another folder (NAPARI_SAM_CACHE_DIR); until then embeddings are not kept"
    )
