"""Safekeeping: every change of the labels goes to the journal first, and comes back from it."""

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
from napari_sam.labels.packed_edit import PackedEdit
from napari_sam.plugin.image.image_source import ImageSource
from napari_sam.plugin.layers.conventions import JOURNAL_KEY

from .class_layer import classes_of_layer, set_classes
from .lineage import note_parent

_SAMPLE = 64  # pixels a side of each crop that tells an image from others


class Safekeeping:
    """The journal of the labels of one image.

    Parameters
    ----------
    source : ImageSource
        The image.
    path : str
        Of its file; empty if there is none.

    Attributes
    ----------
    offered : bool
        Whether an earlier napari ended with objects in no file, and the user has not said yet what
        shall become of them.
    """

    def __init__(self, source: ImageSource, path: str) -> None:
        self._subject = Subject(
            source.name, path, source.label_axes, source.label_shape, sample_of(source)
        )
        self._journal, self.offered = open_journal(self._subject)
        self._steps: list[list[tuple[PackedEdit, Mapping[int, str]]]] = []
        self._told = False

    def go_on(self, layer: Labels) -> None:
        """Use the journal of a Labels layer that is there still: nothing of it is missing."""
        path = layer.metadata.get(JOURNAL_KEY)
        if path is not None:
            self._journal, self.offered = Journal(Path(path), self._subject), False

    def waiting(self) -> list[Entry]:
        """What the earlier napari had accepted."""
        return self._journal.accepted() if self.offered else []

    def begin_step(self) -> None:
        """What is noted from now on is taken back at once."""
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
        """Write down that labels are about to change, and what their `classes` will be.

        None if they do not change.
        """
        if self.offered:  # the user goes on without; what was offered stays for the next time
            self._journal, self.offered = _new_journal(self._subject), False
        packed = tuple(PackedEdit.of(edit) for edit in edits if not edit.empty)
        if not packed:
            return None
        table = classes_of_layer(layer.metadata)
        if JOURNAL_KEY not in layer.metadata and table.classes:
            self._append(Entry(CLASSES, classes=table))
        given = table.only(classes) if classes else None
        entry = Entry(ACCEPTED, packed, origin, label, parent, given)
        self._note(entry, layer)
        return entry

    def _note(self, entry: Entry, layer: Labels) -> None:
        table = classes_of_layer(layer.metadata)
        given = entry.classes.of_label if entry.classes is not None else ()
        layer.metadata[JOURNAL_KEY] = str(self._journal.path)
        self._steps[-1].append((entry.edits[0], {k: table.class_of(k) for k in given}))
        self._append(entry)

    def note_again(self, entries: Sequence[Entry], layer: Labels) -> None:
        """Write down that changes are made again that were taken back."""
        self.begin_step()
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        for entry in entries:
            self._note(replace(entry, time=now), layer)

    def note_classes(self, layer: Labels, table: ClassTable) -> None:
        """Write down that the user changed the table of classes."""
        if JOURNAL_KEY in layer.metadata:  # before, there is nothing to be restored
            self._append(Entry(CLASSES, classes=table))

    def note_ratings(self, layer: Labels, ratings: Mapping[int, Any]) -> None:
        """Write down what is known of objects now, as JSON values by label; None for nothing."""
        if JOURNAL_KEY in layer.metadata:
            self._append(Entry(RATED, ratings=ratings))

    def ratings(self) -> Mapping[int, Any]:
        """What was known of the objects that are waiting."""
        return self._journal.ratings() if self.offered else {}

    def note_undone(self, labels: Any) -> Mapping[int, str]:
        """Write down that the last change was taken back, if it was it and not a brush stroke.

        Returns
        -------
        mapping of int to str
            The classes of its labels before it.
        """
        self._steps = [step for step in self._steps if step]
        if not self._steps:
            return {}
        edit = self._steps[-1][-1][0].edit()
        there = np.asarray(labels[edit.region])
        return self.note_taken_back() if (there[edit.mask] == edit.old[edit.mask]).all() else {}

    def note_taken_back(self) -> Mapping[int, str]:
        """Write down that the last step was taken back; gives the classes of its labels before."""
        self._steps = [step for step in self._steps if step]
        before: dict[int, str] = {}
        for _, classes in reversed(self._steps.pop()):
            before |= classes
            self._append(Entry(UNDONE))
        return before

    def restore(self, layer: Labels, labels: Any) -> int:
        """Do again what an earlier napari had accepted; returns how many changes that were."""
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
        """Never offer again what an earlier napari had accepted; the file stays."""
        self._append(Entry(DISCARDED))
        self._journal, self.offered = _new_journal(self._subject), False

    def _append(self, entry: Entry) -> None:
        try:
            self._journal.append(entry)
        except JournalError as error:
            if not self._told:  # once: the user cannot help it with every click
                show_warning(str(error))
            self._told = True


def sample_of(source: ImageSource) -> str:
    """Hash of some pixels: of the middle and the upper left of the middle plane."""
    digest = hashlib.sha256()
    height, width = source.plane_size
    leading = tuple(n // 2 for n in source.data.shape[: len(source.layer_axes) - 2])
    for y, x in ((height // 2, width // 2), (0, 0)):
        crop = source.data[(*leading, slice(y, y + _SAMPLE), slice(x, x + _SAMPLE))]
        digest.update(np.ascontiguousarray(crop).tobytes())
    return digest.hexdigest()[:32]


def _new_journal(subject: Subject) -> Journal:
    return open_journal(subject, fresh=True)[0]
