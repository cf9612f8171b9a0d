"""Read: the lines of a journal, each checked by itself."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from napari_sam.errors import JournalError

from .damaged import Damaged
from .entry import ACCEPTED, DISCARDED, KINDS, RETURNED, SAVED, UNDONE, Entry
from .subject import FORMAT, Subject

_PLAIN = {UNDONE, SAVED, DISCARDED, RETURNED}
"""Kinds that say all by their name: damage in another field of such an entry takes nothing."""


@dataclass(frozen=True, slots=True)
class Line:
    """Line of a journal as it stands in the file.

    Parameters
    ----------
    number : int
        From 1.
    text : bytes
        The line, without its line break.
    record : mapping or None
        The JSON object; None for a line that holds none.
    is_cut : bool
        Whether the end of the line is missing, because a process was killed while writing. The
        change was never painted then, for the journal comes first.
    is_last : bool
        Whether no line break follows.
    """

    number: int
    text: bytes
    record: Mapping[str, Any] | None
    is_cut: bool
    is_last: bool = False

    @property
    def kind(self) -> str:
        """Kind of the entry; empty for a damaged line without a readable kind."""
        if self.is_cut:
            return ""
        record = self.record
        kind = _matched(rb'"kind": ?"(\w+)"', self.text) if record is None else record.get("kind")
        if isinstance(kind, str) and kind in KINDS:
            return kind
        return ACCEPTED if re.search(rb'"edits": ?\[ ?\{', self.text) else ""

    @property
    def label(self) -> int:
        """Label of the object; 0 in a line without a readable label."""
        digits = _matched(rb'"label": ?(\d{1,10}), ?"parent"', self.text)
        return int(digits or 0)

    def damaged(self, reason: str) -> Damaged:
        """The line as a damaged entry."""
        return Damaged(self.number, self.kind, self.label, reason)


def raw_lines(path: Path) -> Iterator[Line]:
    """Yield the lines of a file with JSON objects, blank lines left out.

    Raises
    ------
    JournalError
        If the file cannot be read.
    """
    try:
        with path.open("rb") as file:
            for number, raw in enumerate(file, 1):
                text = raw.strip()
                if text:
                    yield replace(_line(number, text), is_last=not raw.endswith(b"\n"))
    except OSError as error:
        raise JournalError(
            f"{path} cannot be read ({error.strerror or type(error).__name__}): check the path"
        ) from error


def _line(number: int, text: bytes) -> Line:
    try:
        record = json.loads(text)
    except json.JSONDecodeError as error:
        return Line(number, text, None, _is_cut(error))
    except (ValueError, RecursionError):  # not UTF-8, a number of thousands of digits, a nest
        return Line(number, text, None, False)
    return Line(number, text, record if isinstance(record, dict) else None, False)


def _is_cut(error: json.JSONDecodeError) -> bool:
    """Whether a text is the beginning of a JSON object."""
    text = error.doc
    in_string = error.msg.startswith("Unterminated string") and text.rfind('"') == error.pos
    return (in_string or error.pos >= len(text)) and not text.endswith("}")


def _matched(pattern: bytes, text: bytes) -> str:
    match = re.search(pattern, text)
    return match[1].decode("ascii", "replace") if match else ""


def read_subject(path: Path) -> Subject:
    """Read the identity of the image from the first line of a journal.

    Raises
    ------
    JournalError
        If the file cannot be read, or is not a journal, or its first line is damaged.
    """
    head = next(raw_lines(path), None)
    if head is None or head.record is None or head.record.get("format") != FORMAT:
        raise JournalError(f"{path} is not a journal of napari-sam: choose a .jsonl of its folder")
    return Subject.from_record(head.record, str(path))


def read_lines(path: Path) -> Iterator[Entry | Damaged]:
    """Yield the entries of a journal in order, damaged ones among them.

    A last line that was cut by a kill is left out, for nothing of it was painted.

    Raises
    ------
    JournalError
        If the file cannot be read, or is not a journal.
    """
    subject = read_subject(path)
    for line in raw_lines(path):
        if line.number == 1 or (line.is_cut and line.is_last):
            continue
        if line.record is None:
            yield line.damaged("its end is missing" if line.is_cut else "it is no JSON object")
        elif line.kind in _PLAIN:
            yield Entry(line.kind, time=str(line.record.get("time", "")))
        else:
            try:
                yield Entry.from_record(line.record, subject.shape)
            except JournalError as error:
                yield line.damaged(str(error))


def read_entries(path: Path) -> Iterator[Entry]:
    """Yield the entries of a journal in order, without damaged ones.

    Raises
    ------
    JournalError
        If the file cannot be read, or is not a journal.
    """
    yield from (line for line in read_lines(path) if isinstance(line, Entry))
