"""GiveClass: the label under the cursor gets the chosen class; no Qt."""

from collections.abc import Callable, Collection

from napari.components import ViewerModel

from napari_sam.plugin.desk import Desk

from .label_under import label_to_change

_NOTHING = "There is no label here: point at one in SAM labels and press Shift-C."


class GiveClass:
    """Gives classes with a key.

    Parameters
    ----------
    desk : Desk
        Has the workspace.
    viewer : napari.Viewer
        Has the cursor.
    give : callable
        Gives labels the class that is chosen in the dock.
    """

    def __init__(
        self, desk: Desk, viewer: ViewerModel, give: Callable[[Collection[int]], None]
    ) -> None:
        self._desk, self._viewer, self._give = desk, viewer, give

    def under_cursor(self) -> None:
        """Give the label under the cursor the chosen class."""
        position = self._viewer.cursor.position
        if at_cursor := label_to_change(self._desk, self._viewer, position, _NOTHING):
            _, label = at_cursor
            self._give([label])
