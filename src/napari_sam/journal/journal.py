"""Journal: an append-only file of entries with one writer, safe against a killed process."""

import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from platformdirs import user_data_dir

from napari_sam.errors import JournalError
from napari_sam.labels.classes import ClassTable

from .content import Content, after
from .entry import ACCEPTED, CHANGES, DISCARDED, RETURNED, UNDONE, Entry
from .lock import JournalLock
from .read import raw_lines, read_entries, read_lines, read_subject
from .subject import FORMAT, Subject

__all__ = [
    "FORMAT",
    "Journal",
    "Subject",
    "journal_folder",
    "lost_journals",
    "new_journal",
    "open_journal",
    "read_entries",
    "read_subject",
]


def journal_folder() -> Path:
    """Return the folder of journals: ``NAPARI_SAM_JOURNAL_DIR``, or one in the user's data.

    The cache folder would be the wrong place: users who clear a cache do not mean to lose work.
    """
    folder = os.environ.get("NAPARI_SAM_JOURNAL_DIR", "").strip()
    return Path(folder).expanduser() if folder else Path(user_data_dir("napari-sam")) / "journals"


class Journal:
    """History of the labels of an image, in a file.

    The plugin appends an entry for each accepted object; after a crash it restores the labels from
    the journal, and ``napari-sam replay`` makes the labels again without a window. Each entry is a
    line, written by a single call: a killed process leaves whole lines and at most a torn last
    line, which readers skip.

    A journal has one writer: the first :meth:`append` takes its lock, until :meth:`close`, the end
    of the object or the end of the process. Reading takes no lock.

    Parameters
    ----------
    path : Path
        File of the journal; made by the first :meth:`append`.
    subject : Subject
        Identity of the image.
    """

    def __init__(self, path: Path, subject: Subject) -> None:
        self.path, self.subject = path, subject
        self._lock = JournalLock(path)

    # --- writing -------------------------------------------------------------------------------

    def claim(self) -> bool:
        """Take the lock; False as long as another writer holds the lock, here or elsewhere.

        Raises
        ------
        JournalError
            If the folder cannot be written.
        """
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            return self._lock.acquire()
        except OSError as error:
            raise self._unwritten(error) from error

    def close(self) -> None:
        """Let go of the lock: another writer may go on."""
        self._lock.release()

    def append(self, entry: Entry) -> None:
        """Append an entry to the file.

        Raises
        ------
        JournalError
            If the file cannot be written, or another writer has the journal.
        """
        if not self.claim():
            raise JournalError(
                f"the journal {self.path} has another writer: accepted objects are in the layer "
                "alone, save it often"
            )
        text = entry.to_line()
        try:
            if not self.path.exists():
                text = self.subject.to_line() + text
            elif self._is_torn():
                text = "\n" + text  # ends the torn line, so that the entry has a line of its own
            with self.path.open("ab", buffering=0) as file:
                file.write(text.encode("utf-8"))
        except OSError as error:
            raise self._unwritten(error) from error

    def _unwritten(self, error: OSError) -> JournalError:
        return JournalError(
            f"the journal {self.path} cannot be written "
            f"({error.strerror or type(error).__name__}): accepted objects are in the layer "
            "alone, save it often"
        )

    def _is_torn(self) -> bool:
        """Whether the last line has no line break, because a process was killed while writing."""
        with self.path.open("rb") as file:
            file.seek(0, os.SEEK_END)
            if file.tell() == 0:
                return False
            file.seek(-1, os.SEEK_END)
            return file.read(1) != b"\n"

    # --- reading -------------------------------------------------------------------------------

    def content(self) -> Content:
        """Return the changes, classes and ratings after the last entry; every entry is checked.

        Raises
        ------
        JournalError
            If the file cannot be read, or is not a journal.
        """
        return Content.of(read_lines(self.path) if self.path.exists() else ())

    def changes(self) -> list[Entry]:
        """Return the accepted and painted entries neither undone nor discarded, in order.

        Applied to empty labels, they make the labels on the screen.

        Raises
        ------
        JournalError
            If the file cannot be read.
        """
        return [*self.content().changes]

    def accepted(self) -> list[Entry]:
        """Return the accepted entries of :meth:`changes`.

        Raises
        ------
        JournalError
            If the file cannot be read.
        """
        return [entry for entry in self.changes() if entry.kind == ACCEPTED]

    def classes(self) -> ClassTable:
        """Return the table of classes after the last entry.

        Raises
        ------
        JournalError
            If the file cannot be read.
        """
        return self.content().classes

    def ratings(self) -> dict[int, Any]:
        """Return the ratings of automatically found objects, as JSON values by label.

        Raises
        ------
        JournalError
            If the file cannot be read.
        """
        return {**self.content().ratings}

    def unsaved(self) -> bool:
        """Whether changes of labels stand, and labels or classes changed after the last save.

        Only the kinds of the entries are read, which is quick.
        """
        standing, discarded, is_saved = 0, 0, False
        for line in raw_lines(self.path) if self.path.exists() else ():
            kind = "" if line.number == 1 else line.kind
            is_saved = after(kind, is_saved)
            standing += kind in CHANGES
            standing -= kind == UNDONE and standing > 0
            if kind == DISCARDED:
                standing, discarded = 0, standing
            standing = discarded if kind == RETURNED else standing
        return standing > 0 and not is_saved


