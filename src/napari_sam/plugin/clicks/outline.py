"""Outline: labels and preview as contours that are some screen pixels wide; no Qt."""

from napari.components import ViewerModel
from napari.layers import Labels
from napari.utils.events import Event

from napari_sam.plugin.desk import Desk
from napari_sam.plugin.settings import OUTLINE
from napari_sam.plugin.view.contour_width import contour_width
from napari_sam.plugin.workspace import Workspace

_WIDTH = 2.0
"""Width of a contour in screen pixels; one data pixel, where that is wider."""


class Outline:
    """Shows labels and preview as contours or filled.

    Parameters
    ----------
    desk : Desk
        Has the workspace.
    viewer : napari.Viewer
        Has the zoom: napari takes the width of contours in data pixels.
    """

    def __init__(self, desk: Desk, viewer: ViewerModel) -> None:
        self._desk, self._viewer = desk, viewer
        self._outlined = OUTLINE.read()
        viewer.scene.camera.events.zoom.connect(self._zoomed)
        viewer.layers.events.inserted.connect(self._zoomed)

    def close(self) -> None:
        """Follow the zoom no longer; layers stay as they are."""
        self._viewer.scene.camera.events.zoom.disconnect(self._zoomed)
        self._viewer.layers.events.inserted.disconnect(self._zoomed)

    def toggle(self) -> None:
        """Change from filled to outlines, or back, and remember the choice."""
        self._outlined = not self._outlined
        OUTLINE.remember(self._outlined)
        self._show(self._width() if self._outlined else 0)
        self._desk.say(
            "Labels are outlines now: Shift-O fills them again."
            if self._outlined
            else "Labels are filled again."
        )

    def use(self, work: Workspace) -> None:
        """Show the layers of a newly used image as chosen, also those that are made later."""
        work.labels_layer.replaced.connect(self._labels_replaced)
        self._zoomed()

    def _labels_replaced(self, layer: Labels) -> None:
        self._zoomed()

    def _zoomed(self, event: Event | None = None) -> None:
        if self._outlined:
            self._show(self._width())

    def _show(self, contour: int) -> None:
        work = self._desk.workspace
        for layer in () if work is None else (work.labels, work.preview.layer):
            if isinstance(layer, Labels) and layer.contour != contour:
                layer.contour = contour

    def _width(self) -> int:
        """Data pixels of a contour, so that it has the wanted width on the screen."""
        work = self._desk.workspace
        return 1 if work is None else contour_width(self._viewer, work.image, _WIDTH)
