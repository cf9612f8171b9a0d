"""Restored: lost labels, as they were or beside the labels that a layer has already; no Qt."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import numpy as np

from napari_sam.journal.content import Content
from napari_sam.journal.entry import ACCEPTED, Entry
from napari_sam.journal.lesson_record import LessonRecord
from napari_sam.labels.classes import ClassTable
from napari_sam.labels.edit import LabelEdit
from napari_sam.labels.label_array import LabelArray
from napari_sam.labels.packed_edit import PackedEdit

from .replayed_labels import differences, empty_labels


@dataclass(frozen=True, slots=True, eq=False)
class Restored:
    """Lost objects, ready for the journal of a layer.

    Parameters
    ----------
    entries : tuple of Entry
        Their pixels, where the layer has no label.
    classes : ClassTable
        Their classes.
    parents : mapping of int to int
        Label of a daughter to that of its mother.
    ratings : mapping of int to Any
        Their ratings, as JSON values by label.
    lesson : LessonRecord or None
        What the model had learned from them.
    """

    entries: tuple[Entry, ...]
    classes: ClassTable
    parents: Mapping[int, int]
    ratings: Mapping[int, Any]
    lesson: LessonRecord | None = None

    @classmethod
    def as_it_was(cls, content: Content) -> "Restored":
        """Restore the entries of a lost journal with their clicks, into empty labels."""
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        entries = tuple(replace(entry, time=now) for entry in content.changes)
        return cls(entries, content.classes, content.parents, content.ratings, content.lesson)

    @classmethod
    def beside(cls, labels: LabelArray, content: Content, first: int) -> "Restored":
        """Number lost objects anew, so that no label holds two objects.

        Parameters
        ----------
        labels : array-like
            The layer's, without channels.
        content : Content
            Of the lost journal.
        first : int
            The smallest label that is free in the layer.
        """
        lost = empty_labels(tuple(labels.shape), np.dtype(np.uint32))
        for entry in content.changes:
            entry.apply(lost)
        regions = {(edit.plane, edit.bbox) for entry in content.changes for edit in entry.edits}
        new = _Numbers(first)
        blank = empty_labels(tuple(labels.shape), np.dtype(np.uint32))
        edits = []
        for edit in differences(blank, lost, sorted(regions)):
            edit.apply(blank)
            old = np.array(labels[edit.region])
            mask = edit.mask & (old == 0)
            painted = np.where(mask, new.of_array(edit.new), old).astype(old.dtype)
            edits.append(LabelEdit(edit.plane, edit.bbox, mask, old, painted))
        packed = tuple(PackedEdit.of(edit) for edit in edits if not edit.empty)
        return cls(
            (Entry(ACCEPTED, packed),) if packed else (),
            content.classes.renumbered(new.of),
            {new.of(daughter): new.of(mother) for daughter, mother in content.parents.items()},
            {new.of(label): rating for label, rating in content.ratings.items()},
            content.lesson,
        )


class _Numbers:
    """New labels by old labels, counted in the order of the calls."""

    def __init__(self, first: int) -> None:
        self._first, self._new = first, dict[int, int]()

    def of(self, label: int) -> int:
        """Return the new label of an object."""
        return self._new.setdefault(label, self._first + len(self._new))

    def of_array(self, labels: Any) -> Any:
        """Return new labels of pixels; background stays."""
        values, places = np.unique(labels, return_inverse=True)
        new = [self.of(int(value)) if value else 0 for value in values]
        return np.array(new, np.uint32)[places].reshape(labels.shape)
