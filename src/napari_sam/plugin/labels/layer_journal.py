"""LayerJournal: the journal of a Labels layer, from its first object to its end; no Qt."""

import weakref
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from napari.layers import Labels
from napari.utils.events import Event
from napari.utils.notifications import show_warning
from psygnal import Signal

from napari_sam.errors import JournalError
from napari_sam.image.volume import Plane
from napari_sam.journal.entry import CHANGES, CLASSES, PAINTED, SAVED, UNDONE, Entry
from napari_sam.journal.journal import Journal
from napari_sam.labels.edit import LabelEdit
from napari_sam.labels.label_array import LabelArray
from napari_sam.labels.packed_edit import PackedEdit
from napari_sam.plugin.layers.conventions import JOURNAL_KEY
from napari_sam.plugin.undo.history import BYTES, STEPS
from napari_sam.tiles.bbox import BBox

from .class_layer import classes_of_layer, set_classes
from .lineage import forget_parent, note_parent
from .noted_step import NotedStep
from .painted_edits import painted_edits
from .replayed_labels import all_regions, differences, empty_labels

_COMPARED = 1 << 27
"""Pixels of labels up to which all are compared with the journal; below, some tenths of a second.
Above, changes that napari does not tell of, such as a script's, are found where others happen."""

_TOGETHER = 64
"""Number of edits of painted pixels in an entry, at most."""


