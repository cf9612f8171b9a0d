"""Atomic: replace a file or folder in a single step, never half-written."""

import errno
import os
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from napari_sam.errors import OutputError
from napari_sam.file_names import shortened

_LONGEST_NAME = 60  # bytes of a path's name in the name of a temporary file
_PARTIAL, _OLD = ".partial", ".old"
_ABANDONED_SECONDS = 24 * 3600  # age of partial files beside a target, above which they are removed
_ADVICE = {
    errno.ENOSPC: "free space there, or choose another folder",
    errno.EDQUOT: "free space there, or choose another folder",
    errno.EFBIG: "the disk takes no file this large, choose another folder or .ome.zarr",
    errno.EACCES: "choose a folder that you may write to",
    errno.EPERM: "choose a folder that you may write to",
    errno.EROFS: "choose a folder that you may write to",
    errno.ENAMETOOLONG: "choose a shorter name",
}


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a path to write to, renamed to `path` when the block ends without an error.

    Old content of `path` stays untouched until then. A folder is exchanged in two renames: if the
    process is killed between them, the new and the old content are both beside `path`, under names
    that start with a dot.

    Parameters
    ----------
    path : Path
        The final name. Old content is replaced: a file by a file, a folder by a folder.

    Yields
    ------
    Path
        A name in the same folder that is free.

    Raises
    ------
    OutputError
        If the file or folder cannot be written.
    """
    partial = _beside(path, _PARTIAL)
    try:
        _sweep(path)
        yield partial
        if partial.is_file():
            _sync(partial)
            os.replace(partial, path)
        else:
            _exchange(partial, path)
    except OSError as error:
        raise OutputError(unwritable(path, error)) from error
    finally:
        _remove(partial)


def unwritable(path: Path, error: OSError) -> str:
    """Message about a file or folder after a failed write, in a single line.

    Parameters
    ----------
    path : Path
        The final name.
    error : OSError
        Error of the system.

    Returns
    -------
    str
        The cause, and how to go on.
    """
    if not os.path.lexists(path.parent):
        return f"the folder {path.parent} does not exist: create it, or choose another one"
    reason = error.strerror or str(error) or type(error).__name__
    advice = _ADVICE.get(error.errno or 0, "choose another folder")
    return f"{path} cannot be written ({reason}): {advice}"


def _beside(path: Path, ending: str) -> Path:
    # A long name is cut, for the added ending must not exceed the length that the disk allows.
    return path.with_name(f"{_beginning(path)}{secrets.token_hex(4)}{ending}")


def _beginning(path: Path) -> str:
    """Beginning of the names of temporary files beside a path."""
    return f".{shortened(path.name, _LONGEST_NAME)}."


def _exchange(partial: Path, path: Path) -> None:
    if not os.path.lexists(path):
        os.rename(partial, path)
        return
    old = _beside(path, _OLD)
    os.rename(path, old)
    try:
        os.rename(partial, path)
    except OSError:
        os.rename(old, path)
        raise
    _remove(old)


def _sync(path: Path) -> None:
    # Without it a power cut may leave an empty file under the new name.
    with path.open("r+b") as file:
        os.fsync(file.fileno())


def _sweep(path: Path) -> None:
    """Remove leftovers of killed processes beside `path`; old content only if `path` exists."""
    endings = (_PARTIAL, _OLD) if os.path.lexists(path) else (_PARTIAL,)
    start = _beginning(path)
    with os.scandir(path.parent) as entries:
        leftovers = [
            Path(entry.path)
            for entry in entries
            if entry.name.startswith(start)
            and entry.name.endswith(endings)
            and len(entry.name) in {len(start) + 8 + len(ending) for ending in endings}
        ]
    for leftover in leftovers:
        with suppress(OSError):
            if _last_written(leftover) < time.time() - _ABANDONED_SECONDS:
                _remove(leftover)


def _last_written(path: Path) -> float:
    return max(file.stat().st_mtime for file in (path, *path.rglob("*")))


def _remove(path: Path) -> None:
    # A failure does not matter: _sweep removes leftovers later, and the labels are in place.
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with suppress(OSError):
            path.unlink(missing_ok=True)
