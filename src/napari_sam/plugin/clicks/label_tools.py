"""LabelTools: classes, removal and outlines of labels, and saving without helper layers; no Qt."""

from collections.abc import Callable, Collection, Mapping

from napari.components import ViewerModel

from napari_sam.plugin.desk import Desk
from napari_sam.plugin.layers.only_shown import save_without_helpers
from napari_sam.plugin.workspace import Workspace

from .give_class import GiveClass
from .outline import Outline
from .remove_label import RemoveLabel


class LabelTools:
    """The tools for accepted objects that work whatever is under way.

    Parameters
    ----------
    desk, viewer
        As for :class:`RemoveLabel` and :class:`Outline`.
    is_held : callable
        Whether a label is picked up, and being corrected.
    give_class : callable
        Gives labels the chosen class.
    """

    def __init__(
        self,
        desk: Desk,
        viewer: ViewerModel,
        is_held: Callable[[int], bool],
        give_class: Callable[[Collection[int]], None],
    ) -> None:
        self._class_giver = GiveClass(desk, viewer, give_class)
        self._removal, self._outline = RemoveLabel(desk, viewer, is_held), Outline(desk, viewer)
        self._save_as_ever = save_without_helpers(viewer.layers)

    @property
    def calls(self) -> Mapping[str, Callable[[], None]]:
        """Functions by name of the action."""
        return {
            "toggle_outline": self._outline.toggle,
            "give_class": self._class_giver.under_cursor,
            "remove_label": self._removal.under_cursor,
            "remove_label_too": self._removal.under_cursor,
        }

    def use(self, work: Workspace) -> None:
        """Show the layers of a newly used image as chosen."""
        self._outline.use(work)

    def close(self) -> None:
        """Leave mouse, zoom and saving to napari."""
        self._removal.close()
        self._outline.close()
        self._save_as_ever()
