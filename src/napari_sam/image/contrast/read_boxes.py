"""Read boxes: several regions of an image, of a zarr side by side."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import zarr
from numpy.typing import NDArray

from napari_sam.image.decode.cached_chunks import CachedChunks
from napari_sam.image.volume import Volume

from .spread import Box

_AT_ONCE = 8
"""Number of regions of a zarr that are read side by side: each waits for a disk or a server."""


def read_boxes(volume: Volume, boxes: Sequence[Box]) -> list[NDArray[Any]]:
    """Read regions of an image.

    Parameters
    ----------
    volume : Volume
        The image. Other files than zarr, and arrays computed when they are read, are read region
        by region: their readers need not bear several threads.
    boxes : sequence of tuple
        The regions.

    Returns
    -------
    list of ndarray
        ``(h, w, channels)`` each, in the image's dtype, in the order of `boxes`.

    Raises
    ------
    ImageError
        If the pixels cannot be read.
    """
    data = volume.data.array if isinstance(volume.data, CachedChunks) else volume.data
    if not isinstance(data, zarr.Array):
        return [volume.read(*box) for box in boxes]
    with ThreadPoolExecutor(_AT_ONCE, "napari-sam-sample") as threads:
        return list(threads.map(lambda box: volume.read(*box), boxes))