class LayerJournal:
    """Journal of one Labels layer; it replays to what the layer shows, at every moment.

    It lives as long as the layer, with the dock open or not, and listens to the layer itself: to
    strokes of napari's brush, eraser and fill, and to napari's own undo and redo. A copy of the
    layer has another journal.

    Parameters
    ----------
    layer : napari.layers.Labels
        The layer; referred to weakly.
    journal : Journal
        Its file; the lock is taken with the first entry.
    channel_axis : int or None
        Axis of the layer's data that labels do not have.
    is_blank : bool
        Whether the layer has no label yet.

    Signals
    -------
    painted : object, NotedStep or None
        napari painted: the value of its event, and the step in the journal; None within the open
        step.
    undone, redone : NotedStep
        napari took a step back by itself, or did it again.
    """

    painted = Signal(object, object)
    undone = Signal(object)
    redone = Signal(object)

    def __init__(
        self, layer: Labels, journal: Journal, channel_axis: int | None, is_blank: bool
    ) -> None:
        self._layer = weakref.ref(layer)
        self._channel_axis = channel_axis
        self.journal = journal
        self.started = self.is_closed = self._is_behind = False
        self._replayed: LabelArray = empty_labels(self.labels.shape, self.labels.dtype)
        self._done: deque[NotedStep] = deque(maxlen=STEPS)
        self._undone: list[NotedStep] = []
        self._open: NotedStep | None = None
        self._is_quiet = self._is_warned = False
        self._before: list[PackedEdit] = []
        if not is_blank:
            labels = self.labels
            edits = differences(self._replayed, labels, all_regions(labels))
            self._before = list(self._packed(edits))
        for name, listener in self._listeners:
            getattr(layer.events, name).connect(listener)

    @property
    def _listeners(self) -> tuple[tuple[str, Any], ...]:
        return ("paint", self._note_painted), ("set_data", self._observe), ("data", self._replaced)

    @property
    def layer(self) -> Labels:
        """The layer."""
        layer = self._layer()
        if layer is None:
            raise RuntimeError("the Labels layer is gone, and its journal with it")
        return layer

    @property
    def is_untouched(self) -> bool:
        """Whether the layer had no labels, and nothing was noted yet."""
        return not self.started and not self._before

    @property
    def labels(self) -> LabelArray:
        """The layer's labels without an axis of channels."""
        data, axis = self.layer.data, self._channel_axis
        return data if axis is None else data[(slice(None),) * axis + (0,)]

    def close(self) -> None:
        """Listen no longer, and let another writer have the file: the layer was removed."""
        layer = self._layer()
        if layer is not None:
            for name, listener in self._listeners:
                getattr(layer.events, name).disconnect(listener)
        self.is_closed = True
        self.journal.close()

    # --- steps -------------------------------------------------------------------------------

    def begin(self) -> None:
        """Begin a step: later entries are undone together."""
        self._catch_up()
        self._open = NotedStep()

    def end(self) -> NotedStep | None:
        """End the step; None for a step without entries."""
        step, self._open = self._open, None
        if step is None or not step.entries:
            return None
        self._push(step)
        self._undone.clear()
        return step

    def _push(self, step: NotedStep) -> None:
        self._done.append(step)
        while len(self._done) > 1 and sum(each.size for each in self._done) > BYTES:
            self._done.popleft()

    def note(self, entry: Entry, edits: Sequence[LabelEdit]) -> None:
        """Write an entry of the open step, before its edits are painted.

        Parameters
        ----------
        entry : Entry
            With the edits, and the new classes of labels.
        edits : sequence of LabelEdit
            The same edits, unpacked.
        """
        self._start()
        if self._open is None:
            raise RuntimeError("an entry of the journal belongs to a step: begin one")
        table = classes_of_layer(self.layer.metadata)
        assigned = entry.classes.of_label if entry.classes is not None else ()
        self._open.add(entry, edits, {label: table.class_of(label) for label in assigned})
        if self._append(entry, self._open):
            for edit in edits:
                edit.apply(self._replayed)

    def take_back(self, step: NotedStep) -> None:
        """Note that the layer shows the labels of before a step: pixels, classes and mothers.

        The last step becomes ``undone`` in the file. Of an earlier step, the changed pixels are
        painted over in the file, for only the last entry can be undone there.
        """
        is_last = bool(self._done) and self._done[-1] is step
        if is_last:
            self._done.pop()
            while step.in_file and self._append(Entry(UNDONE)):
                step.in_file.pop().take_back(self._replayed)
            if step.in_file:
                self._done.clear()  # it is unknown to which step the last entry belongs
        self._undone.append(step)
        for entry in step.entries:
            if entry.parent:
                forget_parent(self.layer, entry.label)
        if step.classes_before:
            table = classes_of_layer(self.layer.metadata).assign(step.classes_before)
            set_classes(self.layer, table)
            if not is_last:
                self._append(Entry(CLASSES, classes=table))
        self.compare(step.regions)

    def do_again(self, step: NotedStep) -> None:
        """Note that a step is done again: pixels, classes and mothers."""
        if self._undone and self._undone[-1] is step:
            self._undone.pop()
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        step.in_file = []
        for entry in step.entries:
            if self._append(replace(entry, time=now), step):
                entry.apply(self._replayed)
            if entry.classes is not None:
                table = classes_of_layer(self.layer.metadata).assign(entry.classes.of_label)
                set_classes(self.layer, table)
            if entry.parent:
                note_parent(self.layer, entry.label, entry.parent)
        self._push(step)

    # --- other entries -----------------------------------------------------------------------

    def append(self, entry: Entry) -> None:
        """Write classes or ratings, if the journal has begun: before, nothing can be lost."""
        if self.started:
            self._append(entry)

    def begin_saved(self) -> None:
        """Begin the file with what the layer has, and note that another file has that too."""
        self._start()
        self._append(Entry(SAVED))

    def note_saved(self) -> None:
        """Note that the labels are in a file."""
        if self.started:
            self.compare()
            self._append(Entry(SAVED))

    def _start(self) -> None:
        """Begin the file with what the layer has already."""
        if self.started:
            return
        self.started = True
        self.layer.metadata[JOURNAL_KEY] = str(self.journal.path)
        table = classes_of_layer(self.layer.metadata)
        if table.classes:
            self._append(Entry(CLASSES, classes=table))
        step, self._open = self._open, None  # what was there before is no part of a step
        before, self._before = self._before, []
        self._write_painted(before)
        self._open = step

    def _catch_up(self) -> None:
        """Write what could not be written before, on a full disk."""
        if self._is_behind:
            self._is_behind = False
            step, self._open = self._open, None
            self.compare()
            self._open = step

    def _append(self, entry: Entry, step: NotedStep | None = None) -> bool:
        """Write an entry, of a step that may be undone; whether that was possible."""
        try:
            self.journal.append(entry)
        except JournalError as error:
            self._is_behind |= entry.kind in CHANGES or entry.kind == UNDONE
            if not self._is_warned:  # once: on a full disk, every click would show the warning
                show_warning(str(error))
            self._is_warned = True
            return False
        if step is not None:
            step.in_file.append(entry)
        return True

    # --- what napari does by itself ----------------------------------------------------------

    def compare(
        self, regions: Iterable[tuple[Plane, BBox]] | None = None, everywhere: bool = False
    ) -> None:
        """Compare the layer with the file, and write what differs, as a part of the open step.

        Parameters
        ----------
        regions : iterable of (plane, bbox), optional
            Where to look; by default everywhere, unless the layer is too large for that.
        everywhere : bool
            Whether to look everywhere in a large layer too, which takes seconds.
        """
        if regions is None:
            is_small = self.layer.data.size <= _COMPARED
            regions = all_regions(self.labels) if everywhere or is_small else ()
        self._write_painted(self._packed(differences(self._replayed, self.labels, regions)))

    def _packed(self, edits: Iterable[LabelEdit]) -> Iterator[PackedEdit]:
        """Pack edits that the caller writes; each is applied before the next is asked for."""
        for edit in edits:
            edit.apply(self._replayed)
            yield PackedEdit.of(edit)

    def _write_painted(self, edits: Iterable[PackedEdit]) -> None:
        edits = iter(edits)
        while batch := tuple(islice(edits, _TOGETHER)):
            self._start()
            entry, step = Entry(PAINTED, batch), self._open or NotedStep()
            step.add(entry, [packed.edit() for packed in batch], {})
            if not self._append(entry, step):
                entry.take_back(self._replayed)
            if self._open is None:
                self._push(step)

    def _note_painted(self, event: Event) -> None:
        """Write a stroke of napari, or one that napari adds to the open step."""
        edits = painted_edits(event.value, self._replayed, self._channel_axis)
        if self._open is not None:
            self._write_painted(self._packed(edits))
            self.painted.emit(event.value, None)
            return
        self.begin()
        self._write_painted(self._packed(edits))
        self.painted.emit(event.value, self.end())

    @contextmanager
    def quietly(self) -> Iterator[None]:
        """Take no notice of napari's undo and redo inside: the dock asked for them."""
        self._is_quiet = True
        try:
            yield
        finally:
            self._is_quiet = False

    def _observe(self, event: Event | None = None) -> None:
        """Notice that napari took a step back, or did it again, which it does not tell."""
        if self._is_quiet or self._open is not None:
            return
        labels = self.labels
        if self._done and self._done[-1].is_undone_in(labels):
            step = self._done[-1]
            self.take_back(step)
            self.undone.emit(step)
        elif self._undone and self._undone[-1].is_done_in(labels):
            step = self._undone[-1]
            self.do_again(step)
            self.compare(step.regions)
            self.redone.emit(step)

    def _replaced(self, event: Event | None = None) -> None:
        """Write what differs after the layer got another array."""
        if self.labels.shape != self._replayed.shape:
            self.close()  # the dock makes another layer, for these are not the image's labels
            return
        self._done.clear()
        self._undone.clear()
        self.compare(everywhere=True)
