"""Entry: a line of a journal."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Self

from napari_sam.document import parse_document
from napari_sam.errors import JournalError, NapariSamError
from napari_sam.labels.classes import ClassTable
from napari_sam.labels.label_array import LARGEST_LABEL, LabelArray
from napari_sam.labels.packed_edit import PackedEdit
from napari_sam.prompts.prompt import Prompt

from .checksum import FIELD, checksum, is_unchanged
from .lesson_record import LessonRecord
from .prompt_record import from_record, to_record

ACCEPTED, UNDONE, SAVED, DISCARDED = "accepted", "undone", "saved", "discarded"
CLASSES, RATED, PAINTED, RETURNED = "classes", "rated", "painted", "returned"
LEARNED, RELATED = "learned", "related"
"""Kinds of entries, as written to the file; see :class:`Entry`."""

KINDS = {ACCEPTED, PAINTED, UNDONE, SAVED, DISCARDED, RETURNED, CLASSES, RATED, LEARNED, RELATED}

CHANGES = {ACCEPTED, PAINTED}
"""Kinds of entries with pixels, which an ``undone`` entry takes back."""


def _now() -> str:
    """Return the time in UTC, ISO 8601 with milliseconds."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


@dataclass(frozen=True, slots=True)
class Origin:
    """Prompts and model that made an object.

    Parameters
    ----------
    prompts : tuple of Prompt
        Prompts of the object on all its planes; empty for an object found automatically.
    model, weights : str
        Name of the model, and hash of its weights; of a model that has learned, ``base+delta``: the
        hash of the weights and that of the delta.
    """

    prompts: tuple[Prompt, ...] = ()
    model: str = ""
    weights: str = ""

    def learned(self, delta: str) -> "Origin":
        """The same origin, of the model that has learned the delta with a hash."""
        return replace(self, weights=f"{self.weights}+{delta}")

    def delta_of(self, base: str) -> str:
        """Hash of the delta that the model with weights `base` had learned; empty if none."""
        weights, _, delta = self.weights.partition("+")
        return delta if weights == base else ""


@dataclass(frozen=True, slots=True)
class Entry:
    """Change to labels, classes, ratings or the model, or a save: a line of the journal.

    Parameters
    ----------
    kind : str
        ``accepted``: an object was accepted or erased, and `edits` changed the labels. ``painted``:
        the same by other means, such as napari's brush, eraser and fill. ``undone``: the last
        accepted or painted entry that is not undone was taken back. ``saved``: the labels were
        written to a file. ``discarded``: the user refused to restore the entries so far, or
        restored them into another journal. ``returned``: the last ``discarded`` was taken back.
        ``classes``: the user changed the table of classes. ``rated``: scores or reviews of objects
        changed. ``learned``: the model that answers from now on. ``related``: mothers changed.
    edits : tuple of PackedEdit
        Changed pixels of an accepted or painted entry, in the order of painting.
    origin : Origin
        Prompts and model of an accepted entry.
    label : int
        Label of the object; 0 for an entry with several objects.
    parent : int
        Label of the mother cell; 0 without one.
    classes : ClassTable, optional
        In a ``classes`` entry the whole table; in an ``accepted`` entry the classes that labels
        got.
    ratings : mapping of int to Any, optional
        In a ``rated`` entry: ratings by label, as JSON values; None to delete a rating.
    lesson : LessonRecord, optional
        In a ``learned`` entry: what the model learned; None for the model as it was.
    parents : mapping of int to int, optional
        In a ``related`` entry: labels of daughters to those of their mothers; 0 for none any more.
    time : str
        Time of the change, ISO 8601, UTC.
    """

    kind: str
    edits: tuple[PackedEdit, ...] = ()
    origin: Origin = Origin()
    label: int = 0
    parent: int = 0
    classes: ClassTable | None = None
    ratings: Mapping[int, Any] | None = None
    lesson: LessonRecord | None = None
    parents: Mapping[int, int] | None = None
    time: str = field(default_factory=_now)

    def apply(self, labels: LabelArray) -> None:
        """Apply the edits to labels in place; see :meth:`LabelEdit.apply`."""
        for packed in self.edits:
            packed.edit().apply(labels)

    def take_back(self, labels: LabelArray) -> None:
        """Apply the inverse edits to labels in place, the last edit first."""
        for packed in reversed(self.edits):
            packed.edit().inverse().apply(labels)

    def to_line(self) -> str:
        """Format the entry as a line of JSON, with a line break at the end."""
        record: dict[str, Any] = {
            "kind": self.kind,
            "time": self.time,
            "label": self.label,
            "parent": self.parent,
            "model": self.origin.model,
            "weights": self.origin.weights,
            "prompts": [to_record(prompt) for prompt in self.origin.prompts],
            "edits": [edit.to_json() for edit in self.edits],
        }
        if self.classes is not None:
            record["classes"] = self.classes.to_json()
        if self.ratings is not None:
            record["ratings"] = {str(label): rating for label, rating in self.ratings.items()}
        if self.lesson is not None:
            record["lesson"] = self.lesson.to_json()
        if self.parents is not None:
            record["parents"] = {str(daughter): label for daughter, label in self.parents.items()}
        record[FIELD] = checksum(record)
        return json.dumps(record, separators=(",", ":")) + "\n"

    @classmethod
    def from_record(cls, record: Mapping[str, Any], shape: Sequence[int]) -> Self:
        """Make an entry from the JSON object of :meth:`to_line`.

        Parameters
        ----------
        record : mapping
            The JSON object.
        shape : sequence of int
            Shape of the labels; every edit must fit, and is unpacked piece by piece to be checked.

        Raises
        ------
        JournalError
            If the kind is unknown, a field is missing or damaged, or the entry is not as it was
            written: a changed digit of a plane or a box would paint the object elsewhere.
        """
        fields = parse_document(_Record, record, "entry", JournalError)
        if fields.kind not in KINDS:
            raise JournalError(f"the journal has an entry of an unknown kind: {fields.kind}")
        related = [label for pair in (fields.parents or {}).items() for label in pair]
        for label in (fields.label, fields.parent, *related):
            if not 0 <= label <= LARGEST_LABEL:
                raise JournalError(f"the entry has a label that cannot be: {label}")
        try:
            edits = tuple(PackedEdit.from_json(edit) for edit in fields.edits)
            for edit in edits:
                edit.check(shape)
            entry = cls(
                kind=fields.kind,
                edits=edits,
                origin=Origin(
                    tuple(from_record(prompt, shape) for prompt in fields.prompts),
                    fields.model,
                    fields.weights,
                ),
                label=fields.label,
                parent=fields.parent,
                classes=None if fields.classes is None else ClassTable.from_json(fields.classes),
                ratings=fields.ratings,
                lesson=None if fields.lesson is None else LessonRecord.from_json(fields.lesson),
                parents=fields.parents,
                time=fields.time,
            )
        except NapariSamError as error:
            raise JournalError(str(error)) from error
        if not is_unchanged(record):  # last, for other reasons say which field
            raise JournalError("it was changed after it was written: its checksum does not fit")
        return entry


@dataclass(frozen=True, slots=True)
class _Record:
    """Types of the fields of a line of the journal."""

    kind: str
    time: str
    label: int
    parent: int
    model: str
    weights: str
    prompts: tuple[dict[str, Any], ...]
    edits: tuple[dict[str, Any], ...]
    classes: dict[str, Any] | None = None
    ratings: dict[int, Any] | None = None
    lesson: dict[str, Any] | None = None
    parents: dict[int, int] | None = None
