"""TrackReview: tracking of a movie's labels, and review of doubtful decisions; no Qt."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
from napari.components import ViewerModel
from scipy.ndimage import binary_erosion

from napari_sam.labels.label_array import LabelArray
from napari_sam.masks.mask import Mask
from napari_sam.plugin.desk import Desk
from napari_sam.plugin.labels.label_changes import LabelChange
from napari_sam.plugin.labels.lineage import parents_of
from napari_sam.plugin.layers.hover_layer import HoverLayer, make_outline
from napari_sam.plugin.results.tracks import Tracking, show_tracks
from napari_sam.plugin.view.focus import show_object
from napari_sam.plugin.view.view import obstacle
from napari_sam.plugin.worker.events import Event
from napari_sam.plugin.worker.jobs import Job, Priority
from napari_sam.plugin.worker.objects_tracked import Decision, ObjectsTracked, Pixel
from napari_sam.plugin.worker.track_objects import track_objects
from napari_sam.plugin.workspace import Workspace
from napari_sam.tiles.bbox import box_of, union
from napari_sam.tracking.lineage import Kind

from .answer import answered, objects_at
from .apply_tracks import apply_tracks, paint_edits, relate
from .track_box import TrackBox

_QUESTIONS = {
    Kind.DIVISION: "Frame {}: did the yellow cell of the frame before divide into these two?",
    Kind.POSSIBLE_DIVISION: "Frame {}: did the yellow cell divide? So far it goes on as one.",
    Kind.LINK: "Frame {}: is this the yellow cell of the frame before?",
}
"""Question to the user, with the frame for a place holder."""

_NOTHING = "Nothing about tracks to judge: press Track first."


class TrackReview:
    """Tracks objects on request; then shows decision after decision, the most doubtful first.

    Parameters
    ----------
    desk : Desk
        The image in use, and the worker.
    viewer : napari.Viewer
        Its sliders and its camera are moved.
    box : TrackBox
        The rows of the dock.

    Attributes
    ----------
    calls : dict of str to callable
        The functions of the actions with a key.
    """

    def __init__(self, desk: Desk, viewer: ViewerModel, box: TrackBox) -> None:
        self._desk, self._viewer, self._box = desk, viewer, box
        self._tracks = Tracking(desk, viewer)
        self._work: Workspace | None = None
        self._outline: HoverLayer | None = None
        self._decisions: tuple[Decision, ...] = ()
        self._answers: dict[int, bool] = {}
        self._current = -1
        box.track_clicked.connect(self.start)
        box.tracks_clicked.connect(self._tracks.start)
        self.calls: dict[str, Callable[[], None]] = {
            "track_next": self.next,
            "track_yes": lambda: self.judge(True),
            "track_no": lambda: self.judge(False),
        }

    def use(self, work: Workspace) -> None:
        """Track the objects of an image."""
        self._work, self._outline = work, HoverLayer(self._viewer, work.image, make_outline)
        self._set(())

    def leave(self) -> None:
        """Forget the decisions about an image, and remove the outlines."""
        if self._outline is not None:
            self._outline.remove()
        self._work = self._outline = None
        self._set(())

    def start(self) -> None:
        """Track the labels of the image in use."""
        self._desk.begin_action()
        work = self._desk.look()
        if work is None or work.labels is None:
            return
        revision = work.history.revision

        def receive(event: Event) -> None:
            if not isinstance(event, ObjectsTracked):
                self._desk.receive(event)
            elif work is self._work and work.history.revision == revision:
                self._apply(work, event)
            else:
                self._desk.say("The labels changed during the tracking: press Track again.")

        steps = track_objects(work.labels_layer.plain(), work.source)
        self._desk.runner.submit(Job(steps, receive, priority=Priority.ASKED))

    def _apply(self, work: Workspace, tracked: ObjectsTracked) -> None:
        with work.history.one_action(text="the tracking"):
            apply_tracks(work, tracked)
            change = Judged(work.labels_layer, work.labels_layer.ensure(), self, tracked.decisions)
            change.redo()
            work.history.add_labels(change)
        show_tracks(self._viewer, work.image, work.source, tracked.tracks)
        count = len(np.unique(tracked.tracks.data[:, 0]))
        divisions = len(set(tracked.parents.values()))
        text = f"{_counted(count, 'track')}, {_counted(divisions, 'division')}"
        unsure = len(tracked.decisions)
        self._desk.say(f"{text}; {unsure} to judge: Next [Shift-T]." if unsure else f"{text}.")

    # --- the review ----------------------------------------------------------------------------

    def next(self) -> None:
        """Show the next waiting decision, the most doubtful first."""
        work = self._desk.look()
        if work is None:
            return
        if problem := obstacle(self._viewer.dims):
            self._desk.say(problem)
            return
        waiting = [i for i in range(len(self._decisions)) if i not in self._answers]
        for index in sorted(waiting, key=lambda i: (i <= self._current, i)):
            if self._show(work, index):
                return
            self._answers[index] = True  # the labels were changed: there is nothing to ask
        self._renew()
        judged = _counted(len(self._decisions), "question")
        done = f"That was the last of {judged} about tracks."
        self._desk.say(done if self._decisions else _NOTHING)

    def judge(self, right: bool) -> None:
        """Answer the present question, as a step to undo, and go to the next question."""
        work, index = self._work, self._current
        if work is None or not 0 <= index < len(self._decisions) or index in self._answers:
            self.next()
            return
        decision, labels = self._decisions[index], work.labels_layer.plain()
        layer, free = work.labels_layer.ensure(), work.labels_layer.next_label()
        answer = answered(labels, parents_of(layer), decision, right, free)
        with work.history.one_action(text="the answer about a track"):
            if answer is not None:
                paint_edits(work, answer.edits)
                relate(work, answer.parents)
            change = Judged(work.labels_layer, layer, self, self._decisions, {index: right})
            change.redo()
            work.history.add_labels(change)
        if answer is not None:
            self._tracks.renew()
        self.next()

    def exchange(
        self, decisions: tuple[Decision, ...], answers: dict[int, bool]
    ) -> tuple[tuple[Decision, ...], dict[int, bool]]:
        """Set decisions and answers; returns the decisions and answers of before."""
        before = (self._decisions, self._answers)
        if decisions is not self._decisions:
            self._current = -1
        self._decisions, self._answers = decisions, answers
        self._renew()
        return before

    @property
    def answers(self) -> dict[int, bool]:
        """Answers so far, by index of the decision."""
        return dict(self._answers)

    def _set(self, decisions: tuple[Decision, ...]) -> None:
        self._decisions, self._answers, self._current = decisions, {}, -1
        self._renew()

    def _renew(self) -> None:
        self._box.show_waiting(len(self._answers), len(self._decisions))
        if self._outline is not None and (self._current in self._answers or self._current < 0):
            self._outline.clear()

    def _show(self, work: Workspace, index: int) -> bool:
        """Go to a decision and outline its objects; False if the labels were changed since."""
        decision, labels = self._decisions[index], work.labels_layer.plain()
        if objects_at(labels, decision) is None or self._outline is None:
            return False
        plane = decision.pixels[1][:-2]
        masks = [_mask_at(labels, pixel) for pixel in decision.pixels]
        boxes = union(mask.bbox for mask in masks)
        self._current = index
        show_object(self._viewer, work.image, work.source, plane, boxes)
        # the object of the frame before as a line, or it would hide what it has become
        self._outline.show_together(work.source, plane, [_rim(masks[0]), *masks[1:]])
        self._desk.say(_QUESTIONS[decision.kind].format(plane[0]))
        self._desk.renew()
        return True


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _mask_at(labels: LabelArray, pixel: Pixel) -> Mask:
    """The object at a pixel, on its plane."""
    plane = pixel[:-2]
    inside = np.asarray(labels[plane]) == int(labels[pixel])
    box = box_of(inside) or (0, 0, 0, 0)
    return Mask(plane, box, inside[box[0] : box[2], box[1] : box[3]], 1.0, 0.0)


def _rim(mask: Mask) -> Mask:
    """The outermost two pixels of an object."""
    inner = binary_erosion(np.pad(mask.pixels, 1), iterations=2)[1:-1, 1:-1]
    return replace(mask, pixels=mask.pixels & ~inner)


@dataclass(slots=True, eq=False)
class Judged(LabelChange):
    """New decisions or answers about tracks, undone and done again.

    Parameters
    ----------
    labels, layer
        See :class:`LabelChange`.
    review : TrackReview
        Has them.
    decisions : tuple of Decision
        All decisions after the change.
    new : dict of int to bool, optional
        Answers that come; by default the decisions are new, and none is answered.
    """

    review: TrackReview
    decisions: tuple[Decision, ...]
    new: dict[int, bool] | None = None
    before: tuple[tuple[Decision, ...], dict[int, bool]] = field(default_factory=lambda: ((), {}))

    def take_back(self) -> None:
        """Set the decisions and answers of before."""
        self.review.exchange(*self.before)

    def do_again(self) -> None:
        """Set the decisions and answers of after."""
        answers = {} if self.new is None else {**self.review.answers, **self.new}
        self.before = self.review.exchange(self.decisions, answers)
