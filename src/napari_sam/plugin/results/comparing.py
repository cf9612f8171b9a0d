"""Comparing: rates loaded labels by the agreement of the model, for the review."""

from napari.layers import Labels

from napari_sam.plugin.desk import Desk
from napari_sam.plugin.labels.rating import Source
from napari_sam.plugin.worker.activity import Activity
from napari_sam.plugin.worker.events import Compared, Event, LoadedObjects, Progress
from napari_sam.plugin.worker.jobs import Job, Priority
from napari_sam.plugin.workspace import Workspace


class Comparing:
    """Rates loaded labels by the agreement of the model, in the worker, a few objects at a time.

    A click interrupts the job. Labels that were not compared because the user cancelled wait for
    review behind the others.

    Parameters
    ----------
    desk : Desk
        Worker and image in use; shows the count of objects.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk, self._activity = desk, Activity(desk.cancel)

    def start(self) -> None:
        """Compare all labels of the layer in use."""
        work = self._desk.workspace
        if work is None or work.labels is None:
            return
        labels, layer = work.labels_layer.plain(), work.labels
        job = Job(
            self._desk.engine.compare(self._desk.settings, work.source, labels),
            lambda event: self._receive(job, work, layer, event),
            lambda: self._finish(work),
            lambda: self._show(work),
            priority=Priority.ASKED,
        )
        self._desk.runner.submit(job)

    def _receive(self, job: Job, work: Workspace, layer: Labels, event: Event) -> None:
        if work is not self._desk.workspace or work.labels is not layer:
            self._desk.runner.drop(job)  # other labels are in use now
        elif isinstance(event, LoadedObjects):
            work.ratings.add_loaded(event.boxes)
        elif isinstance(event, Compared):
            work.ratings.compare(event.agreements)
        else:
            if isinstance(event, Progress):
                self._activity.show(event)
            self._desk.receive(event)

    def _finish(self, work: Workspace) -> None:
        self._show(work)
        sources = [rating.source for rating in work.ratings.of_label.values()]
        if count := sources.count(Source.COMPARED):
            self._desk.report(f"{count} objects compared: review begins where the model disagrees.")

    def _show(self, work: Workspace) -> None:
        self._activity.close()
        if work is self._desk.workspace:
            work.ratings.show()
