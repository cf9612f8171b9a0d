"""Content: changes, classes, ratings and lesson after the last entry of a journal."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from napari_sam.labels.classes import ClassTable

from .classes import classes_of
from .damaged import Damaged
from .entry import (
    CHANGES,
    DISCARDED,
    LEARNED,
    RATED,
    RELATED,
    RETURNED,
    SAVED,
    UNDONE,
    Entry,
)
from .lesson_record import LessonRecord

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Content:
    """Changes, classes, ratings and lesson after the last entry of a journal.

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
    lesson : LessonRecord or None
        What the model has learned that answers; None for the model as it was.
    related : mapping of int to int
        Mothers by daughter that changed apart from any pixel; 0 for none any more.
    """

    changes: tuple[Entry, ...]
    saved_changes: tuple[Entry, ...]
    is_saved: bool
    classes: ClassTable
    ratings: Mapping[int, Any]
    damaged: tuple[Damaged, ...]
    lesson: LessonRecord | None = None
    related: Mapping[int, int] = field(default_factory=dict)

    @property
    def parents(self) -> dict[int, int]:
        """Label of each daughter to that of its mother."""
        accepted = {entry.label: entry.parent for entry in self.changes if entry.parent}
        parents = accepted | dict(self.related)
        return {daughter: mother for daughter, mother in parents.items() if mother}

    @classmethod
    def of(cls, lines: Iterable[Entry | Damaged]) -> "Content":
        """Compute the content from all entries of a journal, in order."""
        lines = list(lines)
        changes, saved_changes, is_saved = standing((line.kind, line) for line in lines)
        return cls(
            changes=tuple(change for change in changes if isinstance(change, Entry)),
            saved_changes=tuple(change for change in saved_changes if isinstance(change, Entry)),
            is_saved=is_saved,
            classes=classes_of(lines),
            ratings=_ratings(lines),
            damaged=tuple(line for line in lines if isinstance(line, Damaged)),
            lesson=_lesson(lines),
            related=_related(lines),
        )


def standing(lines: Iterable[tuple[str, Item]]) -> tuple[list[Item], list[Item], bool]:
    """Changes after the last line of a journal, at the last save, and whether all are saved.

    Parameters
    ----------
    lines : iterable of tuple
        Kind of each line, empty for a damaged line without one, and the line in any form.

    Returns
    -------
    list, list, bool
        Lines of changes neither undone nor discarded, in order; those that stood at the last save;
        whether no label or class changed after it. A rating, a lesson or a
        mother changes none.
    """
    changes, saved, discarded = list[Item](), list[Item](), list[Item]()
    is_saved = False
    for kind, line in lines:
        is_saved = is_saved if kind in ("", RATED, LEARNED, RELATED) else kind == SAVED
        if kind in CHANGES:
            changes.append(line)
        elif kind == UNDONE:
            del changes[-1:]
        elif kind == SAVED:
            saved = [*changes]
        elif kind == DISCARDED:
            changes, discarded = [], changes
        elif kind == RETURNED:
            changes = [*discarded]
    return changes, saved, is_saved


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


def _related(lines: Iterable[Entry | Damaged]) -> dict[int, int]:
    related, discarded = dict[int, int](), dict[int, int]()
    for line in lines:
        if line.kind == DISCARDED:
            related, discarded = {}, related
        if line.kind == RETURNED:
            related = {**discarded}
        if isinstance(line, Entry):
            related |= line.parents or {}
    return related


def _lesson(lines: Iterable[Entry | Damaged]) -> LessonRecord | None:
    lesson = discarded = None
    for line in lines:
        if line.kind == DISCARDED:
            lesson, discarded = None, lesson
        if line.kind == RETURNED:
            lesson = discarded
        if isinstance(line, Entry) and line.kind == LEARNED:
            lesson = line.lesson
    return lesson
