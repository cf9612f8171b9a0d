"""Checksum: whether a file is the published one, computed once for every content of it.

Hashing the largest model takes seconds, so the result is kept in a stamp together with the file's
size and time of modification, and used while these two stay as they are.
"""

import json
import os
from contextlib import suppress
from pathlib import Path

FOLDER = ".checked"
"""Folder of the stamps in the folder of the weights."""


def file_hash(path: Path, algorithm: str) -> str:
    """Hash a file from its first to its last byte.

    Parameters
    ----------
    path : Path
        The file.
    algorithm : {"sha256", "xxh128"}
        What to compute.

    Returns
    -------
    str
        ``sha256:...`` or ``xxh128:...``.

    Raises
    ------
    OSError
        If it cannot be read.
    """
    import pooch

    return f"{algorithm}:{pooch.file_hash(str(path), algorithm)}"


def is_published(path: Path, published: str, root: Path, *, fresh: bool = False) -> bool:
    """Whether a file has the hash that its authors published.

    Parameters
    ----------
    path : Path
        An existing file, in `root` or elsewhere.
    published : str
        ``sha256:...`` or ``xxh128:...``.
    root : Path
        Folder of the weights, where the stamps are.
    fresh : bool
        Hash it whatever the stamp says.

    Returns
    -------
    bool

    Raises
    ------
    OSError
        If it cannot be read.
    """
    algorithm = published.partition(":")[0]
    known = None if fresh else _stamped(path, root)
    if known is None or not known.startswith(f"{algorithm}:"):
        before = _state(path)
        known = file_hash(path, algorithm)
        if _state(path) == before:  # otherwise somebody wrote to it meanwhile
            stamp(path, known, root)
    return known == published


def stamp(path: Path, known: str, root: Path) -> None:
    """Remember the hash of a file as it is now.

    Where the folder of the weights cannot be written nothing is remembered.

    Parameters
    ----------
    path : Path
        The file.
    known : str
        Its hash.
    root : Path
        Folder of the weights.
    """
    place = _place(path, root)
    partial = place.with_name(f".{place.name}.{os.getpid()}")
    with suppress(OSError):
        place.parent.mkdir(parents=True, exist_ok=True)
        partial.write_text(json.dumps({**_state(path), "hash": known}), encoding="utf-8")
        os.replace(partial, place)


def _stamped(path: Path, root: Path) -> str | None:
    try:
        content = json.loads(_place(path, root).read_text(encoding="utf-8"))
        known = content.pop("hash")
        return str(known) if content == _state(path) else None
    except (OSError, ValueError, AttributeError, KeyError, TypeError):
        return None


def _state(path: Path) -> dict[str, int]:
    state = path.stat()
    return {"size": state.st_size, "mtime_ns": state.st_mtime_ns}


def _place(path: Path, root: Path) -> Path:
    # With the name of its folder, since micro-sam's files are called like models; without the path
    # to it, so that a folder of weights can be moved and mounted elsewhere.
    return root / FOLDER / f"{path.parent.name}.{path.name}.json"
