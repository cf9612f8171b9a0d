"""LayerJournal: the journal of a Labels layer, as long as the layer lives; no Qt."""

import weakref
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import chain
from typing import Any

from napari.layers import Labels
from napari.utils.events import Event
from psygnal import Signal

from napari_sam.image.volume import Plane
from napari_sam.journal.entry import CLASSES, LEARNED, PAINTED, SAVED, Entry
from napari_sam.journal.journal import Journal
from napari_sam.labels.edit import LabelEdit
from napari_sam.labels.label_array import LabelArray
from napari_sam.labels.packed_edit import PackedEdit
from napari_sam.plugin.layers.conventions import JOURNAL_KEY, LESSON_KEY
from napari_sam.tiles.bbox import BBox

from .class_layer import classes_of_layer, set_classes
from .lineage import forget_parent, note_parent
from .mirrored_journal import MirroredJournal
from .noted_step import NotedStep
from .painted_edits import painted_edits
from .replayed_labels import all_regions, differences

_HISTORY = ("undo", "redo")
"""Methods of napari's Labels that go through its own history."""

_COMPARED = 1 << 27
"""Pixels of a layer above which :meth:`LayerJournal.compare` looks only where it is told to: all
pixels of a smaller layer take some tenths of a second."""


class LayerJournal:
    """Journal of one Labels layer; at every moment, the file replays to the labels on the screen.

    A layer has it with the dock open or closed. It listens to the layer: to strokes of napari's
    brush, eraser and fill, and to napari's own undo and redo. A copy of the layer has no part in
    it.

    Parameters
    ----------
    layer : napari.layers.Labels
        The layer; referred to weakly.
    journal : Journal
        Its file.
    channel_axis : int or None
        Axis of the layer's data that labels do not have.
    is_blank : bool
        Whether the layer is known to have no label yet.

    Attributes
    ----------
    journal : Journal
        The file.
    mirror : MirroredJournal
        The labels as the file has them, which are compared with the layer's.
    started : bool
        Whether the file has an entry. Labels that the layer had before are written first.
    is_closed : bool
        Whether the layer was removed, or has data of another shape now.

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
        self._layer, self._channel_axis = weakref.ref(layer), channel_axis
        self.journal = journal
        self.mirror = MirroredJournal(journal, self.labels.shape, self.labels.dtype)
        self.started = self.is_closed = self._is_quiet = False
        self._undone: list[NotedStep] = []
        self._open: NotedStep | None = None
        self._before = NotedStep()
        if not is_blank:
            for edit in differences(self.mirror.labels, self.labels, all_regions(self.labels)):
                edit.apply(self.mirror.labels)
                self._before.add(Entry(PAINTED, (PackedEdit.of(edit),)), [edit])
        for name, listener in self._listeners:
            getattr(layer.events, name).connect(listener)
        # of a hidden layer napari draws nothing, and so tells nobody that it undid a step
        for name in _HISTORY:
            setattr(layer, name, partial(self._do_and_observe, name))

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
    def labels(self) -> LabelArray:
        """The layer's labels without an axis of channels."""
        data, axis = self.layer.data, self._channel_axis
        return data if axis is None else data[(slice(None),) * axis + (0,)]

    @property
    def is_untouched(self) -> bool:
        """Whether the layer had no labels, and nothing was noted yet."""
        return not self.started and not self._before.entries

    def close(self) -> None:
        """Listen no longer, and let another writer have the file: the layer was removed."""
        layer = self._layer()
        if layer is not None:
            for name, listener in self._listeners:
                getattr(layer.events, name).disconnect(listener)
            for name in _HISTORY:
                vars(layer).pop(name, None)
        self.is_closed = True
        self.journal.close()

    # --- steps -------------------------------------------------------------------------------

    def begin(self) -> None:
        """Begin a step: later entries are undone together."""
        if self.mirror.is_behind:
            self.mirror.is_behind = False
            self.compare()
        self._open = NotedStep()

    def end(self) -> NotedStep | None:
        """End the step; None for a step without entries."""
        step, self._open = self._open, None
        if step is None or not step.entries:
            return None
        self.mirror.push(step)
        self._undone.clear()
        return step

    def note(self, entry: Entry, edits: Sequence[LabelEdit]) -> None:
        """Write an entry of the open step, before its edits are painted.

        Parameters
        ----------
        entry : Entry
            With the edits, and the new classes of labels.
        edits : sequence of LabelEdit
            The same edits, unpacked.
        """
        if self._open is None:
            raise RuntimeError("an entry of the journal belongs to a step: begin one")
        self._start()
        self._open.add(entry, edits)
        if entry.classes is not None:
            if not self._open.classified:
                self._open.classes_before = classes_of_layer(self.layer.metadata)
            self._open.classified.update(entry.classes.of_label)
        self.mirror.change(entry, edits, self._open)

    def take_back(self, step: NotedStep) -> None:
        """Note that the layer shows the labels of before a step: pixels, classes and mothers.

        The last step becomes ``undone`` in the file. The pixels of an earlier step are painted
        over in the file, where only the last entry can be undone.
        """
        is_last = self.mirror.undo(step)
        self._undone.append(step)
        for entry in step.entries:
            if entry.parent:
                forget_parent(self.layer, entry.label)
        if step.classified:
            before = step.classes_before.part(step.classified)
            table = classes_of_layer(self.layer.metadata).put(before)
            set_classes(self.layer, table)
            if not is_last:
                self.mirror.append(Entry(CLASSES, classes=table))
        self.compare(step.regions)

    def do_again(self, step: NotedStep) -> None:
        """Note that a step is done again: pixels, classes and mothers."""
        if self._undone and self._undone[-1] is step:
            self._undone.pop()
        self.mirror.redo(step)
        for entry in step.entries:
            if entry.classes is not None:
                table = classes_of_layer(self.layer.metadata).assign(entry.classes.of_label)
                set_classes(self.layer, table)
            if entry.parent:
                note_parent(self.layer, entry.label, entry.parent)

    # --- other entries -----------------------------------------------------------------------

    def append(self, entry: Entry) -> None:
        """Write classes or ratings, if the file has an entry: before, nothing can be lost."""
        if self.started:
            self.mirror.append(entry)

    def begin_saved(self) -> None:
        """Begin the file with the labels of the layer, and mark them as saved."""
        self._start()
        self.mirror.append(Entry(SAVED))

    def note_saved(self) -> None:
        """Note that the labels are in a file."""
        if self.started:
            self.compare()
            self.mirror.append(Entry(SAVED))

    def _start(self) -> None:
        """Begin the file with the classes and labels that the layer has already."""
        if self.started:
            return
        self._set_started()
        table = classes_of_layer(self.layer.metadata)
        if table.classes:
            self.mirror.append(Entry(CLASSES, classes=table))
        if lesson := self.layer.metadata.get(LESSON_KEY):
            self.mirror.append(Entry(LEARNED, lesson=lesson))
        before, self._before = self._before, NotedStep()
        for entry in before.entries:
            entry.take_back(self.mirror.labels)
        if before.entries:
            self.mirror.redo(before)

    def _set_started(self) -> None:
        self.started = True
        self.layer.metadata[JOURNAL_KEY] = str(self.journal.path)

    # --- what napari does by itself ----------------------------------------------------------

    def compare(
        self, regions: Iterable[tuple[Plane, BBox]] | None = None, everywhere: bool = False
    ) -> bool:
        """Compare the layer with the file, and write the pixels that differ.

        Parameters
        ----------
        regions : iterable of (plane, bbox), optional
            Where to look; by default everywhere, unless the layer is too large for that.
        everywhere : bool
            Whether to look everywhere in a large layer too, which takes seconds.

        Returns
        -------
        bool
            Whether any differ.
        """
        if regions is None:
            is_small = self.layer.data.size <= _COMPARED
            regions = all_regions(self.labels) if everywhere or is_small else ()
        return self._paint(differences(self.mirror.labels, self.labels, regions))

    def _paint(self, edits: Iterator[LabelEdit]) -> bool:
        """Write painted pixels as a part of the open step, or as a step; False for no pixels."""
        first = next(edits, None)
        if first is not None:
            self._start()
            self.mirror.paint(chain([first], edits), self._open)
        return first is not None

    def _note_painted(self, event: Event) -> None:
        """Write a stroke of napari, as a step or within the open step."""
        edits = painted_edits(event.value, self.mirror.labels, self._channel_axis)
        if self._open is not None:
            self._paint(edits)
            self.painted.emit(event.value, None)
            return
        self.begin()
        self._paint(edits)
        self.painted.emit(event.value, self.end())

    @contextmanager
    def quietly(self) -> Iterator[None]:
        """Take no notice of napari's undo and redo inside: the dock asked for them."""
        self._is_quiet = True
        try:
            yield
        finally:
            self._is_quiet = False

    def let_napari(self, undo_or_redo: Callable[[], None]) -> bool:
        """Let napari undo or redo the next step of its own history; False without such a step."""
        drawn: list[Event] = []
        before = self._undone[-1:]
        self.layer.events.set_data.connect(drawn.append)  # unless napari undid nothing
        undo_or_redo()
        self.layer.events.set_data.disconnect(drawn.append)
        return self.compare(everywhere=True) or bool(drawn) or self._undone[-1:] != before

    def _do_and_observe(self, name: str) -> None:
        """Call napari's own undo or redo, and notice what it did."""
        layer = self.layer
        getattr(type(layer), name)(layer)
        self._observe()

    def _observe(self, event: Event | None = None) -> None:
        """Notice undo and redo of napari by a pixel of a step: napari only refreshes the layer."""
        if self._is_quiet or self._open is not None:
            return
        while (step := self.mirror.last) is not None and step.is_undone_in(self.labels):
            self.take_back(step)
            self.undone.emit(step)
        while self._undone and self._undone[-1].is_done_in(self.labels):
            again = self._undone[-1]
            self.do_again(again)
            self.compare(again.regions)
            self.redone.emit(again)

    def _replaced(self, event: Event | None = None) -> None:
        """Write the difference after the layer got another array."""
        if self.labels.shape != self.mirror.labels.shape:
            self.close()  # the dock makes another layer, for these are not the image's labels
            return
        self.mirror.forget_steps()
        self._undone.clear()
        self.compare(everywhere=True)
