"""LessonUnderWay: a quick lesson, a full lesson, then a second search for unreviewed objects."""

from collections.abc import Callable
from dataclasses import replace

from napari_sam.image.volume import Plane
from napari_sam.journal.lesson_record import LessonRecord
from napari_sam.masks.mask import Mask
from napari_sam.plugin.desk import Desk
from napari_sam.plugin.labels.rating import Look, Rating, Source
from napari_sam.plugin.labels.redraw import redraw
from napari_sam.plugin.labels.unknown_labels import unknown_labels
from napari_sam.plugin.undo.history import Step
from napari_sam.plugin.worker.events import Event, Found, Learned, PlaneObjects, Progress
from napari_sam.plugin.worker.jobs import Job, Priority
from napari_sam.plugin.worker.learn import LessonRequest
from napari_sam.plugin.workspace import Workspace
from napari_sam.tiles.bbox import BBox, union

from .found_again import find_again, may_add
from .lesson_line import found_words

WORDS = "the lesson"
"""Words on the step of undo that a lesson is."""


class LessonUnderWay:
    """Lesson of an image: three jobs of the worker, one after the other.

    A quick lesson changes the decoder alone and is used at once. A full lesson follows, and is used
    if it fits the objects that were held back no worse. At the end objects that were found
    automatically, and that nobody has looked at, are found again. All of it is one step of undo,
    unless the user changes labels meanwhile.

    Parameters
    ----------
    desk : Desk
        Engine and runner.
    work : Workspace
        The image.
    objects : int
        Number of accepted objects.
    silent : bool
        Whether the model learns by itself: no progress bar, no cancel.
    changed : callable
        Called when :attr:`progress` has changed.
    ended : callable
        Called when the lesson is over, however it ended.

    Attributes
    ----------
    progress : str
        Line on the work under way.
    result : str
        What is better now, for :func:`~napari_sam.plugin.learning.lesson_line.lesson_line`.
    problem : str
        Reason why nothing was learned; empty without any.
    is_learned : bool
        Whether a lesson was used.
    is_stopped : bool
        Whether the lesson was given up.
    """

    def __init__(
        self,
        desk: Desk,
        work: Workspace,
        objects: int,
        silent: bool,
        changed: Callable[[], None],
        ended: Callable[[], None],
    ) -> None:
        self._desk, self._work, self._objects, self._silent = desk, work, objects, silent
        self._changed, self._ended = changed, ended
        self.progress = self.result = self.problem = ""
        self.is_learned = self.is_stopped = self.is_applying = False
        self._step: Step | None = None
        self._job: Job | None = None
        self._learned: LessonRecord | None = None
        self._new = self._parts = self._redrawn = 0

    def begin(self) -> None:
        """Begin with the quick lesson."""
        self._learn(quick=True)

    def stop(self) -> None:
        """Give up the job under way; a lesson already in use stays."""
        if self._job is not None:
            self._desk.runner.drop(self._job)

    @property
    def is_unwanted(self) -> bool:
        """Whether the user has undone steps while the model learned by itself.

        A lesson is a step, after which nothing can be done again; nobody asked for this one.
        """
        return self._silent and bool(self._work.history.next_redo)

    # --- lessons -----------------------------------------------------------------------------

    def _learn(self, quick: bool) -> None:
        work = self._work
        request = LessonRequest(
            work.labels_layer.plain(),
            tuple(unknown_labels(work.ratings.of_label)),
            self._dropped(),
            self._objects,
            quick,
            work.lessons.folder,
        )
        self._learned = None
        steps = self._desk.engine.learn(self._desk.settings, work.source, request)
        name = "Learning" if quick else "Learning more"
        self._submit(
            Job(
                steps,
                lambda event: self._receive(event, f"{name} from {self._objects} objects"),
                lambda: self._lesson_ended(quick),
                self._cancelled,
                priority=Priority.LEARNING,
                quiet=self._silent or not quick,
            )
        )

    def _dropped(self) -> list[Mask]:
        """Objects that the user removed as wrong, without those brought back."""
        ratings = self._work.ratings.of_label
        return [
            mask
            for label, mask in self._work.searches.refused.items()
            if (rated := ratings.get(label)) is not None and rated.look is Look.DROPPED
        ]

    def _submit(self, job: Job) -> None:
        self._job = job
        self._desk.runner.submit(job)

    def _receive(self, event: Event, name: str) -> None:
        if isinstance(event, Learned):
            self._learned, self.problem = event.lesson, event.problem
        elif isinstance(event, PlaneObjects):
            self._redraw(event)
        else:
            if isinstance(event, Progress):
                self.progress = f"{name}: {event.done / max(event.total, 1):.0%}"
                self._changed()
            if not isinstance(event, Progress) or (self._job is not None and not self._job.quiet):
                self._desk.receive(event)

    def _lesson_ended(self, quick: bool) -> None:
        if self.is_unwanted:
            self._cancelled()
            return
        before = self._work.lessons.now if self.is_learned else None
        learned = self._learned
        if learned is not None and (before is None or learned.after >= before.after):
            self._use(learned)
        if self.problem:
            self._end()
        elif quick:
            self._learn(quick=False)
        elif self.is_learned and (regions := self._regions()):
            self._find_again(regions)
        else:
            self._end()

    def _use(self, lesson: LessonRecord) -> None:
        history = self._work.history
        self.is_applying = True
        try:
            with history.one_action(self._step, WORDS) as self._step:
                self._work.lessons.change(lesson)
        finally:
            self.is_applying = False
        self.is_learned = True
        self._changed()

    def _cancelled(self) -> None:
        self.is_stopped = True
        self._end()

    def _end(self) -> None:
        self._job, self.progress = None, ""
        if not self._desk.closed:
            self._work.ratings.show()
        self._ended()

    # --- objects that nobody has looked at ---------------------------------------------------

    def _regions(self) -> dict[Plane, BBox]:
        """Region with automatically found objects, by plane."""
        regions: dict[Plane, BBox] = {}
        for rated in self._work.ratings.of_label.values():
            if rated.source is not Source.FOUND:
                continue
            for plane, bbox in rated.boxes.items():
                regions[plane] = union((bbox, regions.get(plane, bbox)))
        searched = self._work.searches.regions
        return {plane: searched.get(plane, region) for plane, region in sorted(regions.items())}

    def _find_again(self, regions: dict[Plane, BBox]) -> None:
        cleaning = self._desk.acceptance.cleaning
        engine, settings = self._desk.engine, self._desk.settings
        self._submit(
            Job(
                engine.find_again(settings, self._work.source, regions, cleaning),
                lambda event: self._receive(event, "Finding objects again"),
                self._found,
                self._cancelled,
                priority=Priority.LEARNING,
                quiet=True,
            )
        )

    def _redraw(self, objects: PlaneObjects) -> None:
        work, ratings = self._work, self._work.ratings.of_label
        here = {k: rated for k, rated in ratings.items() if objects.plane in rated.boxes}
        waiting = {
            label: rated.boxes[objects.plane]
            for label, rated in here.items()
            if rated.look is Look.WAITING and rated.source is Source.FOUND
        }
        is_linked = any(len(rated.boxes) > 1 for rated in here.values())
        labels = work.labels_layer
        dropped = self._dropped()
        adds = not is_linked and may_add(self._objects, len(dropped))
        first = labels.next_label() if adds else None
        on_plane = [mask for mask in dropped if mask.plane == objects.plane]
        again = find_again(objects, labels.plain(), waiting, first, on_plane)
        if again.edit.empty or self.is_unwanted:
            return
        rated: dict[int, Rating | None] = dict.fromkeys(again.parts)
        for label, found in (again.redrawn | again.new).items():
            rated[label] = _rated(found, objects.plane, ratings.get(label))
        with work.history.one_action(self._step, WORDS) as self._step:
            origin = self._desk.engine.origin
            keeping, one_step = work.keeping, work.writer.one_step
            redraw(labels, keeping, work.ratings, one_step, again.edit, origin, rated)
        self._new += len(again.new)
        self._parts += len(again.parts)
        self._redrawn += len(again.redrawn)

    def _found(self) -> None:
        self.result = found_words(self._new, self._parts, self._redrawn)
        self._end()


def _rated(found: Found, plane: Plane, before: Rating | None) -> Rating:
    """Rating of an object after a second search on a plane."""
    if before is None:
        return Rating(found.score, plane, {plane: found.bbox})
    is_linked = len(before.boxes) > 1
    score = min(found.score, before.score) if is_linked else found.score
    return replace(before, score=score, boxes={**before.boxes, plane: found.bbox})
