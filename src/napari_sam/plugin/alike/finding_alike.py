"""FindingAlike: searches for more objects like a few labels, and shows them by similarity."""

from collections.abc import Callable
from dataclasses import replace

from napari.components import ViewerModel
from superqt.utils import QSignalDebouncer

from napari_sam.errors import NapariSamError
from napari_sam.plugin.desk import Desk
from napari_sam.plugin.image.image_source import nearest_plane
from napari_sam.plugin.labels.unknown_labels import unknown_labels
from napari_sam.plugin.undo.history import Step
from napari_sam.plugin.undo.remaining_work import RemainingWork
from napari_sam.plugin.view.view import obstacle
from napari_sam.plugin.view.viewport import read_viewport
from napari_sam.plugin.worker.events import Event, Proposed
from napari_sam.plugin.worker.find_more import AlikeRequest
from napari_sam.plugin.worker.jobs import Job, Priority
from napari_sam.plugin.workspace import Workspace

from .alike_box import AlikeBox, Examples, Where
from .proposals import Proposals

_SETTLED = 80
"""Milliseconds for which the slider rests before labels are painted."""

_NO_LABELS = "Accept an object first: then more like it can be found [Shift-M]."

_LESS_ALIKE = "move the slider to the left to show them."
_MORE_OR_FEWER = "move the slider for more or fewer, then review them [Shift-S]."


class FindingAlike:
    """Searches for more objects like a few labels, and makes labels of the similar ones.

    Its job has a low priority: a click interrupts it. All of its labels, with what the slider
    did to them, are a single step of undo as long as no other labels change.

    Parameters
    ----------
    desk : Desk
        Worker, image in use and options; shows the count of objects.
    viewer : napari.Viewer
        Has the visible region.
    box : AlikeBox
        The rows of the dock.
    chosen_class : callable
        Name of the class chosen in the dock; empty for no class.
    """

    def __init__(
        self, desk: Desk, viewer: ViewerModel, box: AlikeBox, chosen_class: Callable[[], str]
    ) -> None:
        self._desk, self._viewer, self._box = desk, viewer, box
        self._chosen_class = chosen_class
        self._proposals: Proposals | None = None
        self._step: Step | None = None
        self._job: Job | None = None
        self._settled = QSignalDebouncer(parent=box)
        self._settled.setTimeout(_SETTLED)
        self._settled.triggered.connect(self._choose)
        box.similarity_changed.connect(self._show_count)
        box.similarity_changed.connect(self._settled.throttle)

    def start(self) -> None:
        """Search for more objects like the chosen examples."""
        if (work := self._desk.look()) is None:
            return
        request = self._request(work)
        if isinstance(request, str):
            self._desk.say(request)
            return
        self._box.begin()
        self.stop()
        acceptance = self._desk.acceptance.next_free()
        if self._box.examples is Examples.OF_CLASS:
            acceptance = replace(acceptance, of_class=self._chosen_class())
        proposals = Proposals(work, work.labels, self._desk.engine.origin, acceptance)
        steps = self._desk.engine.alike(self._desk.settings, work.source, request)
        self._proposals, self._job = (
            proposals,
            Job(steps, self._receive, self._finish, self._end_job, priority=Priority.ASKED),
        )
        self._desk.runner.submit(self._job)

    def stop(self) -> None:
        """End the search; the objects shown so far stay as labels to review."""
        self._settled.cancel()
        self._end_job()
        self._proposals = self._step = None
        self._show_count()

    def _end_job(self) -> None:
        """End the work; the slider goes on with the proposals that came."""
        job, self._job = self._job, None
        if job is not None and not job.dropped:
            self._desk.runner.drop(job)
        if self._proposals is not None:
            self._proposals.work.ratings.show()

    # --- the question ------------------------------------------------------------------------

    def _request(self, work: Workspace) -> AlikeRequest | str:
        """Question for the worker; or a line for the user, if there is nothing to ask."""
        if work.labels is None:
            return _NO_LABELS
        examples, others = self._examples(work)
        if isinstance(examples, str):
            return examples
        where, planes, within = self._box.where, None, None
        if where is not Where.ALL:
            if where is Where.VIEW and (problem := obstacle(self._viewer.dims)):
                return problem
            view = read_viewport(self._viewer, work.image, work.source)
            within = view.bbox if view is not None and where is Where.VIEW else None
            planes = [nearest_plane(work.shown_plane, work.source)]
        return AlikeRequest(
            work.labels_layer.plain(),
            examples,
            others,
            frozenset(unknown_labels(work.ratings.of_label)),
            planes,
            within,
            self._desk.acceptance.cleaning,
        )

    def _examples(self, work: Workspace) -> tuple[frozenset[int] | str | None, frozenset[int]]:
        """Labels of the kind (None for the last, or a line for the user), and of other kinds."""
        table = work.classes.table
        if self._box.examples is Examples.OF_CLASS:
            name = self._chosen_class()
            if not name:
                return "Choose a class in Classes first, and give it to a few objects.", frozenset()
            unknown = unknown_labels(work.ratings.of_label)
            accepted = {k: of_class for k, of_class in table.of_label.items() if k not in unknown}
            same = frozenset(k for k, of_class in accepted.items() if of_class == name)
            return same, frozenset(accepted) - same
        if self._box.examples is Examples.SELECTED and work.labels is not None:
            return frozenset({int(work.labels.selected_label)}), frozenset()
        return None, frozenset()

    # --- the answer --------------------------------------------------------------------------

    def _receive(self, event: Event) -> None:
        if not isinstance(event, Proposed):
            self._desk.receive(event)
            return
        self._change(lambda proposals: proposals.add(event.masks, self._box.threshold))

    def _finish(self) -> None:
        proposals = self._proposals
        self._end_job()
        if proposals is None or not proposals.masks:
            line = "No more like these found: accept another one as an example."
        elif not proposals.count:
            best = max(mask.confidence for mask in proposals.masks)
            line = f"{len(proposals.masks)} found, but only up to {best:.0%} similar: {_LESS_ALIKE}"
        else:
            line = f"{proposals.count} more found: {_MORE_OR_FEWER}"
        self._desk.report(line)

    def _choose(self) -> None:
        """Show the objects that the slider chooses."""
        self._change(lambda proposals: proposals.show_from(self._box.threshold))
        if self._proposals is not None:
            self._proposals.work.ratings.show()

    def _change(self, change: Callable[[Proposals], None]) -> None:
        """Show or hide objects, in the step of the search."""
        proposals = self._proposals
        if proposals is None or proposals.layer is not proposals.work.labels:
            self.stop()
            return
        history = proposals.work.history
        try:
            with history.one_action(self._step, "the objects like the examples") as step:
                change(proposals)
                if step.labels and step is not self._step:
                    history.add_labels(RemainingWork(self.stop))
                    self._step = step
        except NapariSamError as error:
            self.stop()
            self._desk.say(f"Stopped: {error}.")
        self._show_count()

    def _show_count(self) -> None:
        proposals = self._proposals
        if proposals is None:
            self._box.show_count(0, 0)
        else:
            self._box.show_count(proposals.count, len(proposals.masks))
