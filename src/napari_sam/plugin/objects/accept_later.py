"""AcceptLater: accepted objects with missing masks."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from weakref import WeakSet

from napari_sam.image.volume import Plane
from napari_sam.masks.mask import Mask
from napari_sam.plugin.desk import Desk
from napari_sam.plugin.worker.events import Answer, Event, Question
from napari_sam.plugin.worker.jobs import Job, Priority

from .accepted_object import AcceptedObject


@dataclass(frozen=True, slots=True, eq=False)
class _Promise:
    """Accepted object, job for the masks, and whether the job is for the object alone."""

    accepted: AcceptedObject
    job: Job
    own_job: bool


class AcceptLater:
    """Accepted objects with missing masks, and the jobs for the masks.

    Parameters
    ----------
    desk : Desk
        Has the engine and the runner.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._promises: dict[object, _Promise] = {}
        self._cancelled: WeakSet[object] = WeakSet()

    @property
    def jobs(self) -> Collection[Job]:
        """Jobs for masks of accepted objects; the jobs outlive the image in use."""
        return [promise.job for promise in self._promises.values() if not promise.job.dropped]

    def waits_for(self, waiting: object) -> bool:
        """Whether an accepted object has no label yet."""
        return waiting in self._promises

    def when_answered(
        self,
        waiting: object,
        accepted: AcceptedObject,
        masks: Mapping[Plane, Mask],
        questions: Mapping[Plane, Question],
    ) -> None:
        """Paint an object after the model's answers; other objects can be clicked meanwhile.

        Parameters
        ----------
        waiting : CurrentObject
            The object.
        accepted : AcceptedObject
            The object at the moment of its acceptance.
        masks : mapping of tuple to Mask
            Masks that are there, by plane.
        questions : mapping of tuple to Question
            Questions on the other planes.
        """
        all_masks = dict(masks)

        def receive(event: Event) -> None:
            if isinstance(event, Answer):
                all_masks[event.plane] = event.mask
            else:
                self._desk.receive(event)

        def finish() -> None:
            self._promises.pop(waiting, None)
            accepted.paint_uncleaned(list(all_masks.values()))

        def cancelled() -> None:
            if self._promises.pop(waiting, None) is not None:
                self._cancelled.add(waiting)

        by_number = {plane: {1: question} for plane, question in questions.items()}
        steps = self._desk.engine.predict(self._desk.settings, accepted.work.source, by_number)
        job = Job(steps, receive, finish, cancelled, priority=Priority.ACCEPTED)
        self._promises[waiting] = _Promise(accepted, job, own_job=True)
        self._desk.runner.submit(job)
        self._desk.say("Accepted: the label comes as soon as the mask is there.")

    def when_followed(self, waiting: object, accepted: AcceptedObject, job: Job) -> None:
        """Paint an object after the end or cancel of following."""
        self._promises[waiting] = _Promise(accepted, job, own_job=False)
        self._desk.say("Accepted: the label comes when it is followed to its end.")

    def paint(self, waiting: object, job: Job, masks: Sequence[Mask]) -> bool:
        """Paint a followed object if accepted meanwhile; whether the object was accepted."""
        promise = self._promises.get(waiting)
        if promise is None or promise.job is not job:
            return False
        del self._promises[waiting]
        promise.accepted.paint_uncleaned(masks)
        return True

    def take_back(self, waiting: object) -> bool:
        """Undo the acceptance of an object; whether the label was still missing."""
        promise = self._promises.pop(waiting, None)
        if promise is None:
            came = waiting not in self._cancelled
            self._cancelled.discard(waiting)
            return not came
        if promise.own_job:
            self._desk.runner.drop(promise.job)
            return True
        return not promise.job.dropped
