"""Guide: which slices of a followed object are worth a look, and the way there."""

from collections.abc import Mapping
from typing import Any

from napari_sam.image.volume import Plane
from napari_sam.plugin.desk import Desk
from napari_sam.plugin.dock.dock import SamDock
from napari_sam.plugin.view.focus import show_plane
from napari_sam.plugin.workspace import Workspace


class Guide:
    """The strip of slices, and the key that goes from one to the next.

    Parameters
    ----------
    desk : Desk
        The controller.
    viewer : napari.Viewer
        Its sliders are moved.
    dock : SamDock
        Has the strip.
    """

    def __init__(self, desk: Desk, viewer: Any, dock: SamDock) -> None:
        self._desk, self._viewer, self._dock = desk, viewer, dock
        dock.slice_chosen.connect(self._choose)
        viewer.dims.events.point.connect(self._show_here)

    def close(self) -> None:
        """Stop to follow the sliders."""
        self._viewer.dims.events.point.disconnect(self._show_here)

    def look_next(self) -> None:
        """Go to the slice where the model is least sure."""
        plane, work = self._desk.objects.current.look_next(), self._desk.workspace
        if plane is None or work is None:
            self._desk.say("Follow an object first [G]: then N goes where it is worth a look.")
        else:
            self._go(work, plane)

    def show(self, slices: Mapping[Plane, float | None]) -> None:
        """Show the planes of an object in the strip; see :meth:`CurrentObject.slices`."""
        work, axis = self._desk.workspace, self._dock.follow_axis
        if work is not None and axis is not None:
            place = work.source.plane_axes.index(axis)
            values = {plane[place]: value for plane, value in slices.items()}
            self._dock.show_followed(work.source.plane_shape[place], values)
            self._show_here()

    def _choose(self, position: int) -> None:
        work, axis = self._desk.workspace, self._dock.follow_axis
        if work is not None and axis is not None:
            here, place = work.shown_plane, work.source.plane_axes.index(axis)
            self._go(work, (*here[:place], position, *here[place + 1 :]))

    def _show_here(self, event: Any = None) -> None:
        work, axis = self._desk.workspace, self._dock.follow_axis
        if work is not None and axis is not None:
            self._dock.strip.show_here(work.shown_plane[work.source.plane_axes.index(axis)])

    def _go(self, work: Workspace, plane: Plane) -> None:
        show_plane(self._viewer, work.image, work.source, plane)
