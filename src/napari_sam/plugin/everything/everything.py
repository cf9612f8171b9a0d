"""Everything: segmentation without prompts, with progress in napari's activity dock."""

import numpy as np

from napari_sam.errors import NapariSamError
from napari_sam.plugin.desk import Desk
from napari_sam.plugin.image.image_source import nearest_plane
from napari_sam.plugin.labels.acceptance import Acceptance
from napari_sam.plugin.undo.history import Step
from napari_sam.plugin.undo.remaining_work import RemainingWork
from napari_sam.plugin.worker.activity import Activity
from napari_sam.plugin.worker.events import Event, PlaneObjects, Progress
from napari_sam.plugin.worker.jobs import Job, Priority
from napari_sam.plugin.workspace import Workspace
from napari_sam.tiles.bbox import BBox


class Everything:
    """Starts a segmentation without prompts, and makes labels of its objects plane by plane.

    Its job has a low priority: a click interrupts it.

    Parameters
    ----------
    desk : Desk
        Worker, image in use and options; shows the count of objects.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._activity = Activity(desk.cancel)
        self._count = 0
        self._numbers: set[int] = set()
        self._first_label: int | None = None
        self._acceptance = Acceptance()
        self._many_planes = False
        self._step: Step | None = None

    def start(self, all_slices: bool, axis: str | None = None, within: BBox | None = None) -> None:
        """Segment the shown slice or all slices.

        Parameters
        ----------
        all_slices : bool
            True for all slices, False for the shown slice.
        axis : str, optional
            Letter of the axis along which objects of neighbouring slices are linked.
        within : tuple of int, optional
            ``(y0, x0, y1, x1)``, data pixels: keep only objects with their middle in this box.
        """
        work = self._desk.look()
        if work is None:
            return
        planes = None if all_slices else [nearest_plane(work.shown_plane, work.source)]
        engine, settings = self._desk.engine, self._desk.settings
        everywhere = np.ndindex(*work.source.plane_shape) if planes is None else planes
        work.searches.note(everywhere, within or (0, 0, *work.source.plane_size))
        self._acceptance, self._many_planes, self._step = self._desk.acceptance, all_slices, None
        cleaning = self._acceptance.cleaning
        if all_slices and axis is not None:
            steps = engine.linked(settings, work.source, axis, cleaning)
        else:
            steps = engine.everything(settings, work.source, planes, cleaning, within)
        self._numbers, self._count, self._first_label = set(), 0, None
        remaining = RemainingWork(lambda: self._give_up(job))
        job = Job(
            steps,
            lambda event: self._receive(work, event, remaining),
            self._finish,
            priority=Priority.ASKED,
        )
        self._desk.runner.submit(job)

    def stop(self) -> None:
        """Close the progress bar, and show the labels made so far for review."""
        self._activity.close()
        if (work := self._desk.workspace) is not None:
            work.ratings.show()

    def _give_up(self, job: Job) -> None:
        self._desk.runner.drop(job)
        self.stop()

    def _receive(self, work: Workspace, event: Event, remaining: RemainingWork) -> None:
        if isinstance(event, PlaneObjects):
            with work.history.one_action(self._step, "the objects that were found") as step:
                self._accept(work, event)
                if step.labels and step is not self._step:
                    work.history.add_labels(remaining)
                    self._step = step
            return
        if isinstance(event, Progress):
            self._many_planes |= event.total > 1
            self._activity.show(event)
        self._desk.receive(event)

    def _accept(self, work: Workspace, objects: PlaneObjects) -> None:
        """Make labels of the objects of a plane; a linked object has one label in all planes."""
        accept_all, origin = work.writer.accept_all, self._desk.engine.origin
        acceptance, many_planes = self._acceptance, self._many_planes
        try:
            if objects.linked:
                if self._first_label is None:
                    self._first_label = work.labels_layer.next_label()
                accept_all(objects, self._first_label, origin, acceptance, many_planes)
                self._numbers |= set(np.unique(objects.numbers).tolist()) - {0}
                self._count = len(self._numbers)
            else:
                self._count += accept_all(objects, None, origin, acceptance, many_planes)
        except NapariSamError as error:
            self._desk.runner.cancel()
            self.stop()
            self._desk.say(f"Stopped: {error}.")
            return
        self._desk.report(f"{self._count} objects so far.")

    def _finish(self) -> None:
        self.stop()
        if self._count:
            objects = "object" if self._count == 1 else "objects"
            self._desk.report(f"{self._count} {objects} found and labelled.")
        else:
            self._desk.report("No objects found: Auto contrast for SAM may help.")
