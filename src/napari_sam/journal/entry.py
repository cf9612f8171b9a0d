"""Entry: a line of a journal."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Self

from napari_sam.errors import JournalError, NapariSamError
from napari_sam.labels.classes import ClassTable
from napari_sam.labels.label_array import LabelArray
from napari_sam.labels.packed_edit import PackedEdit
from napari_sam.prompts.prompt import Prompt

from .prompt_record import from_record, to_record

ACCEPTED, UNDONE, SAVED, DISCARDED = "accepted", "undone", "saved", "discarded"
CLASSES, RATED = "classes", "rated"
"""Kinds of entries, as written to the file; see :class:`Entry`."""

_KINDS = {ACCEPTED, UNDONE, SAVED, DISCARDED, CLASSES, RATED}


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
        Name of the model, and hash of its weights.
    """

    prompts: tuple[Prompt, ...] = ()
    model: str = ""
    weights: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """Change to labels, classes or ratings, or a save: a line of the journal.

    Parameters
    ----------
    kind : str
        ``accepted``: `edits` changed the labels. ``undone``: the last accepted entry was taken
        back. ``saved``: the labels were written to a file. ``discarded``: the user refused to
        restore the entries so far. ``classes``: the user changed the table of classes. ``rated``:
        scores or reviews of objects changed.
    edits : tuple of PackedEdit
        Changed pixels of an accepted entry, in the order of painting.
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
        return json.dumps(record, separators=(",", ":")) + "\n"

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """Make an entry from the JSON object that :meth:`to_line` wrote.

        Raises
        ------
        JournalError
            If the kind is unknown, or a field is missing or damaged.
        """
        try:
            if record["kind"] not in _KINDS:
                raise JournalError(f"the journal has an entry of an unknown kind: {record['kind']}")
            return cls(
                kind=str(record["kind"]),
                edits=tuple(PackedEdit.from_json(edit) for edit in record["edits"]),
                origin=Origin(
                    tuple(from_record(prompt) for prompt in record["prompts"]),
                    str(record["model"]),
                    str(record["weights"]),
                ),
                label=int(record["label"]),
                parent=int(record["parent"]),
                classes=ClassTable.from_json(record["classes"]) if "classes" in record else None,
                ratings=_by_label(record["ratings"]) if "ratings" in record else None,
                time=str(record["time"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise JournalError(f"the journal has a damaged entry: {error}") from error
        except NapariSamError as error:
            raise JournalError(str(error)) from error


def _by_label(ratings: Mapping[str, Any]) -> dict[int, Any]:
    """Turn the keys of a JSON object back into labels."""
    return {int(label): rating for label, rating in ratings.items()}
