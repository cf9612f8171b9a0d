"""Journal: an append-only file of entries, safe against a killed process."""

import hashlib
import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from platformdirs import user_data_dir

from napari_sam.errors import JournalError
from napari_sam.labels.classes import ClassTable

from .classes import classes_of
from .entry import ACCEPTED, DISCARDED, RATED, SAVED, UNDONE, Entry

FORMAT = "napari-sam journal 1"
"""Value of ``format`` in the first line of a journal."""


@dataclass(frozen=True, slots=True)
class Subject:
    """Identity of the labelled image, in the first line of a journal.

    Made by the napari plugin from a layer.

    Parameters
    ----------
    name : str
        Name of the image's layer, for people.
    path : str
        Path of the image's file; empty for an image without a file.
    axes : str
        One letter of TZYX for each dimension of the labels.
    shape : tuple of int
        Shape of the labels.
    sample : str
        Hash of some pixels of the image.
    """

    name: str
    path: str
    axes: str
    shape: tuple[int, ...]
    sample: str


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

    Parameters
    ----------
    path : Path
        File of the journal; made by the first :meth:`append`.
    subject : Subject
        Identity of the image.
    """

    def __init__(self, path: Path, subject: Subject) -> None:
        self.path, self.subject = path, subject

    def append(self, entry: Entry) -> None:
        """Append an entry to the file.

        Raises
        ------
        JournalError
            If the file cannot be written.
        """
        text = entry.to_line()
        try:
            if not self.path.exists():
                self.path.parent.mkdir(parents=True, exist_ok=True)
                text = _head(self.subject) + text
            elif self._is_torn():
                text = "\n" + text  # ends the torn line, so that the entry has a line of its own
            with self.path.open("ab", buffering=0) as file:
                file.write(text.encode("utf-8"))
        except OSError as error:
            raise JournalError(
                f"the journal {self.path} cannot be written "
                f"({error.strerror or type(error).__name__}): accepted objects are in the layer "
                "alone, save it often"
            ) from error

    def accepted(self) -> list[Entry]:
        """Return the accepted entries that were neither undone nor discarded, in order.

        Raises
        ------
        JournalError
            If the file cannot be read.
        """
        return self._replayed()[0]

    def classes(self) -> ClassTable:
        """Return the table of classes after the last entry.

        Raises
        ------
        JournalError
            If the file cannot be read.
        """
        return classes_of(read_entries(self.path) if self.path.exists() else ())

    def ratings(self) -> dict[int, Any]:
        """Return the ratings of automatically found objects, as JSON values by label.

        Raises
        ------
        JournalError
            If the file cannot be read.
        """
        ratings: dict[int, Any] = {}
        for entry in read_entries(self.path) if self.path.exists() else ():
            if entry.kind == DISCARDED:
                ratings.clear()
            ratings |= entry.ratings or {}
        return {label: rating for label, rating in ratings.items() if rating is not None}

    def unsaved(self) -> bool:
        """Whether accepted entries exist, and labels or classes changed after the last save."""
        accepted, saved = self._replayed()
        return bool(accepted) and not saved

    def _replayed(self) -> tuple[list[Entry], bool]:
        """Return the entries of :meth:`accepted`, and whether the last change was a save."""
        accepted: list[Entry] = []
        saved = False
        for entry in read_entries(self.path) if self.path.exists() else ():
            if entry.kind == RATED:
                continue  # a rating changes no label
            saved = entry.kind == SAVED
            if entry.kind == ACCEPTED:
                accepted.append(entry)
            elif entry.kind == UNDONE:
                del accepted[-1:]
            elif entry.kind == DISCARDED:
                accepted.clear()
        return accepted, saved

    def _is_torn(self) -> bool:
        """Whether the last line has no line break, because a process was killed while writing."""
        with self.path.open("rb") as file:
            file.seek(0, os.SEEK_END)
            if file.tell() == 0:
                return False
            file.seek(-1, os.SEEK_END)
            return file.read(1) != b"\n"


def open_journal(
    subject: Subject, folder: Path | None = None, fresh: bool = False
) -> tuple[Journal, bool]:
    """Open the newest journal of an image with unsaved labels, or a new journal.

    Parameters
    ----------
    subject : Subject
        Identity of the image. A journal belongs to it if axes, shape and sample are the same.
    folder : Path, optional
        Folder of journals; by default :func:`journal_folder`.
    fresh : bool
        Whether to make a new journal in any case.

    Returns
    -------
    Journal, bool
        The newest unsaved journal, and True; or a new journal, which is not on disk before its
        first entry, and False.
    """
    folder = folder or journal_folder()
    # without name and path, so that an image that was moved or renamed is the same image
    identity = (subject.axes, subject.shape, subject.sample)
    key = hashlib.sha256(repr(identity).encode()).hexdigest()[:16]
    older = [] if fresh else folder.glob(f"*-{key}-*.jsonl")
    for path in sorted(older, key=lambda path: path.stem.rpartition("-")[2], reverse=True):
        journal = Journal(path, subject)
        with suppress(JournalError):  # unreadable journals stay as they are
            if journal.unsaved():
                return journal, True
    name = re.sub(r"[^A-Za-z0-9]+", "-", Path(subject.name).stem).strip("-")[:40] or "image"
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%f")
    return Journal(folder / f"{name}-{key}-{stamp}.jsonl", subject), False


def read_subject(path: Path) -> Subject:
    """Read the identity of the image from the first line of a journal.

    Raises
    ------
    JournalError
        If the file cannot be read, or is not a journal.
    """
    head = next(_records(path), {})
    if head.get("format") != FORMAT:
        raise JournalError(f"{path} is not a journal of napari-sam: choose a .jsonl of its folder")
    return Subject(
        name=str(head.get("name")),
        path=str(head.get("path")),
        axes=str(head.get("axes")),
        shape=tuple(int(n) for n in head.get("shape", ())),
        sample=str(head.get("sample")),
    )


def read_entries(path: Path) -> Iterator[Entry]:
    """Yield the entries of a journal in order, without a torn last line.

    Raises
    ------
    JournalError
        If the file is not a journal, or a whole entry is damaged.
    """
    read_subject(path)
    for record in _records(path):
        if "kind" in record:
            yield Entry.from_record(record)


def _head(subject: Subject) -> str:
    """Format the first line of a journal."""
    record = {
        "format": FORMAT,
        "name": subject.name,
        "path": subject.path,
        "axes": subject.axes,
        "shape": subject.shape,
        "sample": subject.sample,
    }
    return json.dumps(record) + "\n"


def _records(path: Path) -> Iterator[Mapping[str, Any]]:
    """Yield the JSON object of each line, the first line included."""
    try:
        with path.open("rb") as file:
            for line in file:
                try:
                    record = json.loads(line)
                except (ValueError, RecursionError):
                    continue  # torn by a kill in the middle of it
                if isinstance(record, dict):
                    yield record
    except OSError as error:
        raise JournalError(
            f"{path} cannot be read ({error.strerror or type(error).__name__}): check the path"
        ) from error
