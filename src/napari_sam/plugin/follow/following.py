"""Following: an object under way from plane to plane; no Qt."""

from collections.abc import Callable, Iterable, Mapping, Set
from dataclasses import dataclass

from napari_sam.image.volume import Plane
from napari_sam.masks.mask import Mask
from napari_sam.plugin.desk import Desk
from napari_sam.plugin.worker.events import Event, Followed
from napari_sam.plugin.worker.jobs import Job, Priority

from .ends import Limits, limited, side_of_end, within_ends

_NOT_FOLLOWED = "Follow an object first [G]: then it can be ended in a slice."
_NO_SIDE = "You have seen the object here: go to its last slice, above or below, and end it there."


@dataclass(frozen=True, slots=True, eq=False)
class Reach:
    """A copy of how far an object was followed; see :class:`Following`.

    Parameters
    ----------
    brought, unsure : mapping
        Followed masks and their disagreement, by plane; copies of the attributes.
    start : set of tuple
        Planes from which following began; their masks are not changed by it.
    axis : str or None
        Letter of the axis along which the object is followed; a copy of the attribute.
    axis_wanted : str or None
        Letter of the axis to follow along after the awaited answers; None without such a request.
    running : bool
        Whether more planes were to come.
    limits : Limits
        First and last position of the object along each axis, where the user has ended it.
    """

    brought: Mapping[Plane, Mask]
    unsure: Mapping[Plane, float]
    start: Set[Plane]
    axis: str | None
    axis_wanted: str | None
    running: bool
    limits: Limits


