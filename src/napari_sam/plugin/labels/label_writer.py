"""LabelWriter: accepted objects into the Labels layer; the journal first, then napari; no Qt."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from types import MappingProxyType
from typing import Any

import numpy as np
from napari.layers import Labels, Layer
from psygnal import Signal

from napari_sam.image.volume import Plane
from napari_sam.journal.entry import Origin
from napari_sam.labels.edit import LabelEdit, erasing
from napari_sam.labels.paint import paint_object
from napari_sam.labels.strokes.stroke_change import StrokeChange
from napari_sam.masks.mask import Mask
from napari_sam.plugin.image.current_image import CurrentImage
from napari_sam.plugin.layers.labels_layer import LabelsLayer
from napari_sam.plugin.undo.history import History
from napari_sam.plugin.worker.events import PlaneObjects
from napari_sam.tiles.bbox import BBox

from .acceptance import Acceptance
from .accepted import Accepted
from .follow_napari import FollowNapari
from .label_changes import Stroke
from .label_classes import LabelClasses
from .lineage import division, note_parent
from .many_objects import painting_all
from .noted_step import NotedStep
from .rating import rating
from .ratings import Ratings
from .safekeeping import Safekeeping

NO_ORIGIN = Origin()
NO_CLASSES: Mapping[int, str] = MappingProxyType({})

_UNDOABLE = 1 << 20
"""Number of pixels above which a step is not put into napari's own history, which keeps 8 to 16
bytes for each pixel of 100 steps. The history of the dock has all steps."""


class LabelWriter:
    """Paints labels; writes every change into the journal before the layer.

    Parameters
    ----------
    image : CurrentImage
        The image.
    labels : LabelsLayer
        The layer to paint.
    keeping : Safekeeping
        Its journal.
    history : History
        Gets a step for each change.

    Attributes
    ----------
    classes : LabelClasses
        The classes of the labels.
    ratings : Ratings
        The ratings of the labels.

    Signals
    -------
    accepted : list of Mask
        An object was accepted or corrected by the user.
    """

    accepted = Signal(list)

    def __init__(
        self, image: CurrentImage, labels: LabelsLayer, keeping: Safekeeping, history: History
    ) -> None:
        self._image, self._labels = image, labels
        self._keeping, self._history = keeping, history
        self.classes = LabelClasses(labels, keeping, history)
        self.ratings = Ratings(labels, keeping, history)
        self._is_open = self._step_in_napari = False
        labels.replaced.connect(self._watch)
        keeping.painted.connect(self._note_painted)
        self._follow_napari = FollowNapari(labels, keeping, history, self.classes)

    def _watch(self, layer: Labels) -> None:
        self._history.forget_labels()
        self._keeping.use(layer, self._labels.is_new)
        self.classes.changed.emit()
        self.ratings.changed.emit()

    def forget(self, layer: Layer) -> None:
        """Forget a removed layer, with the changes in the history and the journal."""
        if self._labels.forget(layer):
            self._history.forget_labels()
            self._keeping.forget(layer)

    def close(self) -> None:
        """Watch the layer no longer."""
        if self._labels.is_blank:
            self._keeping.forget_blank()
        self._keeping.close()

    # --- objects become labels ---------------------------------------------------------------

    @contextmanager
    def one_step(self) -> Iterator[None]:
        """Collect all objects accepted inside into a single step to undo."""
        layer = self._labels.ensure()
        self._is_open, self._step_in_napari = True, False
        try:
            with self._keeping.one_step() as steps, layer.block_history():
                yield
        finally:
            self._is_open = False
            for step in steps:
                self._add(step, self._step_in_napari)

    def _add(self, step: NotedStep, in_napari: bool) -> None:
        """Add a step of the journal to the history."""
        layer, journal = self._labels.layer, self._keeping.journal
        if layer is not None:
            self._history.add_labels(
                Accepted(self._labels, layer, journal, self.classes, step, in_napari)
            )

    def accept(
        self,
        masks: Sequence[Mask],
        origin: Origin = NO_ORIGIN,
        how: Acceptance = Acceptance(),
        erased: Sequence[LabelEdit] = (),
    ) -> tuple[int, int]:
        """Paint the masks of an object, as a step to undo.

        Parameters
        ----------
        masks : sequence of Mask
            At most one a plane.
        origin : Origin
            Prompts and model that they were made from, for the journal.
        how : Acceptance
            The label, and how pixels of other objects are treated.
        erased : sequence of LabelEdit
            Pixels that lose their label in the same step: parts of a label that was corrected.

        Returns
        -------
        tuple of int
            The label, and the number of pixels that got it: 0 if `how` forbids the object.

        Raises
        ------
        LabelError
            If there is no free label, or the chosen one does not fit.
        """
        self._labels.ensure()
        label, plain = how.label or self._labels.next_label(), self._labels.plain()
        edits = paint_object(masks, plain, label, how.policy)
        keeps_class = how.label and not how.of_class
        classes = NO_CLASSES if keeps_class else {label: how.of_class}
        self._write([*erased, *edits], label, origin, classes=classes)
        if area := sum(edit.area for edit in edits):
            self.accepted.emit([mask for mask in masks if not mask.empty])
        return label, area

    def accept_daughter(
        self, masks: Sequence[Mask], origin: Origin = NO_ORIGIN, of_class: str = ""
    ) -> tuple[int, int]:
        """Paint an object as a daughter of a divided label, as a step to undo.

        Parameters
        ----------
        masks : sequence of Mask
            At least one, at most one a plane.
        origin : Origin
            Prompts and model that they were made from, for the journal.
        of_class : str
            The class of the daughter; by default the mother's, unless that was predicted.

        Returns
        -------
        tuple of int
            The label of the daughter, and of the mother.

        Raises
        ------
        LabelError
            If there is no mother; see :func:`~napari_sam.plugin.labels.lineage.division`.
        """
        layer = self._labels.ensure()
        label = self._labels.next_label()
        mother, edits = division(self._labels.plain(), self._image.source, masks, label)
        of_class = of_class or self.classes.table.given.get(mother, "")
        self._write(edits, label, origin, mother, {label: of_class})
        note_parent(layer, label, mother)
        return label, mother

    def accept_all(
        self,
        objects: PlaneObjects,
        first: int | None = None,
        origin: Origin = NO_ORIGIN,
        how: Acceptance = Acceptance(),
        many: bool = False,
    ) -> int:
        """Paint all objects of a plane on free pixels, as a step to undo.

        Parameters
        ----------
        objects : PlaneObjects
            The objects, with numbers from 1.
        first : int, optional
            Label of the object with number 1; by default the objects get the next free labels
            without gaps.
        origin : Origin
            The model that found them, for the journal.
        how : Acceptance
            With *only on background*, objects that overlap labels are left out; otherwise objects
            that are covered by labels for the most part.
        many : bool
            Whether other planes or tiles belong to the same action: napari's own history is left
            alone then, for they would push everything else out of it.

        Returns
        -------
        int
            Number of objects that got a label.
        """
        self._labels.ensure()
        with_gaps, first = first is not None, first or self._labels.next_label()
        plain = self._labels.plain()
        edit, number_of = painting_all(objects, plain, how.policy, first, with_gaps)
        with self._history.one_action():
            classes = dict.fromkeys(number_of, how.of_class)
            self._write([edit], 0, origin, classes=classes, in_napari=not many)
            rated = {k: rating(objects.found[i], objects.plane) for k, i in number_of.items()}
            self.ratings.add(rated, objects.linked)
        return len(number_of)

    def erase(self, label: int, boxes: Mapping[Plane, BBox]) -> None:
        """Remove a label, as a step to undo.

        Parameters
        ----------
        label : int
            The label.
        boxes : mapping of tuple to BBox
            Its bounding box on each of its planes.
        """
        self._labels.ensure()
        self._write(self._erasing(label, boxes), label, NO_ORIGIN, classes={label: ""})

    def erase_all(self, boxes: Mapping[int, Mapping[Plane, BBox]]) -> None:
        """Remove many labels, as a step to undo, and not in napari's own history.

        Parameters
        ----------
        boxes : mapping
            Label -> its bounding box on each of its planes.
        """
        self._labels.ensure()
        edits = [
            edit for label, of_label in boxes.items() for edit in self._erasing(label, of_label)
        ]
        self._write(edits, 0, NO_ORIGIN, classes=dict.fromkeys(boxes, ""), in_napari=False)

    def reshape(self, change: StrokeChange, origin: Origin = NO_ORIGIN) -> None:
        """Write a change by a stroke, made from the labels as they are, as a step to undo.

        Parts of a split inherit a class that the user gave. After a split or a merge the score is
        that of other pixels, and is shown no more. `origin` is the model that divided a label.
        """
        self._labels.ensure()
        classes = change.classes(self.classes.table)
        with self._history.one_action():
            self._write(change.edits, change.label, origin, classes=classes)
            if change.parts or change.merged:
                self.ratings.reshape({change.label, *change.parts.values()}, change.merged)
        labelled = (masks for label, masks in change.masks.items() if label)
        self.accepted.emit([mask for masks in labelled for mask in masks])

    def _erasing(self, label: int, boxes: Mapping[Plane, BBox]) -> list[LabelEdit]:
        plain = self._labels.plain()
        return [erasing(plain, plane, bbox, label) for plane, bbox in boxes.items()]

    def _write(
        self,
        edits: Sequence[LabelEdit],
        label: int,
        origin: Origin,
        parent: int = 0,
        classes: Mapping[int, str] = NO_CLASSES,
        in_napari: bool = True,
    ) -> None:
        """Write edits to the journal, then to the layer; in the open step, or as a new step."""
        if not self._is_open:
            with self._history.one_action(), self.one_step():
                self._write(edits, label, origin, parent, classes, in_napari)
            return
        layer, painted = self._labels.ensure(), [edit for edit in edits if not edit.empty]
        table = self.classes.table
        changed = {
            k: v
            for k, v in classes.items()
            if painted and (v != table.class_of(k) or k in table.predicted)
        }
        self._keeping.note(edits, label, parent, origin, changed)
        self.classes.assign(changed)
        lost = (np.unique(edit.old[edit.mask]).tolist() for edit in painted)
        self.ratings.correct({label}.union(*lost) if painted else ())
        self.ratings.look_at([label])
        in_history = in_napari and sum(edit.area for edit in painted) <= _UNDOABLE
        for edit in painted:
            self._labels.paint(edit, in_history)
        if not in_history:
            layer.refresh()

    # --- the journal, and napari's own tools -------------------------------------------------

    def undo_in_napari(self) -> bool:
        """Undo the last change from before the dock was opened; False without such a change."""
        layer = self._labels.layer
        if layer is None or not self._keeping.journal.let_napari(layer.undo):
            return False
        self._history.add_undone(Stroke(self._labels, layer, self._keeping.journal))
        return True

    def draw_again(self) -> None:
        """Let napari draw stale labels, once for all slices."""
        if self._labels.stale and self._labels.layer is not None:
            self._labels.layer.refresh()
            self.ratings.show()
        self._labels.stale = False

    def _note_painted(self, edits: Sequence[tuple[Any, ...]], step: NotedStep | None) -> None:
        """Add a stroke of napari's tools to the history; `edits` is the value of its event."""
        self._step_in_napari = self._is_open
        with self._history.one_action():
            with suppress(AttributeError, TypeError, ValueError):
                for *_, old, new in edits:
                    self._labels.note_label(int(np.max(new)))
                    if step is not None:
                        self.ratings.correct({int(np.max(new)), *np.unique(old).tolist()})
            if step is not None:
                self._add(step, in_napari=True)
