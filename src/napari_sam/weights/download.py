"""Download of the published files of a model into the folder of weights, as a generator.

Files are hashed and moved here, never loaded, so a malicious file does no harm.
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

_PROGRESS_BYTES = 1 << 18
"""Bytes a connection must deliver before the count of failed attempts starts anew."""
_TICK = 0.2
"""Seconds between two steps that are yielded during a pause."""


@dataclass(frozen=True, slots=True)
class DownloadStep:
    """Progress of the download of a file.

    Parameters
    ----------
    file : str
        Name of the file.
    done : int
        Bytes received so far.
    total : int or None
        Size of the file in bytes; None if neither the catalogue nor the server says it.
    """

    file: str
    done: int
    total: int | None


def download_model(
    card: ModelCard, store: ModelStore | None = None, patience: Patience | None = None
) -> Iterator[DownloadStep]:
    """Download the missing files of a model into the store.

    Closing the generator stops the download; the next one resumes from the partial file.

    Parameters
    ----------
    card : ModelCard
        The model.
    store : ModelStore, optional
        Folder to download to; the user's own by default.
    patience : Patience, optional
        Timeouts and retries.

    Yields
    ------
    DownloadStep
        Several times a second while bytes arrive. A silent connection blocks one step for at most
        the timeout of `patience`.

    Raises
    ------
    ModelError
        If a file can be downloaded from none of its addresses, or cannot be written.
    """
    store = ModelStore() if store is None else store
    for file in card.files:
        if store.has(card, file) is None:
            yield from download_file(file, store.root, patience)


def download_file(
    file: WeightsFile, root: Path, patience: Patience | None = None
) -> Iterator[DownloadStep]:
    """Download a file, verify the hash, and move the file into the folder of weights.

    A second process that downloads the same file waits for the first, and then uses its result.

    Parameters
    ----------
    file : WeightsFile
        Name, addresses, hash and size.
    root : Path
        Folder of the weights; created if missing.
    patience : Patience, optional
        Timeouts and retries.

    Yields
    ------
    DownloadStep
        The last step comes once the file is complete, verified and in its place.

    Raises
    ------
    ModelError
        If the file can be downloaded from none of its addresses, or cannot be written.
    """
    patience = patience or Patience()
    expected = file.bytes if file.exact else None
    partial = root / f".{file.name}.{_digits(file)[:8]}.partial"
    with _locked(root / f".{file.name}.lock") as waiting:
        for _ in waiting:
            done = partial.stat().st_size if partial.exists() else 0
            yield DownloadStep(file.name, done, expected)
        target = root / file.name
        if not (target.is_file() and is_published(target, file.hash or "", root)):
            for done, total in _from_any_url(file, partial, expected, patience):
                yield DownloadStep(file.name, done, total)
            _place(partial, target, file, root)
        size = target.stat().st_size
        yield DownloadStep(file.name, size, size)


def _from_any_url(
    file: WeightsFile, partial: Path, expected: int | None, patience: Patience
) -> Iterator[tuple[int, int | None]]:
    """Complete the partial file from the first address with the published content."""
    failures = []
    for url in file.urls:
        try:
            resumed = True
            while resumed:  # the older part may be wrong: then download once more from the start
                resumed = partial.exists()
                yield from _from_url(url, partial, expected, patience)
                if _verify(partial, file):
                    return
            raise RefusedError("its content is not what was published: the hash differs")
        except RefusedError as error:
            failures.append(f"{url} ({error})")
    raise ModelError(
        f"{file.name} could not be downloaded from {' nor from '.join(failures)}: check the "
        f"network, or get it another way and run napari-sam models import {file.name}"
    )


def _from_url(
    url: str, partial: Path, expected: int | None, patience: Patience
) -> Iterator[tuple[int, int | None]]:
    """Receive a file from an address, with retries."""
    failures = 0
    while True:
        before = _size(partial)
        try:
            yield from receive(url, partial, expected, patience)
            return
        except BrokenError as error:
            failures = 0 if _size(partial) - before >= _PROGRESS_BYTES else failures + 1
            if failures >= patience.attempts:
                raise RefusedError(str(error)) from error
        for _ in _wait(patience.pause * 2**failures):
            yield _size(partial), expected


def _verify(partial: Path, file: WeightsFile) -> bool:
    """Compare the partial file with the published hash; a wrong file is deleted."""
    try:
        good = file_hash(partial, (file.hash or "").partition(":")[0]) == file.hash
        if not good:
            partial.unlink()
    except OSError as error:
        raise unwritable(partial, error) from error
    return good


def _place(partial: Path, target: Path, file: WeightsFile, root: Path) -> None:
    try:
        with partial.open("r+b") as content:  # without it, a power cut may leave an empty file
            os.fsync(content.fileno())
        os.replace(partial, target)
    except OSError as error:
        raise unwritable(target, error) from error
    stamp(target, file.hash or "", root)


@contextmanager
def _locked(lock: Path) -> Iterator[Iterator[None]]:
    """Hold a lock between processes; the yielded iterator waits, with a step for each tick."""
    from filelock import FileLock, Timeout

    # a generator may be closed by another thread than the one that started it
    file_lock = FileLock(lock, thread_local=False)

    def waiting() -> Iterator[None]:
        while True:
            try:
                file_lock.acquire(timeout=0)
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
        file_lock.release()


def _wait(seconds: float) -> Iterator[None]:
    while seconds > 0:
        sleep(min(seconds, _TICK))
        seconds -= _TICK
        yield


def _size(partial: Path) -> int:
    return partial.stat().st_size if partial.exists() else 0


def _digits(file: WeightsFile) -> str:
    return (file.hash or "").partition(":")[2]
