"""The cache folder: where it is, and whether it is ours."""

import os
import re
from pathlib import Path

from platformdirs import user_cache_dir

from napari_sam.errors import CacheError

MARKER = "napari-sam-cache.txt"
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
    """The cache folder that is meant; None is the user's own."""
    return default_root() if root is None else Path(root).expanduser()


def claim_root(root: Path) -> None:
    """Make a folder ours, or see that it already is.

    Parameters
    ----------
    root : Path
        Created with its parents if missing.

    Raises
    ------
    CacheError
        If the folder holds something else, which is then left untouched, or cannot be written.
    """
    try:
        root.mkdir(parents=True, exist_ok=True)
        if not is_ours(root):
            # The marker first: whoever sees any file of ours sees it too.
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
        If the folder holds something else.
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
    """Folders in the cache folder that have names as :attr:`CacheSpec.group_name` gives them."""
    return sorted(path for path in root.iterdir() if _GROUP.fullmatch(path.name))


def unwritable(root: Path, error: OSError) -> str:
    """One line for a cache folder that cannot be written."""
    reason = error.strerror or type(error).__name__
    return (
        f"the embedding cache {root} cannot be written ({reason}): free space there, or choose "
        "another folder (NAPARI_SAM_CACHE_DIR); until then embeddings are not kept"
    )
