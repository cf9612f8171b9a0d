"""Everything: all objects of a slice or of all, with progress in napari's activity dock."""

from typing import Any

from napari.utils import progress

from napari_sam.errors import NapariSamError

from .current_object import FIRST_HINT, Desk
from .events import PlaneObjects, Progress
from .jobs import Job
from .workspace import Workspace


class Everything:
    """Segmentation without prompts; steps aside for every click.

    Parameters
    ----------
    desk : Desk
        The controller.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._bar: Any = None
        self._found = 0

    def start(self, all_slices: bool) -> None:
        """Find all objects, in the slice that is shown or in all."""
        work = self._desk.workspace
        if work is None:
            return
        source = self._desk.read_image(work.image)
        if source is None:
            return
        work.source = source
        here = work.source.to_plane(work.image.world_to_data(work.viewer.dims.point))
        limits = zip(here, work.source.plane_shape, strict=True)
        planes = None if all_slices else [tuple(min(max(p, 0), n - 1) for p, n in limits)]
        steps = self._desk.engine.everything(self._desk.settings, work.source, planes)
        self._found = 0
        self._desk.runner.submit(
            Job(steps, lambda event: self._receive(work, event), self._finish, background=True)
        )

    def stop(self) -> None:
        """Take the progress bar away."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None

    def _receive(self, work: Workspace, event: Any) -> None:
        if isinstance(event, PlaneObjects):
            self._accept(work, event)
            return
        if isinstance(event, Progress) and event.total:
            if self._bar is None:
                self._bar = progress(total=event.total, desc=event.text)
            self._bar.update(event.done - self._bar.n)
        self._desk.receive(event)

    def _accept(self, work: Workspace, found: PlaneObjects) -> None:
        try:
            self._found += work.accept_all(found)
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
