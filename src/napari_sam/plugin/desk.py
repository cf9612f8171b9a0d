"""Desk: what the parts of the controller need of it and of each other; no Qt."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from napari_sam.image.volume import Plane
from napari_sam.masks.prompted.size import Size
from napari_sam.plugin.image.image_source import ImageSource
from napari_sam.plugin.labels.acceptance import Acceptance
from napari_sam.plugin.worker.engine import Engine
from napari_sam.plugin.worker.jobs import JobRunner

from .settings import Settings
from .workspace import Workspace

if TYPE_CHECKING:
    from napari_sam.plugin.objects.objects import Objects

FIRST_HINT = "Click on an object."


class Desk(Protocol):
    """What the parts of the controller need of it and of each other."""

    workspace: Workspace | None
    objects: "Objects"
    engine: Engine
    runner: JobRunner

    @property
    def settings(self) -> Settings:
        """What the user chose."""

    @property
    def acceptance(self) -> Acceptance:
        """How objects become labels, now."""

    def look(self, aloud: bool = True) -> Workspace | None:
        """The workspace, its image as it is shown now; None if there is none that can be used.

        Unless `aloud` is false, the user is told why not.
        """

    def read_image(self, image: Any, aloud: bool = True) -> ImageSource | None:
        """The image as it is shown now; None, and the user is told why, if it cannot be used."""

    def cancel(self) -> None:
        """Stop all work."""

    def receive(self, event: Any) -> None:
        """Show progress and warnings of the worker."""

    def say(self, text: str) -> None:
        """Tell the user something in the dock."""

    def fail(self, message: str) -> None:
        """Tell the user what went wrong."""

    def object_changed(self, can_accept: bool) -> None:
        """Whether there is an object to accept or drop."""

    def show_objects(self, current: int, numbers: Sequence[int]) -> None:
        """Show which objects are under way, and which of them clicks belong to."""

    def show_size(self, size: Size) -> None:
        """Show what the next click means."""

    def show_followed(self, slices: Mapping[Plane, float | None]) -> None:
        """Show the planes of a followed object; see :meth:`CurrentObject.slices`."""

    def show_busy(self) -> None:
        """Show whether there is work to cancel."""
