"""File layers: the Image layers of a file, as lazily as the file allows; no Qt."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import dask.array
import numpy as np
from napari.layers import Image
from napari.layers._source import layer_source  # the only way to note the file of a layer
from napari.layers.utils.stack_utils import split_channels

from napari_sam.image.read import is_url
from napari_sam.image.series import split_series
from napari_sam.image.volume import Volume

CHUNK = 2048
"""Rows and columns of the chunks in which an array without chunks of its own is displayed."""

Opened = tuple[Volume, tuple[Any, ...]]
"""Volume of an image, and the levels of its pyramid."""


def file_layers(path: str | Path, opened: Opened) -> list[Image]:
    """Make the layers of an image, with file, scale and units; napari may read a slice for them.

    Parameters
    ----------
    path : str or Path
        The file, or its URL; its name becomes the name of the layers, behind that of the channel.
    opened : tuple
        Volume and levels, see :func:`~napari_sam.image.read.read_pyramid`.

    Returns
    -------
    list of napari.layers.Image
        One, or one for each channel; in no viewer yet.
    """
    volume, levels = opened
    axes = volume.axes
    is_colour = axes.endswith("C") and volume.channel_count in (3, 4) and volume.dtype == np.uint8
    file = path if isinstance(path, str) and is_url(path) else split_series(Path(path))[0]
    name: str | list[str] = Path(path).name
    if "C" in axes and not is_colour and volume.channel_names and all(volume.channel_names):
        name = [f"{channel} {name}" for channel in volume.channel_names]
    lazy = [_lazy(level) for level in levels]
    data = lazy if len(lazy) > 1 else lazy[0]
    shared: dict[str, Any] = {
        "multiscale": len(lazy) > 1,
        "name": name,
        "scale": volume.scale,
        "translate": volume.translate,
        "units": volume.units,
        "axis_labels": [letter.lower() for letter in volume.label_axes],
    }
    with layer_source(path=str(file)):
        if is_colour or "C" not in axes:
            return [Image(data, rgb=is_colour, **shared)]
        channels = split_channels(data, axes.index("C"), **shared)
        return [Image(each, **attributes) for each, attributes, _ in channels]


def _lazy(level: Any) -> Any:
    """Dask array of a level in a file, read where it is displayed; a numpy array as it is."""
    if isinstance(level, np.ndarray):
        return level
    chunks: Sequence[int] | None = getattr(level, "chunks", None)
    if chunks is None:
        chunks = [1 if i < len(level.shape) - 3 else CHUNK for i in range(len(level.shape))]
    return dask.array.from_array(level, chunks=tuple(chunks), asarray=True, fancy=False)
