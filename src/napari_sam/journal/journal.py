"""Journal: an append-only file of entries, which a killed process cannot spoil."""

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


@dataclass(frozen=True, slots=True)
class Subject:
    """The image that a journal is about.

    Parameters
    ----------
    name : str
        Of the image, for people.
    path : str
        Of its file; empty if it is none.
    axes : str
        Letters of the image's dimensions.
    shape : tuple of int
        Of its labels.
    sample : str
        Hash of some of its pixels.
    """

    name: str
    path: str
    axes: str
    shape: tuple[int, ...]
    sample: str


def journal_folder() -> Path:
    """Where journals are kept: ``NAPARI_SAM_JOURNAL_DIR``, or with the user's data.

    Not in the cache: whoever clears a cache does not mean to lose work.
    """
    chosen = os.environ.get("NAPARI_SAM_JOURNAL_DIR", "").strip()
    return Path(chosen).expanduser() if chosen else Path(user_data_dir("napari-sam")) / "journals"


class Journal:
    """What happened to the labels of one image.

    Each entry is a line, written with one call: a process that is killed leaves whole lines, and
    at most a torn last one, which is not read.

    Parameters
    ----------
    path : Path
        The file; made when the first entry is written.
    subject : Subject
        What it is about.
    """

    def __init__(self, path: Path, subject: Subject) -> None:
        self.path, self.subject = path, subject

    def append(self, entry: Entry) -> None:
        """Write an entry down.

        Raises
        ------
        JournalError
            If it cannot be written.
        """
        text = entry.to_line()
        try:
            if not self.path.exists():
                self.path.parent.mkdir(parents=True, exist_ok=True)
                text = _head(self.subject) + text
            elif self._is_torn():
                text = "\n" + text
            with self.path.open("ab", buffering=0) as file:
                file.write(text.encode("utf-8"))
        except OSError as error:
            raise JournalError(
                f"the journal {self.path} cannot be written "
                f"({error.strerror or type(error).__name__}): accepted objects are in the layer "
                "alone, save it often"
            ) from error

    def accepted(self) -> list[Entry]:
        """What was accepted and neither undone nor discarded, in order.

        Raises
        ------
        JournalError
            If the file cannot be read.
        """
        return self._replayed()[0]

    def classes(self) -> ClassTable:
        """Classes of what was accepted.

        Raises
        ------
        JournalError
            If the file cannot be read.
        """
        return classes_of(read_entries(self.path) if self.path.exists() else ())

    def ratings(self) -> dict[int, Any]:
        """What is known of objects that were found automatically, as JSON values by label.

        Raises
        ------
        JournalError
            If the file cannot be read.
        """
        known: dict[int, Any] = {}
        for entry in read_entries(self.path) if self.path.exists() else ():
            if entry.kind == DISCARDED:
                known.clear()
            known |= entry.ratings or {}
        return {label: one for label, one in known.items() if one is not None}

    def unsaved(self) -> bool:
        """Whether anything of it happened after the labels were saved last."""
        accepted, saved = self._replayed()
        return bool(accepted) and not saved

    def _replayed(self) -> tuple[list[Entry], bool]:
        found: list[Entry] = []
        saved = False
        for entry in read_entries(self.path) if self.path.exists() else ():
            if entry.kind == RATED:
                continue  # to look at an object changes no label
            saved = entry.kind == SAVED
            if entry.kind == ACCEPTED:
                found.append(entry)
            elif entry.kind == UNDONE:
                del found[-1:]
            elif entry.kind == DISCARDED:
                found.clear()
        return found, saved

    def _is_torn(self) -> bool:
        with self.path.open("rb") as file:
            file.seek(0, os.SEEK_END)
            if file.tell() == 0:
                return False
            file.seek(-1, os.SEEK_END)
            return file.read(1) != b"\n"


def open_journal(
    subject: Subject, folder: Path | None = None, fresh: bool = False
) -> tuple[Journal, bool]:
    """The journal to go on with.

    Parameters
    ----------
    subject : Subject
        The image.
    folder : Path, optional
        Where journals are; see :func:`journal_folder`.
    fresh : bool
        A new one in any case.

    Returns
    -------
    Journal, bool
        The newest journal of this image that has something which is in no file, and True; a new
        one, which is not on disk before its first entry, and False.
    """
    folder = folder or journal_folder()
    # An image that was moved or renamed is the same image.
    identity = (subject.axes, subject.shape, subject.sample)
    key = hashlib.sha256(repr(identity).encode()).hexdigest()[:16]
    older = [] if fresh else folder.glob(f"*-{key}-*.jsonl")
    for path in sorted(older, key=lambda path: path.stem.rpartition("-")[2], reverse=True):
        journal = Journal(path, subject)
        with suppress(JournalError):  # what cannot be read is left alone
            if journal.unsaved():
                return journal, True
    name = re.sub(r"[^A-Za-z0-9]+", "-", Path(subject.name).stem).strip("-")[:40] or "image"
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%f")
    return Journal(folder / f"{name}-{key}-{stamp}.jsonl", subject), False


def read_subject(path: Path) -> Subject:
    """The image that a journal is about.

    Raises
    ------
    JournalError
        If the file is not a journal.
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
    """All whole entries of a journal.

    Raises
    ------
    JournalError
        If the file is not a journal, or an entry that is whole makes no sense.
    """
    read_subject(path)
    for record in _records(path):
        if "kind" in record:
            yield Entry.from_record(record)


def _head(subject: Subject) -> str:
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
    try:
        with path.open("rb") as file:
            for line in file:
                try:
                    record = json.loads(line)
                except ValueError:
                    continue  # torn by a kill in the middle of it
                if isinstance(record, dict):
                    yield record
    except OSError as error:
        raise JournalError(
            f"{path} cannot be read ({error.strerror or type(error).__name__}): check the path"
        ) from error
