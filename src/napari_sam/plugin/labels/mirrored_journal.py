"""MirroredJournal: a journal's file, and in memory the labels that it replays to; no Qt."""

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import islice

import numpy as np
from napari.utils.notifications import show_warning

from napari_sam.errors import JournalError
from napari_sam.journal.entry import CHANGES, LEARNED, PAINTED, RATED, SAVED, UNDONE, Entry
from napari_sam.journal.journal import Journal
from napari_sam.labels.edit import LabelEdit
from napari_sam.labels.packed_edit import PackedEdit
from napari_sam.plugin.undo.history import BYTES, STEPS

from .counted_labels import CountedLabels
from .noted_step import NotedStep
from .replayed_labels import empty_labels

_TOGETHER = 64
"""Number of edits of painted pixels in an entry, at most."""


class MirroredJournal:
    """File of a journal with its replayed labels, and the last steps in the order of the file.

    Labels change here only by entries that could be written, so a comparison with a layer shows
    exactly the pixels that the file lacks.

    Parameters
    ----------
    journal : Journal
        The file; the lock is taken with the first entry.
    shape : tuple of int
        ``(*planes, Y, X)`` of the labels.
    dtype : dtype
        Of the labels.

    Attributes
    ----------
    labels : CountedLabels
        Replayed labels.
    is_behind : bool
        Whether a change could not be written, as on a full disk.
    changes : int
        Number of changes of labels and classes so far, written or not.
    """

    def __init__(self, journal: Journal, shape: Sequence[int], dtype: np.dtype) -> None:
        self.journal = journal
        self.labels = CountedLabels(empty_labels(tuple(shape), dtype))
        self.is_behind = self._is_warned = False
        self.changes = 0
        self._steps: deque[NotedStep] = deque(maxlen=STEPS)

    @property
    def last(self) -> NotedStep | None:
        """The step with the last change in the file; None if it is not known."""
        return self._steps[-1] if self._steps else None

    def push(self, step: NotedStep) -> None:
        """Add a step after its entries were written."""
        self._steps.append(step)
        while len(self._steps) > 1 and sum(each.size for each in self._steps) > BYTES:
            self._steps.popleft()

    def forget_steps(self) -> None:
        """Forget the steps: nothing in the file can be undone any more."""
        self._steps.clear()

    def append(self, entry: Entry) -> bool:
        """Write an entry; False after a warning, shown once, if that is impossible."""
        self.changes += entry.kind not in (RATED, LEARNED, SAVED)
        try:
            self.journal.append(entry)
        except JournalError as error:
            self.is_behind |= entry.kind in CHANGES or entry.kind == UNDONE
            if not self._is_warned:  # on a full disk, every click would show the warning
                show_warning(str(error))
            self._is_warned = True
            return False
        return True

    def change(self, entry: Entry, edits: Iterable[LabelEdit], step: NotedStep) -> None:
        """Write a change of a step.

        Parameters
        ----------
        entry : Entry
            Accepted or painted.
        edits : iterable of LabelEdit
            The edits of the entry, unpacked.
        step : NotedStep
            Gets the entry as one that is in the file.
        """
        if self.append(entry):
            step.in_file.append(entry)
            for edit in edits:
                edit.apply(self.labels)

    def paint(self, edits: Iterable[LabelEdit], step: NotedStep | None) -> None:
        """Write painted pixels.

        Parameters
        ----------
        edits : iterable of LabelEdit
            From `labels`; an edit is asked for after the edit before was applied.
        step : NotedStep or None
            The step that they belong to; None for a step of their own.
        """
        packed = map(self._painted, edits)
        while batch := tuple(islice(packed, _TOGETHER)):
            entry, part = Entry(PAINTED, batch), step or NotedStep()
            part.add(entry, [each.edit() for each in batch])
            if self.append(entry):
                part.in_file.append(entry)
            else:
                entry.take_back(self.labels)
            if step is None:
                self.push(part)

    def _painted(self, edit: LabelEdit) -> PackedEdit:
        edit.apply(self.labels)
        return PackedEdit.of(edit)

    def undo(self, step: NotedStep) -> bool:
        """Write that a step was taken back; False for a step that is not the last in the file."""
        if self.last is not step:
            return False
        self._steps.pop()
        while step.in_file and self.append(Entry(UNDONE)):
            step.in_file.pop().take_back(self.labels)
        if step.in_file:
            self.forget_steps()  # the last entry in the file belongs to a part of a step
        return True

    def redo(self, step: NotedStep) -> None:
        """Write the entries of a step once more, at the end."""
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        step.in_file = []
        for entry in step.entries:
            edits = (packed.edit() for packed in entry.edits)
            self.change(replace(entry, time=now), edits, step)
        self.push(step)
