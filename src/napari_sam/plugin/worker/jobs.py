"""Jobs: generators in a single worker thread, the newest click first."""

from collections.abc import Callable, Collection, Generator, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from enum import IntEnum
from functools import partial
from threading import Event as Flag
from typing import Any

from napari.qt.threading import GeneratorWorker, create_worker
from napari.utils.notifications import notification_manager
from qtpy.QtCore import QObject, QTimer, Signal

from napari_sam.errors import LabelError, NapariSamError, PromptError

from .events import Event


class Priority(IntEnum):
    """Order of jobs, the most urgent first.

    A job steps aside for a more urgent job after the current step, and goes on afterwards.
    """

    CLICK = 0
    """The answer to a click."""
    ACCEPTED = 1
    """Missing masks of an accepted object; reading a file that the user chose."""
    ASKED = 2
    """Long work on request of the user, such as following."""
    LEARNING = 3
    """Lessons: between two training steps, anything more urgent runs."""
    AHEAD = 4
    """Encoding ahead."""
    NEXT = 5
    """Encoding the next image of a folder, when the image in use needs nothing."""


@dataclass(eq=False, slots=True)
class Job:
    """Piece of work: a generator of events, and functions for the events.

    Parameters
    ----------
    steps : generator of Event, or of events of a part of the dock
        Runs in the worker; closed in the GUI thread at the end, so closing must be quick.
    receive : callable
        Gets each event, in the GUI thread; nothing after the job was dropped.
    finish : callable
        Called in the GUI thread when the steps are through.
    cancelled : callable
        Called in the GUI thread when the job is dropped before the end.
    replaceable : bool
        Whether a newer replaceable job makes this job pointless, as a newer click does.
    priority : Priority
        More urgent jobs run first.
    quiet : bool
        Whether to show no progress and offer no cancel.
    urgent : bool
        Whether a less urgent running job gives up even the current step, if possible.
    dropped : bool
        Whether late answers are discarded: a newer job has replaced this job, or the user has
        cancelled.
    through : bool
        Whether the steps ran to their end without an error; set by the worker.
    step_aside : threading.Event
        Set by the runner to pause the job after the current step, for a more urgent job.
    give_up : threading.Event
        Set by the runner to break off the current step; ignored by steps that do not look at it.
    """

    steps: Generator[Any, None, None]
    receive: Callable[[Any], None]
    finish: Callable[[], None] = lambda: None
    cancelled: Callable[[], None] = lambda: None
    replaceable: bool = False
    priority: Priority = Priority.CLICK
    quiet: bool = False
    urgent: bool = False
    dropped: bool = False
    through: bool = False
    step_aside: Flag = field(default_factory=Flag)
    give_up: Flag = field(default_factory=Flag)


