"""Content: changes, classes and ratings after the last entry of a journal."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from napari_sam.labels.classes import ClassTable

from .classes import classes_of
from .damaged import Damaged
from .entry import CHANGES, DISCARDED, RATED, RETURNED, SAVED, UNDONE, Entry


@dataclass(frozen=True, slots=True)
class Content:
    """Changes, classes and ratings after the last entry of a journal.

    Parameters
    ----------
    changes : tuple of Entry
        Accepted and painted entries that were neither undone nor discarded, in order: applied to
        empty labels, they make the labels on the screen.
    saved_changes : tuple of Entry
        Changes that stood at the last save.
    is_saved : bool
        Whether labels and classes did not change after the last save.
    classes : ClassTable
        Table of classes.
    ratings : mapping of int to Any
        Ratings of automatically found objects, as JSON values by label.
    damaged : tuple of Damaged
        Entries that were left out.
    """

    changes: tuple[Entry, ...]
    saved_changes: tuple[Entry, ...]
    is_saved: bool
    classes: ClassTable
    ratings: Mapping[int, Any]
    damaged: tuple[Damaged, ...]

    @classmethod
    def of(cls, lines: Iterable[Entry | Damaged]) -> "Content":
        """Compute the content from all entries of a journal, in order."""
        lines = list(lines)
        changes, saved_changes, is_saved = _standing(lines)
        return cls(
            changes=tuple(change for change in changes if isinstance(change, Entry)),
            saved_changes=tuple(change for change in saved_changes if isinstance(change, Entry)),
            is_saved=is_saved,
            classes=classes_of(lines),
            ratings=_ratings(lines),
            damaged=tuple(line for line in lines if isinstance(line, Damaged)),
        )


_Lines = list[Entry | Damaged]


def _standing(lines: Iterable[Entry | Damaged]) -> tuple[_Lines, _Lines, bool]:
    """Return the changes that stand, those of the last save, and whether none came after it."""
    changes, saved, discarded = _Lines(), _Lines(), _Lines()
    is_saved = False
    for line in lines:
        is_saved = after(line.kind, is_saved)
        if line.kind in CHANGES:
            changes.append(line)
        elif line.kind == UNDONE:
            del changes[-1:]
        elif line.kind == SAVED:
            saved = [*changes]
        elif line.kind == DISCARDED:
            changes, discarded = [], changes
        elif line.kind == RETURNED:
            changes = [*discarded]
    return changes, saved, is_saved


def after(kind: str, is_saved: bool) -> bool:
    """Whether labels are saved after an entry of a kind; a rating or no kind changes no label."""
    return is_saved if kind in ("", RATED) else kind == SAVED


def _ratings(lines: Iterable[Entry | Damaged]) -> dict[int, Any]:
    ratings, discarded = dict[int, Any](), dict[int, Any]()
    for line in lines:
        if line.kind == DISCARDED:
            ratings, discarded = {}, ratings
        if line.kind == RETURNED:
            ratings = {**discarded}
        if isinstance(line, Entry):
            ratings |= line.ratings or {}
    return {label: rating for label, rating in ratings.items() if rating is not None}
