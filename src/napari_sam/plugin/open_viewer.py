"""Open viewer: napari with images and the dock, for ``napari-sam view``."""

from collections.abc import Callable, Iterable
from itertools import chain
from pathlib import Path

import napari
from napari.utils.notifications import show_warning

from napari_sam.errors import ImageError
from napari_sam.folder.image_list import list_images, names_several
from napari_sam.image.read import read_pyramid
from napari_sam.image.series import Series
from napari_sam.installation import OURS

from .image.file_layers import Opened, file_layers


def run_viewer(
    paths: Iterable[str | Path], axes: str | None = None, series: Series | None = None
) -> None:
    """Open napari with images and the dock, until the user closes it; see :func:`open_viewer`."""
    open_viewer(paths, axes, series)
    napari.run()


def open_viewer(
    paths: Iterable[str | Path],
    axes: str | None = None,
    series: Series | None = None,
    new_viewer: Callable[[], napari.Viewer] = napari.Viewer,
) -> napari.Viewer:
    """Open napari with images, as lazily as their files allow, and the dock beside them.

    A folder of images, a pattern or a plate alone is opened in the dock, image by image.

    Parameters
    ----------
    paths : iterable of str or Path
        Images, or their URLs, of any kind that :func:`~napari_sam.image.read.read_image` opens; of
        a pyramid all levels are shown.
    axes : str, optional
        One letter of TCZYX for each dimension, to replace missing or wrong axes of the files.
    series : int or str, optional
        The image in a file that holds several.
    new_viewer : callable
        Makes the window.

    Returns
    -------
    napari.Viewer
        With one layer for each image, or for each channel of it; of a folder, the layers come a
        moment later.

    Raises
    ------
    ImageError
        If a file is not an image that can be read; no window is opened then. Neither is one for a
        folder without images, or with `axes`.
    OutputError
        If two images of a folder would have labels of the same name.
    """
    paths = list(paths)
    folder = str(paths[0]) if len(paths) == 1 and series is None else ""
    if folder and names_several(folder):
        if axes is not None:
            raise ImageError(f"{folder} holds many images: leave --axes out, or name one of them")
        list_images(folder)
        paths = []
    else:
        folder = ""
    images = [(path, read_pyramid(path, axes=axes, series=series)) for path in paths]
    viewer = new_viewer()
    for path, opened in images:
        add_image(viewer, path, opened)
    _, dock = viewer.window.add_plugin_dock_widget(OURS, "SAM")
    if folder and dock.controller is not None:
        dock.show_fold(dock.folder_box)
        dock.controller.folder.open(folder)
    for line in chain.from_iterable(volume.warnings for _, (volume, _) in images):
        show_warning(line)
    return viewer


def add_image(viewer: napari.Viewer, path: str | Path, opened: Opened) -> None:
    """Add the layers of an image to a viewer; see :func:`.file_layers`."""
    for layer in file_layers(path, opened):
        viewer.add_layer(layer)
