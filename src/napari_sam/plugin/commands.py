"""Commands: the dock widget named by the plugin manifest."""

import napari
from napari.utils.notifications import show_error, show_warning

from napari_sam.installation import conflict
from napari_sam.plugin.dock.dock import SamDock

from .controller import Controller
from .settings import Settings

NEEDED = (0, 9)


def napari_too_old(version: str) -> str | None:
    """Error line for a napari too old for the dock; None for napari 0.9 or newer."""
    parts = version.split(".")[:2]
    if all(part.isdigit() for part in parts) and tuple(map(int, parts)) < NEEDED:
        return (
            f"SAM needs napari {NEEDED[0]}.{NEEDED[1]} or newer, and this is {version}: "
            'run pip install --upgrade "napari[all]"'
        )
    return None


class SamWidget(SamDock):
    """The dock with a controller, opened by napari from the Plugins menu.

    Parameters
    ----------
    napari_viewer : napari.Viewer
        Given by napari.
    settings : Settings, optional
        Instead of napari's preferences.
    """

    def __init__(
        self, napari_viewer: "napari.viewer.Viewer", settings: Settings | None = None
    ) -> None:
        super().__init__()
        self.controller: Controller | None = None
        if problem := napari_too_old(napari.__version__):
            self.disable(problem)
            show_error(problem)
            return
        if problem := conflict():
            show_warning(problem)
        self.controller = Controller(napari_viewer, self, settings)
