"""``napari-sam view``: napari with images and the dock."""

import os
import sys
from importlib.util import find_spec
from typing import Annotated

import typer

from napari_sam.errors import DisplayError
from napari_sam.installation import OURS

from .options import AxesOption, SeriesOption


def view(
    *,
    images: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[IMAGE]...",
            help="Images to open; or one folder, pattern in quotes or OME-Zarr plate, to go "
            "through image by image; none for an empty window.",
        ),
    ] = None,
    axes: AxesOption = None,
    series: SeriesOption = None,
) -> None:
    """Open images in napari, with the dock beside them, to click on cells."""
    check_display()

    from napari_sam.plugin.open_viewer import run_viewer

    run_viewer(images or (), axes, series)


def check_display() -> None:
    """Refuse to open a window where none can be: without napari, or without a screen.

    Raises
    ------
    DisplayError
        With the command that installs napari, or that works without a screen.
    """
    if find_spec("napari") is None:
        raise DisplayError(f'napari is not installed: run pip install "{OURS}[all]"')
    screens = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    if sys.platform.startswith("linux") and not any(map(os.environ.get, screens)):
        raise DisplayError(
            "there is no screen to open a window on: use napari-sam segment, or log in with "
            "ssh -X or a remote desktop"
        )
