"""Safekeeping: changes of the labels go to a journal first, and can be restored; no Qt."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from napari.layers import Labels
from napari.utils.notifications import show_warning

from napari_sam.errors import JournalError
from napari_sam.journal.entry import ACCEPTED, CLASSES, DISCARDED, RATED, UNDONE, Entry, Origin
from napari_sam.journal.journal import Journal, Subject, open_journal
from napari_sam.labels.classes import ClassTable
from napari_sam.labels.edit import LabelEdit
from napari_sam.labels.label_array import LabelArray
from napari_sam.labels.packed_edit import PackedEdit
from napari_sam.plugin.image.image_source import ImageSource
from napari_sam.plugin.layers.conventions import JOURNAL_KEY

from .class_layer import classes_of_layer, set_classes
from .lineage import note_parent

_SAMPLE = 64  # pixels a side of each crop that tells an image from others


class Safekeeping:
    """Journal of an image's labels.

    Parameters
    ----------
    source : ImageSource
        The image.
    path : str
        File of the image; empty without a file.

    Attributes
    ----------
    offered : bool
        Whether an earlier napari ended with unsaved objects, and the user has not chosen yet to
        restore or to forget.
    """

    def __init__(self, source: ImageSource, path: str) -> None:
        self._subject = Subject(
            source.name, path, source.label_axes, source.label_shape, sample_of(source)
        )
        self._journal, self.offered = open_journal(self._subject)
        self._steps: list[list[tuple[PackedEdit, Mapping[int, str]]]] = []
        self._warned = False

    def go_on(self, layer: Labels) -> None:
        """Go on with the journal of an existing Labels layer: the layer has all entries."""
        path = layer.metadata.get(JOURNAL_KEY)
        if path is not None:
            self._journal, self.offered = Journal(Path(path), self._subject), False

    def waiting(self) -> list[Entry]:
        """Offered entries of an earlier napari; empty without an offer."""
        return self._journal.accepted() if self.offered else []

    def begin_step(self) -> None:
        """Begin a step: later entries are undone together."""
        self._steps = [step for step in self._steps if step]
        self._steps.append([])

    def note(
        self,
        edits: Sequence[LabelEdit],
        layer: Labels,
        label: int,
        parent: int,
        origin: Origin,
        classes: Mapping[int, str],
    ) -> Entry | None:
        """Write a coming change of labels, and the new `classes` of the labels.

        None if no pixel changes.
        """
        if self.offered:  # the user did not answer: a new journal, and the offer comes again later
            self._journal, self.offered = _new_journal(self._subject), False
        packed = tuple(PackedEdit.of(edit) for edit in edits if not edit.empty)
        if not packed:
            return None
        table = classes_of_layer(layer.metadata)
        if JOURNAL_KEY not in layer.metadata and table.classes:
            self._append(Entry(CLASSES, classes=table))
        assigned = table.only(classes) if classes else None
        entry = Entry(ACCEPTED, packed, origin, label, parent, assigned)
        self._note(entry, layer)
        return entry

    def _note(self, entry: Entry, layer: Labels) -> None:
        table = classes_of_layer(layer.metadata)
        assigned = entry.classes.of_label if entry.classes is not None else ()
        layer.metadata[JOURNAL_KEY] = str(self._journal.path)
        self._steps[-1].append((entry.edits[0], {k: table.class_of(k) for k in assigned}))
        self._append(entry)

    def note_again(self, entries: Sequence[Entry], layer: Labels) -> None:
        """Write entries again, for a step done again."""
        self.begin_step()
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        for entry in entries:
            self._note(replace(entry, time=now), layer)

    def note_classes(self, layer: Labels, table: ClassTable) -> None:
        """Write a new table of classes."""
        if JOURNAL_KEY in layer.metadata:  # before, there is nothing to be restored
            self._append(Entry(CLASSES, classes=table))

    def note_ratings(self, layer: Labels, ratings: Mapping[int, Any]) -> None:
        """Write ratings, as JSON values by label; None for no rating."""
        if JOURNAL_KEY in layer.metadata:
            self._append(Entry(RATED, ratings=ratings))

    def ratings(self) -> Mapping[int, Any]:
        """Ratings of the offered objects, as JSON values by label."""
        return self._journal.ratings() if self.offered else {}

    def note_undone(self, labels: LabelArray) -> Mapping[int, str]:
        """Write the undo of the last entry, unless napari has undone a brush stroke instead.

        Returns
        -------
        mapping of int to str
            Former classes of the labels of the entry.
        """
        self._steps = [step for step in self._steps if step]
        if not self._steps:
            return {}
        edit = self._steps[-1][-1][0].edit()
        pixels = np.asarray(labels[edit.region])
        return self.note_taken_back() if (pixels[edit.mask] == edit.old[edit.mask]).all() else {}

    def note_taken_back(self) -> Mapping[int, str]:
        """Write the undo of the last step; returns the former classes of the labels."""
        self._steps = [step for step in self._steps if step]
        before: dict[int, str] = {}
        for _, classes in reversed(self._steps.pop()):
            before |= classes
            self._append(Entry(UNDONE))
        return before

    def restore(self, layer: Labels, labels: LabelArray) -> int:
        """Apply the offered entries to the labels; returns the number of entries."""
        entries = self.waiting()
        for entry in entries:
            entry.apply(labels)
            if entry.parent:
                note_parent(layer, entry.label, entry.parent)
        extra = classes_of_layer(layer.metadata).classes
        set_classes(layer, self._journal.classes().with_classes(extra))
        layer.metadata[JOURNAL_KEY] = str(self._journal.path)
        self.offered = False
        return len(entries)

    def discard(self) -> None:
        """Discard the offer for good; the file of the journal stays."""
        self._append(Entry(DISCARDED))
        self._journal, self.offered = _new_journal(self._subject), False

    def _append(self, entry: Entry) -> None:
        try:
            self._journal.append(entry)
        except JournalError as error:
            if not self._warned:  # once: on a full disk, every click would show the warning
                show_warning(str(error))
            self._warned = True


def sample_of(source: ImageSource) -> str:
    """Hash of pixels from the middle and the upper left of the middle plane."""
    digest = hashlib.sha256()
    height, width = source.plane_size
    leading = tuple(n // 2 for n in source.data.shape[: len(source.layer_axes) - 2])
    for y, x in ((height // 2, width // 2), (0, 0)):
        crop = source.data[(*leading, slice(y, y + _SAMPLE), slice(x, x + _SAMPLE))]
        digest.update(np.ascontiguousarray(crop).tobytes())
    return digest.hexdigest()[:32]


def _new_journal(subject: Subject) -> Journal:
    return open_journal(subject, fresh=True)[0]
