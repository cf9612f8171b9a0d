"""Following: the object under way on its way through the slices."""

from collections.abc import Callable, Iterable, Mapping, Set
from dataclasses import dataclass
from typing import Any

from napari_sam.image.volume import Plane
from napari_sam.masks.mask import Mask
from napari_sam.plugin.worker.events import Followed
from napari_sam.plugin.worker.jobs import Job, Priority


@dataclass(frozen=True, slots=True, eq=False)
class Reach:
    """How far an object was followed at some time; see :class:`Following`.

    Parameters
    ----------
    brought, unsure : mapping
        By plane.
    start : set of tuple
        Planes.
    axis : str or None
        Along which.
    running : bool
        Whether more planes were to come.
    """

    brought: Mapping[Plane, Mask]
    unsure: Mapping[Plane, float]
    start: Set[Plane]
    axis: str | None
    running: bool


class Following:
    """What following one object brought so far, and the work that brings more.

    Parameters
    ----------
    masks : dict of tuple to Mask
        Of the object, by plane: changed here as planes are done.
    changed : callable
        Called after each change.

    Attributes
    ----------
    brought : dict of tuple to Mask
        Planes on which nobody clicked, as they were followed.
    unsure : dict of tuple to float
        How much the model disagrees with itself on these planes, from 0 to 1.
    start : set of tuple
        Planes that it was followed from: they are known, though nobody may have clicked there.
    axis : str or None
        Along which the object is followed; None before the first time and after a cancel.
    """

    def __init__(self, masks: dict[Plane, Mask], changed: Callable[[], None]) -> None:
        self._masks, self._changed, self._show = masks, changed, changed
        self.brought: dict[Plane, Mask] = {}
        self.unsure: dict[Plane, float] = {}
        self.start: set[Plane] = set()
        self.axis: str | None = None
        self._stale: set[Plane] = set()
        self._job: Job | None = None
        self._accepted: Callable[[list[Mask]], object] | None = None

    @property
    def running(self) -> bool:
        """Whether more planes may come."""
        return self._job is not None

    @property
    def reach(self) -> Reach:
        """What it brought up to now."""
        brought, unsure = dict(self.brought), dict(self.unsure)
        return Reach(brought, unsure, frozenset(self.start), self.axis, self.running)

    def go_back(self, reach: Reach) -> None:
        """Be as it was; work that runs must have been dropped before."""
        self.brought, self.unsure = dict(reach.brought), dict(reach.unsure)
        self.start, self.axis = set(reach.start), reach.axis

    def job(
        self,
        steps: Any,
        axis: str,
        known: Iterable[Plane],
        again: Iterable[Plane],
        receive: Callable[[Any], None],
        finished: Callable[[], None],
    ) -> Job:
        """The work that follows the object.

        Parameters
        ----------
        steps : generator of Event
            Of the engine.
        axis : str
            Along which.
        known : iterable of tuple of int
            Planes that stay as they are.
        again : iterable of tuple of int
            Planes that are followed anew: they go if the object is not found on them again.
        receive : callable
            Gets the events that are not about masks.
        finished : callable
            Called when all planes are done, unless the object was accepted before.

        Returns
        -------
        Job
            Steps aside for clicks.
        """
        self.axis, self._stale = axis, set(again)
        fixed = set(known)

        def take(event: Any) -> None:
            if isinstance(event, Followed):
                self._take(event, fixed)
            else:
                receive(event)

        def finish() -> None:
            self._forget(self._stale)
            self._end(finished)

        self._job = Job(steps, take, finish, self._cancelled, priority=Priority.ASKED)
        return self._job

    def interrupt(self) -> Job | None:
        """The work to drop because a correction came; the object goes on being followed."""
        job, self._job = self._job, None
        return job

    def accept_when_done(self, paint: Callable[[list[Mask]], object]) -> None:
        """Paint what there is when the work is done, or cancelled."""
        if self._job is not None:
            self._accepted, self._job.promised = paint, True
            self._changed = lambda: None

    def not_accepted(self) -> bool:
        """Paint nothing after all, and say whether that was in time."""
        waited, self._accepted = self._accepted is not None and self.running, None
        self._changed = self._show
        if self._job is not None:
            self._job.promised = False
        return waited

    def _take(self, step: Followed, fixed: set[Plane]) -> None:
        if step.plane in fixed:
            return
        self._stale.discard(step.plane)
        if step.mask is None or step.mask.empty:
            self._forget({step.plane})
        else:
            self.unsure[step.plane] = step.disagreement
            self._masks[step.plane] = self.brought[step.plane] = step.mask
            self._changed()

    def _forget(self, planes: Iterable[Plane]) -> None:
        gone = [plane for plane in planes if self.brought.pop(plane, None) is not None]
        for plane in gone:
            self._masks.pop(plane, None)
            self.unsure.pop(plane, None)
        if gone:
            self._changed()

    def _cancelled(self) -> None:
        if self._job is not None:
            self.axis = None
            self._end(lambda: None)

    def _end(self, otherwise: Callable[[], None]) -> None:
        self._job = None
        if self._accepted is None:
            otherwise()
        else:
            self._accepted(list(self._masks.values()))
