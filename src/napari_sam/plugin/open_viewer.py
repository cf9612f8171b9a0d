"""Open viewer: napari with images and the dock, for ``napari-sam view``."""

from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import dask.array
import napari
import numpy as np
from napari.layers._source import layer_source  # the only way to note the file of a layer
from napari.utils.notifications import show_warning

from napari_sam.image.read import is_url, read_pyramid
from napari_sam.image.series import Series, split_series
from napari_sam.image.volume import Volume
from napari_sam.installation import OURS

CHUNK = 2048
"""Rows and columns of the chunks in which an array without chunks of its own is displayed."""

Opened = tuple[Volume, tuple[Any, ...]]
"""Volume of an image, and the levels of its pyramid."""


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
        With one layer for each image, or for each channel of it.

    Raises
    ------
    ImageError
        If a file is not an image that can be read; no window is opened then.
    """
    images = [(path, read_pyramid(path, axes=axes, series=series)) for path in paths]
    viewer = new_viewer()
    for path, opened in images:
        add_image(viewer, path, opened)
    viewer.window.add_plugin_dock_widget(OURS, "SAM")
    for line in chain.from_iterable(volume.warnings for _, (volume, _) in images):
        show_warning(line)
    return viewer


def add_image(viewer: napari.Viewer, path: str | Path, opened: Opened) -> None:
    """Add an image to a viewer, with its file, scale and units.

    Parameters
    ----------
    viewer : napari.Viewer
        Gets the layers.
    path : str or Path
        The file, or its URL; its name becomes the name of the layer.
    opened : tuple
        Volume and levels, see :func:`~napari_sam.image.read.read_pyramid`.
    """
    volume, levels = opened
    axes = volume.axes
    file = path if isinstance(path, str) and is_url(path) else split_series(Path(path))[0]
    name: str | list[str] = Path(path).name
    is_colour = axes.endswith("C") and volume.channel_count in (3, 4) and volume.dtype == np.uint8
    if "C" in axes and not is_colour and volume.channel_names and all(volume.channel_names):
        name = [f"{channel} {name}" for channel in volume.channel_names]
    lazy = [_lazy(level) for level in levels]
    with layer_source(path=str(file)):
        viewer.add_image(
            lazy if len(lazy) > 1 else lazy[0],
            multiscale=len(lazy) > 1,
            rgb=is_colour,
            channel_axis=None if is_colour or "C" not in axes else axes.index("C"),
            name=name,
            scale=volume.scale,
            translate=volume.translate,
            units=volume.units,
            axis_labels=[letter.lower() for letter in volume.label_axes],
        )


def _lazy(level: Any) -> Any:
    """Dask array of a level in a file, read where it is displayed; a numpy array as it is."""
    if isinstance(level, np.ndarray):
        return level
    chunks: Sequence[int] | None = getattr(level, "chunks", None)
    if chunks is None:
        chunks = [1 if i < len(level.shape) - 3 else CHUNK for i in range(len(level.shape))]
    return dask.array.from_array(level, chunks=tuple(chunks), asarray=True, fancy=False)
