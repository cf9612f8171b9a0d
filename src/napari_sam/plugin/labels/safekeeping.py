"""Safekeeping: changes of the labels go to a journal first, and can be restored; no Qt."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from napari.layers import Labels
from napari.utils.notifications import show_warning
from psygnal import Signal

from napari_sam.errors import JournalError
from napari_sam.journal.content import Content
from napari_sam.journal.damaged import damage_warning
from napari_sam.journal.entry import (
    ACCEPTED,
    DISCARDED,
    RETURNED,
    Entry,
    Origin,
)
from napari_sam.journal.journal import Journal, new_journal
from napari_sam.labels.edit import LabelEdit
from napari_sam.labels.packed_edit import PackedEdit
from napari_sam.plugin.image.image_source import ImageSource

from .class_layer import classes_of_layer
from .journals import end_journal, journal_of, set_journal, unwrapped
from .layer_journal import LayerJournal
from .lost_work import lost_work, subject_of
from .noted_step import NotedStep
from .restored import Restored


class Safekeeping:
    """Journal of the Labels layer in use, and the offer of an earlier, lost one.

    Parameters
    ----------
    source : ImageSource
        The image.
    path : str
        File of the image; empty without a file.

    Signals
    -------
    offer_changed
        The offer was taken, or is there again.
    painted, undone, redone
        Of the layer's :class:`LayerJournal`.
    """

    offer_changed = Signal()
    painted = Signal(object, object)
    undone = Signal(object)
    redone = Signal(object)

    def __init__(self, source: ImageSource, path: str) -> None:
        self._source = source
        self._subject = subject_of(source, path)
        self._lost = lost_work(self._subject, source)
        self._taken: Journal | None = None  # the lost journal, after the answer of the user
        self._content: Content | None = None  # of the lost journal
        self._layer: Labels | None = None

    # --- the layer in use ----------------------------------------------------------------------

    def use(self, layer: Labels, is_blank: bool) -> None:
        """Go on with the journal of a layer, or begin one: a copy of a layer gets its own.

        Parameters
        ----------
        layer : napari.layers.Labels
            The layer.
        is_blank : bool
            Whether it is known to have no labels.
        """
        self._let_go()
        self._layer = layer
        journal = journal_of(layer)
        if journal is None or journal.is_closed:
            axis = self._source.channel_axis
            journal = LayerJournal(unwrapped(layer), new_journal(self._subject), axis, is_blank)
            set_journal(layer, journal)
        else:
            journal.compare()
        journal.painted.connect(self._tell_painted)
        journal.undone.connect(self._tell_undone)
        journal.redone.connect(self._tell_redone)

    def _let_go(self) -> None:
        """Leave the layer's journal alone: the journal goes on without a dock."""
        layer, self._layer = self._layer, None
        journal = None if layer is None else journal_of(layer)
        if journal is not None:
            journal.painted.disconnect(self._tell_painted)
            journal.undone.disconnect(self._tell_undone)
            journal.redone.disconnect(self._tell_redone)

    def _tell_painted(self, edits: Sequence[tuple[Any, ...]], step: NotedStep | None) -> None:
        self.painted.emit(edits, step)

    def _tell_undone(self, step: NotedStep) -> None:
        self.undone.emit(step)

    def _tell_redone(self, step: NotedStep) -> None:
        self.redone.emit(step)

    def forget(self, layer: Labels) -> None:
        """End the journal of a removed layer: the labels may be restored later."""
        if self._layer is not None and layer == self._layer:
            self._let_go()
            end_journal(layer)

    def forget_blank(self) -> None:
        """End the journal of a layer without labels, before the dock removes the layer."""
        if self._layer is not None:
            self.journal.append(Entry(DISCARDED))
            self.forget(self._layer)

    def close(self) -> None:
        """The dock goes on to another image, or closes: an unanswered offer is for others."""
        self._let_go()
        for journal in (self._lost, self._taken):
            if journal is not None:
                journal.close()
        self._lost = self._taken = None

    @property
    def journal(self) -> LayerJournal:
        """The journal of the layer in use."""
        journal = None if self._layer is None else journal_of(self._layer)
        if journal is None:
            raise RuntimeError("no Labels layer is in use, and so there is no journal")
        return journal

    @contextmanager
    def one_step(self) -> Iterator[list[NotedStep]]:
        """Note all entries inside in one step.

        Yields
        ------
        list of NotedStep
            Gets the step at the end, unless nothing was noted.
        """
        journal, steps = self.journal, list[NotedStep]()
        journal.begin()
        is_painted = False
        try:
            yield steps
            is_painted = True
        finally:
            if (step := journal.end()) is not None:
                steps.append(step)
                if not is_painted:  # an error came between the journal and the layer
                    journal.compare(step.regions)

    def note(
        self,
        edits: Sequence[LabelEdit],
        label: int,
        parent: int,
        origin: Origin,
        classes: Mapping[int, str],
    ) -> None:
        """Write a coming change of labels, and the new `classes` of labels, if a pixel changes."""
        edits = [edit for edit in edits if not edit.empty]
        if edits:
            table = classes_of_layer(self.journal.layer.metadata)
            assigned = table.only(classes) if classes else None
            packed = tuple(PackedEdit.of(edit) for edit in edits)
            self.journal.note(Entry(ACCEPTED, packed, origin, label, parent, assigned), edits)

    def append(self, entry: Entry) -> None:
        """Write an entry without labels: of classes, ratings, mothers or the lesson in use."""
        self.journal.append(entry)

    # --- the offer -----------------------------------------------------------------------------

    @property
    def offered(self) -> bool:
        """Whether an earlier napari ended with unsaved labels, and the user has not answered."""
        return self._lost is not None

    @property
    def offer(self) -> Content:
        """Content of the lost journal; empty without an offer."""
        if self._lost is None:
            return Content.of(())
        if self._content is None:  # read once: nobody else writes it, for it is claimed
            self._content = self._lost.content()
        return self._content

    def restored(self, first: int) -> Restored | None:
        """Offered labels for the layer in use; None without an offer.

        An untouched layer gets them as they were. Beside labels of its own, they get labels from
        `first` on, so that no label holds two objects.

        Parameters
        ----------
        first : int
            The layer's next free label.
        """
        if self._lost is None:
            return None
        content, journal = self.offer, self.journal
        if content.damaged:
            show_warning(damage_warning(str(self._lost.path), content.damaged))
        if journal.is_untouched:
            return Restored.as_it_was(content)
        return Restored.beside(journal.labels, content, first)

    def discard(self) -> None:
        """Discard the offer: the layer's own journal has it now, or the user does not want it."""
        if self._lost is not None:
            self._taken, self._lost = self._lost, None
            self._tell_lost(Entry(DISCARDED))

    def give_offer_back(self) -> None:
        """Offer again what was taken."""
        if self._taken is not None:
            self._lost, self._taken = self._taken, None
            self._tell_lost(Entry(RETURNED))

    def _tell_lost(self, entry: Entry) -> None:
        lost = self._lost or self._taken
        with suppress(JournalError):  # then it is offered again, and nothing is lost
            if lost is not None:
                lost.append(entry)
        self.offer_changed.emit()
