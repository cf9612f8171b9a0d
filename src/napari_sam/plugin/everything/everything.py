"""Everything: all objects of a slice or of all, with progress in napari's activity dock."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from napari_sam.errors import NapariSamError
from napari_sam.plugin.desk import FIRST_HINT, Desk
from napari_sam.plugin.labels.acceptance import Acceptance
from napari_sam.plugin.undo.history import Step
from napari_sam.plugin.worker.activity import Activity
from napari_sam.plugin.worker.events import PlaneObjects, Progress
from napari_sam.plugin.worker.jobs import Job, Priority
from napari_sam.plugin.workspace import Workspace
from napari_sam.tiles.bbox import BBox


@dataclass(frozen=True, slots=True, eq=False)
class Rest:
    """What has not come yet: not wanted any more when what came so far is taken back.

    Parameters
    ----------
    stop : callable
        Makes an end.
    """

    stop: Callable[[], None]
    size: int = 0

    def undo(self) -> bool:
        """Let nothing more come."""
        self.stop()
        return True

    def redo(self) -> None:
        """What came is there again; no more is looked for."""


class Everything:
    """Segmentation without prompts; steps aside for every click.

    Parameters
    ----------
    desk : Desk
        The controller.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._activity = Activity(desk.cancel)
        self._found = 0
        self._numbers: set[int] = set()
        self._first: int | None = None
        self._how = Acceptance()
        self._many = False
        self._step: Step | None = None

    def start(self, all_slices: bool, axis: str | None = None, within: BBox | None = None) -> None:
        """Find all objects, in the slice that is shown or in all.

        Parameters
        ----------
        all_slices : bool
            In all.
        axis : str, optional
            Link those of all slices along this axis.
        within : tuple of int, optional
            ``(y0, x0, y1, x1)``, data pixels: only those whose middle lies there.
        """
        work = self._desk.look()
        if work is None:
            return
        limits = zip(work.shown_plane, work.source.plane_shape, strict=True)
        planes = None if all_slices else [tuple(min(max(p, 0), n - 1) for p, n in limits)]
        engine, settings = self._desk.engine, self._desk.settings
        self._how, self._many, self._step = self._desk.acceptance, all_slices, None
        if all_slices and axis is not None:
            steps = engine.linked(settings, work.source, axis, self._how.cleaning)
        else:
            steps = engine.everything(settings, work.source, planes, self._how.cleaning, within)
        self._numbers, self._found, self._first = set(), 0, None
        rest = Rest(lambda: self._give_up(job))
        job = Job(
            steps,
            lambda event: self._receive(work, event, rest),
            self._finish,
            priority=Priority.ASKED,
        )
        self._desk.runner.submit(job)

    def stop(self) -> None:
        """Take the progress bar away; what came is there."""
        self._activity.close()
        if (work := self._desk.workspace) is not None:
            work.ratings.show()

    def _give_up(self, job: Job) -> None:
        self._desk.runner.drop(job)
        self.stop()

    def _receive(self, work: Workspace, event: Any, rest: Rest) -> None:
        if isinstance(event, PlaneObjects):
            with work.history.one_action(self._step) as step:
                self._accept(work, event)
                if step.labels and step is not self._step:
                    work.history.add_labels(rest)
                    self._step = step
            return
        if isinstance(event, Progress):
            self._many |= event.total > 1
            self._activity.show(event)
        self._desk.receive(event)

    def _accept(self, work: Workspace, found: PlaneObjects) -> None:
        origin = self._desk.engine.origin
        try:
            if found.linked:
                self._first = work.labels_layer.next_label() if self._first is None else self._first
                work.writer.accept_all(found, self._first, origin, self._how, self._many)
                self._numbers |= set(np.unique(found.numbers).tolist()) - {0}
                self._found = len(self._numbers)
            else:
                self._found += work.writer.accept_all(found, None, origin, self._how, self._many)
        except NapariSamError as error:
            self._desk.runner.cancel()
            self.stop()
            self._desk.fail(str(error))
            return
        self._desk.say(f"{self._found} objects so far.")

    def _finish(self) -> None:
        self.stop()
        if self._found:
            self._desk.say(f"{self._found} objects found. {FIRST_HINT}")
        else:
            self._desk.say("No objects found: try automatic contrast, or click on them.")
