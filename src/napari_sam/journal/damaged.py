"""Damaged: an unreadable entry of a journal, and the warning about such entries."""

from collections.abc import Sequence
from dataclasses import dataclass

_NAMED = 5
"""Number of damaged entries that a warning names."""


@dataclass(frozen=True, slots=True)
class Damaged:
    """Unreadable entry of a journal, left out when the journal is read.

    Made by :func:`~napari_sam.journal.read.read_lines`. A damaged change of labels counts as an
    entry: an ``undone`` entry after it takes back the damaged entry, and no other.

    Parameters
    ----------
    number : int
        Number of the line in the file, from 1.
    kind : str
        Kind of the entry as far as it can be read; empty for none.
    label : int
        Label of the object; 0 for none or several.
    reason : str
        The field and the fault.
    """

    number: int
    kind: str
    label: int
    reason: str

    @property
    def name(self) -> str:
        """Line and label, for people."""
        return f"line {self.number}" + (f" (label {self.label})" if self.label else "")


def damage_warning(file: str, damaged: Sequence[Damaged]) -> str:
    """Sentence that names the damaged entries of a journal; empty without any.

    Parameters
    ----------
    file : str
        Name of the journal.
    damaged : sequence of Damaged
        The entries; the first five are named, and the fault of the first.
    """
    if not damaged:
        return ""
    names = ", ".join(each.name for each in damaged[:_NAMED])
    more = f" and {len(damaged) - _NAMED} more" if len(damaged) > _NAMED else ""
    entries = "a damaged entry is" if len(damaged) == 1 else f"{len(damaged)} damaged entries are"
    return f"{file}: {entries} left out: {names}{more}: {damaged[0].reason}"
