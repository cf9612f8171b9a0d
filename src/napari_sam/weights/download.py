"""Download: the published files of a model into the folder of weights, as a generator.

Nothing is read as weights here, so a file that would do harm when it is loaded does none.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import sleep

from napari_sam.errors import ModelError

from .card import ModelCard, WeightsFile
from .checksum import file_hash, is_published, stamp
from .store import ModelStore, unwritable
from .transfer import BrokenError, Patience, RefusedError, receive

_ENOUGH = 1 << 18
"""Bytes that a connection has to bring for the next one to be as hopeful as the first."""
_TICK = 0.2
"""Seconds between the steps that are reported while there is nothing but waiting."""


@dataclass(frozen=True, slots=True)
class DownloadStep:
    """How far the download of one file is.

    Parameters
    ----------
    file : str
        Name of the file.
    done : int
        Bytes that are here.
    total : int or None
        Size of the file in bytes; None where neither the catalogue nor the server knows it.
    """

    file: str
    done: int
    total: int | None


def download_model(
    card: ModelCard, store: ModelStore | None = None, patience: Patience | None = None
) -> Iterator[DownloadStep]:
    """Download the files of a model that are not here yet.

    Closing the generator stops it; what came so far stays and is used by the next download.

    Parameters
    ----------
    card : ModelCard
        The model.
    store : ModelStore, optional
        Where to; the user's own folder by default.
    patience : Patience, optional
        When to give up.

    Yields
    ------
    DownloadStep
        Several times a second as long as bytes come. A connection that is silent is waited for
        inside one step, for as long as `patience` says.

    Raises
    ------
    ModelError
        If a file cannot be had from any of its addresses, or cannot be written.
    """
    store = ModelStore() if store is None else store
    for file in card.files:
        if store.has(card, file) is None:
            yield from download_file(file, store.root, patience)


def download_file(
    file: WeightsFile, root: Path, patience: Patience | None = None
) -> Iterator[DownloadStep]:
    """Download one file.

    Two processes that download the same file do it once: the second waits for the first.

    Parameters
    ----------
    file : WeightsFile
        What to download, and from where.
    root : Path
        Folder of the weights; created if missing.
    patience : Patience, optional
        When to give up.

    Yields
    ------
    DownloadStep
        The last one when the file is whole, verified and in its place.

    Raises
    ------
    ModelError
        If it cannot be had from any of its addresses, or cannot be written.
    """
    patience = patience or Patience()
    expected = file.bytes if file.exact else None
    partial = root / f".{file.name}.{_digits(file)[:8]}.partial"
    with _alone(root / f".{file.name}.lock") as waiting:
        for _ in waiting:
            done = partial.stat().st_size if partial.exists() else 0
            yield DownloadStep(file.name, done, expected)
        target = root / file.name
        if not (target.is_file() and is_published(target, file.hash or "", root)):
            for done, total in _from_anywhere(file, partial, expected, patience):
                yield DownloadStep(file.name, done, total)
            _place(partial, target, file, root)
        size = target.stat().st_size
        yield DownloadStep(file.name, size, size)


def _from_anywhere(
    file: WeightsFile, partial: Path, expected: int | None, patience: Patience
) -> Iterator[tuple[int, int | None]]:
    """Fill the partial file with the published content, from the first address that has it."""
    failures = []
    for url in file.urls:
        try:
            resumed = True
            while resumed:  # if only the older part was wrong, all of it is asked for once more
                resumed = partial.exists()
                yield from _from_one(url, partial, expected, patience)
                if _verify(partial, file):
                    return
            raise RefusedError("its content is not what was published: the hash differs")
        except RefusedError as error:
            failures.append(f"{url} ({error})")
    raise ModelError(
        f"{file.name} could not be downloaded from {' nor from '.join(failures)}: check the "
        f"network, or get it another way and run napari-sam models import {file.name}"
    )


def _from_one(
    url: str, partial: Path, expected: int | None, patience: Patience
) -> Iterator[tuple[int, int | None]]:
    """Receive a file over as many connections as it takes."""
    futile = 0
    while True:
        before = _size(partial)
        try:
            yield from receive(url, partial, expected, patience)
            return
        except BrokenError as error:
            futile = 0 if _size(partial) - before >= _ENOUGH else futile + 1
            if futile >= patience.attempts:
                raise RefusedError(str(error)) from error
        for _ in _wait(patience.pause * 2**futile):
            yield _size(partial), expected


def _verify(partial: Path, file: WeightsFile) -> bool:
    """Whether the content is the published one; if not, it is deleted."""
    try:
        good = file_hash(partial, (file.hash or "").partition(":")[0]) == file.hash
        if not good:
            partial.unlink()
    except OSError as error:
        raise unwritable(partial, error) from error
    return good


def _place(partial: Path, target: Path, file: WeightsFile, root: Path) -> None:
    try:
        with partial.open("r+b") as content:  # otherwise a power cut may leave an empty file
            os.fsync(content.fileno())
        os.replace(partial, target)
    except OSError as error:
        raise unwritable(target, error) from error
    stamp(target, file.hash or "", root)


@contextmanager
def _alone(lock: Path) -> Iterator[Iterator[None]]:
    """Keep other processes out for the block, whose first work is to wait for them."""
    from filelock import FileLock, Timeout

    # not of the thread: a generator may be closed by another one than it was started by
    own = FileLock(lock, thread_local=False)

    def waiting() -> Iterator[None]:
        while True:
            try:
                own.acquire(timeout=0)
            except Timeout:
                yield from _wait(_TICK)
            except OSError as error:
                raise unwritable(lock.parent, error) from error
            else:
                return

    try:
        lock.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise unwritable(lock.parent, error) from error
    try:
        yield waiting()
    finally:
        own.release()


def _wait(seconds: float) -> Iterator[None]:
    while seconds > 0:
        sleep(min(seconds, _TICK))
        seconds -= _TICK
        yield


def _size(partial: Path) -> int:
    return partial.stat().st_size if partial.exists() else 0


def _digits(file: WeightsFile) -> str:
    return (file.hash or "").partition(":")[2]