def lost_journals(subject: Subject, folder: Path | None = None) -> Iterator[Journal]:
    """Yield the journals of an image with unsaved labels and without a writer, the newest first.

    Parameters
    ----------
    subject : Subject
        Identity of the image. A journal belongs to it if axes, shape and sample are the same.
    folder : Path, optional
        Folder of journals; by default :func:`journal_folder`.

    Yields
    ------
    Journal
        Claimed, so that nobody else finds it; let go of when the next one is asked for.
    """
    folder = folder or journal_folder()
    older = folder.glob(f"*-{_key(subject)}-*.jsonl")
    for path in sorted(older, key=lambda path: path.stem.rpartition("-")[2], reverse=True):
        journal = Journal(path, subject)
        with suppress(JournalError):  # unreadable journals stay as they are
            if read_subject(path).identity == subject.identity and journal.unsaved():
                if journal.claim():
                    yield journal
                journal.close()


def new_journal(subject: Subject, folder: Path | None = None) -> Journal:
    """Name a new journal; the first entry makes the file.

    Parameters
    ----------
    subject : Subject
        Identity of the image.
    folder : Path, optional
        Folder of journals; by default :func:`journal_folder`.
    """
    name = re.sub(r"[^A-Za-z0-9]+", "-", Path(subject.name).stem).strip("-")[:40] or "image"
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%f")
    return Journal((folder or journal_folder()) / f"{name}-{_key(subject)}-{stamp}.jsonl", subject)


def open_journal(
    subject: Subject, folder: Path | None = None, fresh: bool = False
) -> tuple[Journal, bool]:
    """Open the newest lost journal of an image, or a new journal.

    Parameters
    ----------
    subject : Subject
        Identity of the image.
    folder : Path, optional
        Folder of journals; by default :func:`journal_folder`.
    fresh : bool
        Whether to make a new journal in any case.

    Returns
    -------
    Journal, bool
        The first of :func:`lost_journals`, and True; or :func:`new_journal`, and False.
    """
    lost = None if fresh else next(lost_journals(subject, folder), None)
    return (new_journal(subject, folder), False) if lost is None else (lost, True)


def _key(subject: Subject) -> str:
    """Part of the file name that is the same for all journals of an image."""
    # without name and path, so that an image that was moved or renamed is the same image
    return hashlib.sha256(repr(subject.identity).encode()).hexdigest()[:16]
