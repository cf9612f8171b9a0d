"""Guide: moves the viewer to unsure slices of a followed object."""

from collections.abc import Callable, Mapping

from napari.components import ViewerModel
from napari.utils.events import Event

from napari_sam.image.volume import Plane
from napari_sam.plugin.desk import Desk
from napari_sam.plugin.view.focus import show_plane
from napari_sam.plugin.workspace import Workspace

from .follow_row import FollowRow


class Guide:
    """Strip of slices in the dock, and key for the most unsure slice.

    Parameters
    ----------
    desk : Desk
        Has the workspace.
    viewer : napari.Viewer
        Its sliders are moved.
    row : FollowRow
        The axis, and the strip of slices.
    next_unsure : callable
        The plane of the current object to look at next; None if it was not followed.
    """

    def __init__(
        self,
        desk: Desk,
        viewer: ViewerModel,
        row: FollowRow,
        next_unsure: Callable[[], Plane | None],
    ) -> None:
        self._desk, self._viewer, self._row = desk, viewer, row
        self._next_unsure = next_unsure
        row.slice_chosen.connect(self._choose)
        viewer.dims.events.point.connect(self._show_here)

    def close(self) -> None:
        """Listen to the sliders no longer."""
        self._viewer.dims.events.point.disconnect(self._show_here)

    def look_next(self) -> None:
        """Move the viewer to the least sure slice."""
        plane, work = self._next_unsure(), self._desk.workspace
        if plane is None or work is None:
            self._desk.say("Follow an object first [G]: then N goes where it is worth a look.")
        else:
            self._go(work, plane)

    def show(self, slices: Mapping[Plane, float | None]) -> None:
        """Show the planes of an object in the strip; see :meth:`CurrentObject.slices`."""
        work, axis = self._desk.workspace, self._row.follow_axis
        if work is not None and axis is not None:
            place = work.source.plane_axes.index(axis)
            values = {plane[place]: value for plane, value in slices.items()}
            self._row.show_followed(work.source.plane_shape[place], values)
            self._show_here()

    def _choose(self, position: int) -> None:
        work, axis = self._desk.workspace, self._row.follow_axis
        if work is not None and axis is not None:
            plane, place = work.shown_plane, work.source.plane_axes.index(axis)
            self._go(work, (*plane[:place], position, *plane[place + 1 :]))

    def _show_here(self, event: Event | None = None) -> None:
        work, axis = self._desk.workspace, self._row.follow_axis
        if work is not None and axis is not None:
            self._row.strip.show_here(work.shown_plane[work.source.plane_axes.index(axis)])

    def _go(self, work: Workspace, plane: Plane) -> None:
        show_plane(self._viewer, work.image, work.source, plane)
