"""ByExample: the objects without a class get theirs from the objects with a class."""

from collections.abc import Mapping

from napari_sam.classify.check_examples import check_examples
from napari_sam.errors import LabelError
from napari_sam.plugin.desk import Desk
from napari_sam.plugin.undo.history import Step
from napari_sam.plugin.worker.events import ClassesPredicted, Event
from napari_sam.plugin.worker.jobs import Job, Priority
from napari_sam.plugin.workspace import Workspace

from .class_box import ClassBox

UNSURE = 0.7
"""Probability of a predicted class, below which the object is counted as unsure."""

_STEP = "the predicted classes"


class ByExample:
    """Has classes predicted in the worker: when asked, or after each change of the labels.

    Parameters
    ----------
    desk : Desk
        Has the image in use, the engine and the runner.
    box : ClassBox
        The class list of the dock.
    """

    def __init__(self, desk: Desk, box: ClassBox) -> None:
        self._desk, self._box = desk, box
        self._work: Workspace | None = None
        self._job: Job | None = None
        self._predicted_for: tuple[Step | None, int] = (None, 0)  # step, and its changes of labels
        box.predict_clicked.connect(self.start)
        box.by_itself_changed.connect(lambda on: self.start() if on else self._stop())

    def use(self, work: Workspace) -> None:
        """Predict for another image from now on."""
        self._work = work
        work.history.changed.connect(self._follow)

    def leave(self) -> None:
        """Stop predicting for an image."""
        self._stop()
        if self._work is not None:
            self._work.history.changed.disconnect(self._follow)
        self._work = None

    def start(self) -> None:
        """Predict the classes of all objects without a given class."""
        self._desk.begin_action()
        if (work := self._desk.look()) is None:
            return
        try:
            check_examples(work.classes.table.given)
        except LabelError as error:
            self._desk.say(f"{error}.")
        else:
            self._submit(work, None)

    def _follow(self) -> None:
        """Predict anew after a new step with changes of the labels, as a part of that step."""
        work = self._work
        if work is None or self._desk.closed or not self._box.by_itself.isChecked():
            return
        step = _newest(work)
        state = step, 0 if step is None else len(step.labels)
        if step is None or not step.labels or state == self._predicted_for:
            return
        self._predicted_for = state
        if len(set(work.classes.table.given.values())) > 1 and self._desk.look(aloud=False):
            self._submit(work, step)

    def _submit(self, work: Workspace, step: Step | None) -> None:
        """Submit a job; its result joins `step`, or is a step of its own."""
        self._stop()
        examples = work.classes.table.given

        def receive(event: Event) -> None:
            if not isinstance(event, ClassesPredicted):
                self._desk.receive(event)
            elif step is None and work.classes.table.given != examples:
                self._submit(work, None)  # an example was given meanwhile
            elif step is None or _newest(work) is step:
                self._show(work, event.predictions.predicted, step)

        steps = self._desk.engine.classify(
            self._desk.settings, work.source, work.labels_layer.plain(), examples
        )
        is_quiet = step is not None
        self._job = Job(steps, receive, priority=Priority.ASKED, quiet=is_quiet)
        self._desk.runner.submit(self._job)

    def _stop(self) -> None:
        job, self._job = self._job, None
        if job is not None:
            self._desk.runner.drop(job)

    def _show(
        self, work: Workspace, predicted: Mapping[int, tuple[str, float]], step: Step | None
    ) -> None:
        with work.history.one_action(step, "" if step else _STEP) as done:
            work.classes.change(work.classes.table.predict(predicted))
            self._predicted_for = done, len(done.labels)
        unsure = sum(probability < UNSURE for _, probability in predicted.values())
        tell = self._desk.say if step is None else self._desk.report
        counts = f"{len(predicted)} objects have a predicted class, {unsure} of them"
        tell(f"{counts} less than {UNSURE:.0%} sure.")


def _newest(work: Workspace) -> Step | None:
    """The newest step; None without a step, and after an undo."""
    history = work.history
    return history.done[-1] if history.done and not history.next_redo else None