class Following:
    """Followed masks of an object, and the job for further planes.

    An object ends at planes that the user has seen without it: such a plane has an empty mask, or
    lies beyond a limit set by :meth:`end_at`.

    Parameters
    ----------
    desk : Desk
        Has the engine and the runner.
    masks : dict of tuple to Mask
        All masks of the object by plane: changed here as planes are done.
    known_planes : callable
        Planes on which the user has seen the object: by prompts with an answer, or as a label.
    waiting : callable
        Whether answers to prompts of the object are still to come.
    changed : callable
        Called after each change of the masks.
    ended : callable
        Called with the job when it is over, and whether all planes are done.

    Attributes
    ----------
    brought : dict of tuple to Mask
        Followed masks, on planes without prompts.
    unsure : dict of tuple to float
        Disagreement of the model with itself on these planes, from 0 to 1.
    axis : str or None
        Letter of the axis along which the object is followed; None before the first time and after
        a cancel.
    """

    def __init__(
        self,
        desk: Desk,
        masks: dict[Plane, Mask],
        known_planes: Callable[[], Set[Plane]],
        waiting: Callable[[], bool],
        changed: Callable[[], None],
        ended: Callable[[Job, bool], None],
    ) -> None:
        self._desk, self._masks = desk, masks
        self._known, self._waiting = known_planes, waiting
        self._changed, self._ended = changed, ended
        self.brought: dict[Plane, Mask] = {}
        self.unsure: dict[Plane, float] = {}
        self.axis: str | None = None
        self._axis_wanted: str | None = None  # along which to follow as soon as answers came
        self._start: set[Plane] = set()  # known too, though nobody may have clicked there
        self._stale: set[Plane] = set()  # removed at the end unless the object is found again
        self._limits: Limits = {}
        self._broken_off = False  # whether a correction came before all planes were done
        self._visited: set[Plane] = set()  # by the user, through `next_unsure`
        self._job: Job | None = None

    @property
    def job(self) -> Job | None:
        """Job for further planes; None unless a job runs or waits."""
        return self._job

    @property
    def goes_on(self) -> bool:
        """Whether a correction changes the object on other planes too."""
        return self.axis is not None or self._axis_wanted is not None

    @property
    def reach(self) -> Reach:
        """Copy of the followed masks and the state of following."""
        brought, unsure = dict(self.brought), dict(self.unsure)
        running = self._job is not None
        start = frozenset(self._start)
        limits = dict(self._limits)
        return Reach(brought, unsure, start, self.axis, self._axis_wanted, running, limits)

    # --- following ---------------------------------------------------------------------------

    def can_begin(self) -> bool:
        """Whether a mask to follow exists or is awaited; if not, the user gets a hint."""
        return self._waiting() or self._has_mask()

    def begin(self, axis: str) -> None:
        """Follow the object from all known planes; after the answers, if answers are awaited."""
        work = self._desk.workspace
        if self._waiting():
            self._axis_wanted = axis
            self._desk.say("Following begins as soon as the mask is there.")
        elif work is not None and self._has_mask():
            # Following through z and then through t starts from all slices that z has brought.
            place = work.source.plane_axes.index(axis)
            positions = {plane[place] for plane in self._known()}
            self._start = {plane for plane in self._masks if plane[place] in positions}
            self._follow_stretch(axis, self._start)

    def answers_came(self, corrected: Set[Plane]) -> None:
        """Begin to follow after the awaited answers, or follow anew around corrected planes."""
        axis, self._axis_wanted = self._axis_wanted, None
        if axis is not None:
            self.begin(axis)
        elif self.axis is not None:
            self._drop_beyond_empty(self.axis, corrected)
            if self._broken_off or any(not self._masks[plane].empty for plane in corrected):
                self._follow_stretch(self.axis, corrected)

    def followed_on(self, plane: Plane) -> Mask | None:
        """The mask that following brought on a plane; None without one, and after a cancel."""
        goes_on = self.axis is not None and plane in self.unsure
        return self.brought.get(plane) if goes_on else None

    def end_at(self, plane: Plane) -> bool:
        """End the object in a plane, on the side away from the planes seen by the user.

        Returns
        -------
        bool
            Whether the object ends there now; otherwise the user gets a hint.
        """
        work, axis = self._desk.workspace, self.axis
        if work is None or axis is None or not self.brought:
            self._desk.say(_NOT_FOLLOWED)
            return False
        place = work.source.plane_axes.index(axis)
        planes = {p[place] for p, mask in self._masks.items() if not mask.empty}
        fixed = self._known() | self._start
        clicked = {p[place] for p in fixed if p in self._masks and not self._masks[p].empty}
        side = side_of_end(plane[place], clicked, planes)
        if side is None:
            self._desk.say(_NO_SIDE)
            return False
        limits = limited(self._limits.get(axis, (None, None)), plane[place], side)
        self._limits = {**self._limits, axis: limits}
        beyond = [p for p in self._masks if (p[place] - plane[place]) * side > 0]
        self._forget(beyond)
        self._desk.say(f"The object ends in slice {plane[place]}. Ctrl-Z brings the others back.")
        return True

    def do_not_begin(self) -> None:
        """Do not begin when answers come: the user has cancelled."""
        self._axis_wanted = None

    def interrupt(self) -> None:
        """Drop the job, because of a correction; the object goes on being followed."""
        job, self._job = self._job, None
        if job is not None:
            self._broken_off = True
            self._desk.runner.drop(job)

    def go_back(self, reach: Reach) -> None:
        """Restore a copy; a running job must be dropped before."""
        self.brought.clear()
        self.brought.update(reach.brought)
        self.unsure.clear()
        self.unsure.update(reach.unsure)
        self._start, self.axis = set(reach.start), reach.axis
        self._axis_wanted = reach.axis_wanted
        self._limits = dict(reach.limits)
        self._visited.clear()

    def next_unsure(self, slices: Mapping[Plane, float | None]) -> Plane | None:
        """Most unsure plane among the planes not visited yet; after the last, from the start.

        Parameters
        ----------
        slices : mapping of tuple to float or None
            Planes of the object, with the disagreement there from 0 to 1; None with prompts.
        """
        unsure = {plane: value for plane, value in slices.items() if value is not None}
        if not unsure:
            return None
        if not unsure.keys() - self._visited:
            self._visited.clear()
        worst = max(unsure.keys() - self._visited, key=lambda plane: unsure[plane])
        self._visited.add(worst)
        return worst

    def _has_mask(self) -> bool:
        has_mask = any(not self._masks[plane].empty for plane in self._known())
        if not has_mask:
            self._desk.say("Click on an object first; then it can be followed.")
        return has_mask

    def _follow_stretch(self, axis: str, corrected: Set[Plane]) -> None:
        """Follow the object around corrected planes, up to the next known planes."""
        work = self._desk.workspace
        if work is None or not corrected:
            return
        self.interrupt()
        self._visited.clear()
        place = work.source.plane_axes.index(axis)
        lines = {_line(plane, place) for plane in corrected}
        fixed = self._known() | self._start
        on_lines = [plane for plane in self._masks if _line(plane, place) in lines]
        first, last = stretch(
            {plane[place] for plane in on_lines if plane in fixed},
            {plane[place] for plane in corrected},
        )
        last = work.source.plane_shape[place] - 1 if last is None else last
        inside = [plane for plane in on_lines if first <= plane[place] <= last]
        seeds = [self._masks[p] for p in inside if p in fixed and not self._masks[p].empty]
        if seeds:
            clicked = {mask.plane[place] for mask in seeds}
            empty = {p[place] for p in inside if p in fixed and self._masks[p].empty}
            first, last = within_ends((first, last), clicked, empty, self._limits.get(axis))
            self._stale = {plane for plane in inside if plane not in fixed}
            self._submit(seeds, axis, (first, last), fixed)

    def _submit(
        self, seeds: list[Mask], axis: str, within: tuple[int, int], fixed: Set[Plane]
    ) -> None:
        work = self._desk.workspace
        if work is None:
            return
        self.axis, self._broken_off = axis, False
        steps = self._desk.engine.follow(self._desk.settings, work.source, seeds, axis, within)

        def receive(event: Event) -> None:
            if isinstance(event, Followed):
                self._take(event, fixed)
            else:
                self._desk.receive(event)

        job = Job(steps, receive, self._finish, self._cancelled, priority=Priority.ASKED)
        self._job = job
        self._desk.runner.submit(job)

    def _take(self, step: Followed, fixed: Set[Plane]) -> None:
        if step.plane in fixed:
            return
        self._stale.discard(step.plane)
        if step.mask is None or step.mask.empty:
            self._forget({step.plane})
        else:
            self.unsure[step.plane] = step.disagreement
            self._masks[step.plane] = self.brought[step.plane] = step.mask
            self._changed()

    def _drop_beyond_empty(self, axis: str, corrected: Set[Plane]) -> None:
        """Forget the followed planes beyond corrected planes without the object."""
        work = self._desk.workspace
        if work is None:
            return
        place, fixed = work.source.plane_axes.index(axis), self._known() | self._start
        for plane in corrected:
            if not self._masks[plane].empty:
                continue
            line = [p for p in self._masks if _line(p, place) == _line(plane, place)]
            clicked = {p[place] for p in line if p in fixed and not self._masks[p].empty}
            side = side_of_end(plane[place], clicked, set())
            if side is not None:
                beyond = [p for p in line if (p[place] - plane[place]) * side > 0]
                self._forget(p for p in beyond if p not in fixed)
                self._desk.say(f"The object ends before slice {plane[place]}.")

    def _forget(self, planes: Iterable[Plane]) -> None:
        gone = [plane for plane in planes if self.brought.pop(plane, None) is not None]
        for plane in gone:
            self._masks.pop(plane, None)
            self.unsure.pop(plane, None)
        if gone:
            self._changed()

    def _finish(self) -> None:
        self._forget(self._stale)
        job, self._job = self._job, None
        if job is not None:
            self._ended(job, True)

    def _cancelled(self) -> None:
        job, self._job = self._job, None
        if job is not None:
            self.axis = None
            self._ended(job, False)


def _line(plane: Plane, place: int) -> Plane:
    """Index of a plane without the axis at `place`: equal for all planes of a stack."""
    return (*plane[:place], *plane[place + 1 :])


def stretch(with_prompts: set[int], corrected: set[int]) -> tuple[int, int | None]:
    """Range of planes around a correction, up to the next planes with prompts.

    Parameters
    ----------
    with_prompts : set of int
        Positions of planes with prompts.
    corrected : set of int
        Positions of the planes among them whose prompts changed.

    Returns
    -------
    int, int or None
        The nearest positions with prompts around the corrected ones; 0 and None (the end) where
        there are none.
    """
    below = [p for p in with_prompts if p < min(corrected)]
    above = [p for p in with_prompts if p > max(corrected)]
    return max(below, default=0), min(above, default=None)
