"""Checksums of weights files, cached in stamps.

Hashing the largest model takes seconds, so the hash is written to a stamp, a JSON file, together
with the size and modification time of the file. The stamp is valid while both are unchanged.
"""

import json
import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from napari_sam.document import parse_document
from napari_sam.errors import ModelError

FOLDER = ".checked"
"""Folder of the stamps in the folder of the weights."""


@dataclass(frozen=True, slots=True)
class _Stamp:
    """Size in bytes and modification time of a file when it had the hash."""

    size: int
    mtime_ns: int
    hash: str


def file_hash(path: Path, algorithm: str) -> str:
    """Hash the content of a file.

    Parameters
    ----------
    path : Path
        The file.
    algorithm : {"sha256", "xxh128"}
        Hash function.

    Returns
    -------
    str
        ``sha256:...`` or ``xxh128:...``.

    Raises
    ------
    OSError
        If the file cannot be read.
    """
    import pooch

    return f"{algorithm}:{pooch.file_hash(str(path), algorithm)}"


def is_published(path: Path, published: str, root: Path, *, fresh: bool = False) -> bool:
    """Compare the hash of a file with the published hash.

    Parameters
    ----------
    path : Path
        An existing file, in `root` or elsewhere.
    published : str
        ``sha256:...`` or ``xxh128:...``.
    root : Path
        Folder of the weights, which holds the stamps.
    fresh : bool
        Hash the file even if a stamp is valid.

    Returns
    -------
    bool

    Raises
    ------
    OSError
        If the file cannot be read.
    """
    algorithm = published.partition(":")[0]
    digest = None if fresh else _stamped(path, root)
    if digest is None or not digest.startswith(f"{algorithm}:"):
        before = _state(path)
        digest = file_hash(path, algorithm)
        if _state(path) == before:  # otherwise the file was written to while it was hashed
            stamp(path, digest, root)
    return digest == published


def stamp(path: Path, digest: str, root: Path) -> None:
    """Write a stamp with hash, size and modification time of a file.

    Without permission to write in the folder of the weights, no stamp is written.

    Parameters
    ----------
    path : Path
        The file.
    digest : str
        Hash of the file, ``sha256:...`` or ``xxh128:...``.
    root : Path
        Folder of the weights.
    """
    place = _place(path, root)
    partial = place.with_name(f".{place.name}.{os.getpid()}")
    with suppress(OSError):
        place.parent.mkdir(parents=True, exist_ok=True)
        partial.write_text(json.dumps({**_state(path), "hash": digest}), encoding="utf-8")
        os.replace(partial, place)


def _stamped(path: Path, root: Path) -> str | None:
    """Hash in the stamp of a file; None if the stamp is missing, outdated or damaged."""
    place = _place(path, root)
    try:
        record = parse_document(_Stamp, place.read_bytes(), str(place), ModelError)
    except (OSError, ModelError):
        return None
    same = _state(path) == {"size": record.size, "mtime_ns": record.mtime_ns}
    return record.hash if same else None


def _state(path: Path) -> dict[str, int]:
    state = path.stat()
    return {"size": state.st_size, "mtime_ns": state.st_mtime_ns}


def _place(path: Path, root: Path) -> Path:
    # The name of the parent folder is included since micro-sam names its files like models. The
    # path to it is not, so that a folder of weights can be moved and mounted elsewhere.
    return root / FOLDER / f"{path.parent.name}.{path.name}.json"