class JobRunner(QObject):
    """Runs jobs in order of priority, in a worker thread of napari's.

    Signals
    -------
    busy_changed : bool
        Whether a job known to the user runs or waits; emitted when a job begins or ends.
    failed : str
        Error line for the user; the failed job is over.
    refused : str
        Line for a user who asked for what cannot be done, as tracks without time; the job is over.
    """

    busy_changed = Signal(bool)
    failed = Signal(str)
    refused = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._queue: list[Job] = []
        self._running: Job | None = None
        self._worker: GeneratorWorker | None = None
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.timeout.connect(lambda: self._start_next())

    @property
    def busy(self) -> bool:
        """Whether a worker runs or work waits."""
        return bool(self._all())

    @property
    def working(self) -> bool:
        """Whether a job known to the user runs or waits."""
        return any(not job.quiet and not job.dropped for job in self._all())

    @property
    def has_asked(self) -> bool:
        """Whether long work on request of the user runs or waits."""
        return any(job.priority is Priority.ASKED and not job.dropped for job in self._all())

    def pause(self, milliseconds: int) -> None:
        """Begin no further job for some time."""
        self._pause.start(milliseconds)

    def submit(self, job: Job) -> None:
        """Queue a job; drop jobs made pointless, and let a less urgent job step aside."""
        if job.replaceable:
            self._drop(lambda old: old.replaceable)
        self._queue.insert(sum(other.priority <= job.priority for other in self._queue), job)
        if self._running is not None and self._running.priority > job.priority:
            self._running.step_aside.set()
            if job.urgent:
                self._running.give_up.set()
        if self._running is None:
            self._start_next()
        else:
            self.busy_changed.emit(self.working)

    def drop_replaceable(self) -> None:
        """Drop the running or waiting job of the last click."""
        self._drop(lambda job: job.replaceable)

    def drop(self, job: Job) -> None:
        """Drop a running or waiting job."""
        self._drop(lambda other: other is job)

    def leave_image(self, keep: Collection[Job]) -> None:
        """Drop the jobs of the image in use, except jobs for accepted objects.

        Parameters
        ----------
        keep : collection of Job
            Jobs that bring the masks of accepted objects.
        """
        self._give_up()
        self._drop(
            lambda job: (
                job.replaceable or job.quiet or (job.priority >= Priority.ASKED and job not in keep)
            )
        )

    def cancel(self) -> None:
        """Drop all jobs; the worker stops after the current step, or inside if possible."""
        self._give_up()
        self._drop(lambda job: True)

    def _give_up(self) -> None:
        if self._running is not None:
            self._running.give_up.set()

    def _all(self) -> list[Job]:
        return self._queue if self._running is None else [self._running, *self._queue]

    def _drop(self, which: Callable[[Job], bool]) -> None:
        dropped = list(filter(which, self._queue))
        self._queue = [job for job in self._queue if job not in dropped]
        running = self._running
        if running is not None and not running.dropped and which(running):
            dropped.append(running)
            if self._worker is not None:
                self._worker.quit()
        for job in dropped:
            job.dropped = True
            job.cancelled()

    def _start_next(self) -> None:
        if self._running is not None or not self._queue or self._pause.isActive():
            return
        job = self._running = self._queue.pop(0)
        job.step_aside.clear()
        job.give_up.clear()
        self._worker = _worker_for(job)
        # Without the job in the slots: napari keeps every worker until the window is closed. The
        # partial keeps the runner: whoever made it may drop it before its last job has ended.
        self._worker.yielded.connect(self._deliver)
        self._worker.finished.connect(partial(self._finished))
        self._worker.start()
        self.busy_changed.emit(self.working)

    def _deliver(self, event: Event | Exception) -> None:
        job = self._running
        # After quit() one more value arrives: it belongs to a click that is no longer meant.
        if job is None or job.dropped:
            return
        if not isinstance(event, Exception):
            job.receive(event)
            return
        job.dropped = True
        job.cancelled()
        if isinstance(event, LabelError | PromptError):
            self.refused.emit(str(event))
        elif isinstance(event, NapariSamError):
            self.failed.emit(str(event))
        else:  # a mistake of ours: napari shows it with its traceback, to be reported
            self.failed.emit(f"{type(event).__name__}: {event}")
            notification_manager.receive_error(type(event), event, event.__traceback__)

    def _finished(self) -> None:
        job, self._running, self._worker = self._running, None, None
        if job is None:
            return
        if job.step_aside.is_set() and not job.dropped and not job.through:
            # before those that are as urgent: it was there first
            self._queue.insert(sum(other.priority < job.priority for other in self._queue), job)
        else:
            # quit() leaves the generator suspended, with all arrays and files that it refers to.
            job.steps.close()
        if job.through and not job.dropped:
            job.finish()
        self._start_next()
        if not self.busy:
            self.busy_changed.emit(False)


class _Worker(GeneratorWorker):
    """Worker of napari's without changes to Python's warning filters.

    napari's workers run inside ``warnings.catch_warnings``, which changes the filters of all
    threads: meanwhile napari shows warnings that it hides otherwise. If the GUI thread catches
    warnings at the same time, the worker's filters may even stay after its end. Encoding ahead runs
    for as long as the user works, so both would happen.
    """

    def run(self) -> None:
        """Run the steps without exceptions; see :func:`run_steps`."""
        self.started.emit()
        self._running = True
        self.work()
        self._running = False
        with suppress(RuntimeError):  # the program has ended meanwhile, and Qt with it
            self.finished.emit()
            self._finished.emit(self)


def _worker_for(job: Job) -> GeneratorWorker:
    if job.quiet:  # napari would ask whether it may be interrupted, before it closes
        return _Worker(run_steps, job)
    return create_worker(run_steps, job, _start_thread=False, _worker_class=_Worker)


def run_steps(job: Job) -> Iterator[Event | Exception]:
    """Generator for the worker: a job's events, or the final error.

    The last value may be an exception, and none is raised: after a RuntimeError, frequent in torch,
    napari's worker would end without its signal for the end.
    """
    try:
        for event in job.steps:
            yield event
            if job.step_aside.is_set():
                return
        job.through = True
    except Exception as error:
        yield error
