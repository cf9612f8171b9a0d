"""JournalLock: one writer of a journal, across layers, windows and processes."""

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from filelock import FileLock


class JournalLock:
    """Lock of a journal: a file beside it, locked by the operating system.

    The system lets go of it when the process ends, however it ends; the empty file stays.

    Parameters
    ----------
    journal : Path
        The journal; need not exist.
    """

    def __init__(self, journal: Path) -> None:
        self._path = journal.with_name(f"{journal.name}.lock")
        self._lock: FileLock | None = None

    def acquire(self) -> bool:
        """Take the lock; False as long as another writer holds the lock, here or elsewhere.

        Raises
        ------
        OSError
            If the folder cannot be written.
        """
        from filelock import FileLock, Timeout

        if self._lock is not None:
            return True
        lock = FileLock(self._path, thread_local=False)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            return False
        except NotImplementedError:
            pass  # a network drive without locks: the journal is worth more than its lock
        self._lock = lock
        return True

    def release(self) -> None:
        """Let other writers have the journal."""
        lock, self._lock = self._lock, None
        if lock is not None:
            with suppress(OSError):
                lock.release(force=True)
