"""Entry: one line of a journal."""

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
_KINDS = {ACCEPTED, UNDONE, SAVED, DISCARDED, CLASSES, RATED}


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


@dataclass(frozen=True, slots=True)
class Origin:
    """What an object was made from.

    Parameters
    ----------
    prompts : tuple of Prompt
        Of the object; none if it was found automatically.
    model, weights : str
        The model's name, and the hash of its weights.
    """

    prompts: tuple[Prompt, ...] = ()
    model: str = ""
    weights: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """Something that happened to the labels.

    Parameters
    ----------
    kind : str
        ``accepted``: labels were changed by `edits`. ``undone``: the last such change was taken
        back. ``saved``: the labels are in a file. ``discarded``: the user wants none of it.
        ``classes``: the user changed the table of classes. ``rated``: it became known how sure the
        model is of objects, or that somebody looked at them.
    edits : tuple of PackedEdit
        Pixel by pixel what changed.
    origin : Origin
        What it was made from.
    label : int
        Of the object; 0 where there are several.
    parent : int
        Of the mother where a cell divided; 0 for none.
    classes : ClassTable, optional
        Of ``classes``, all of it; of ``accepted``, the classes that labels got.
    ratings : mapping of int to Any, optional
        Of ``rated``: by label what is known of it, as JSON values; None where that is nothing more.
    time : str
        ISO 8601, UTC.
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
        """Change labels as it says; see :meth:`LabelEdit.apply`."""
        for packed in self.edits:
            packed.edit().apply(labels)

    def take_back(self, labels: LabelArray) -> None:
        """Change labels to what they were before it."""
        for packed in reversed(self.edits):
            packed.edit().inverse().apply(labels)

    def to_line(self) -> str:
        """One line of JSON, with its end."""
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
            record["ratings"] = {str(label): one for label, one in self.ratings.items()}
        return json.dumps(record, separators=(",", ":")) + "\n"

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """From what :meth:`to_line` wrote.

        Raises
        ------
        JournalError
            If it is not an entry.
        """
        try:
            if record["kind"] not in _KINDS:
                raise JournalError(f"the journal has an entry of an unknown kind: {record['kind']}")
            return cls(
                kind=str(record["kind"]),
                edits=tuple(PackedEdit.from_json(one) for one in record["edits"]),
                origin=Origin(
                    tuple(from_record(one) for one in record["prompts"]),
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
    return {int(label): one for label, one in ratings.items()}
