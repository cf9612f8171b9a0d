"""Thumbnail: a small picture of the model's input for a plane; no Qt."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from napari.components import LayerList
from napari.layers import Image
from numpy.typing import NDArray

from napari_sam.image.intensity import IntensityMapping
from napari_sam.image.volume import Plane

from .image_source import ImageSource, image_layers, nearest_plane

SIDE = 96
"""Pixels of the longer side of a thumbnail."""

_READ = 1 << 26
"""Pixels above which only the middle of a plane on disk is read: 0.1 s to 1 s of reading."""

_MIDDLE = 4096
"""Data pixels a side of that middle."""


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """Arrays and plane of a thumbnail; no pixel is read yet.

    Parameters
    ----------
    source : ImageSource
        The image.
    plane : tuple of int
        Index of the plane.
    levels : sequence of array-like
        Arrays of the image and of the layers shown with the image, each the smallest level of
        the pyramid with at least the size of a thumbnail.
    """

    source: ImageSource
    plane: Plane
    levels: Sequence[Any]


def look_at(source: ImageSource, image: Image, layers: LayerList, world: Sequence[float]) -> Look:
    """Collect arrays and plane for a thumbnail at a position of the sliders."""
    place = source.to_plane(image.world_to_data(world))
    by_name = {layer.name: layer for layer in image_layers(layers)}
    layers_seen = [image, *(by_name[other.name] for other in source.others)]
    start = len(source.layer_axes) - 2
    levels = [
        small_level(each.data if each.multiscale else [each.data], start) for each in layers_seen
    ]
    return Look(source, nearest_plane(place, source), levels)


def small_level(levels: Sequence[Any], height_axis: int) -> Any:
    """Smallest level of a pyramid with at least the size of a thumbnail."""
    large = [level for level in levels if max(level.shape[height_axis:][:2]) >= SIDE]
    return large[-1] if large else levels[0]


def thumbnail(look: Look, mapping: IntensityMapping) -> NDArray[np.uint8]:
    """Draw the model's input for a plane.

    Parameters
    ----------
    look : Look
        Arrays and plane.
    mapping : IntensityMapping
        From values to model input, 0 to 255.

    Returns
    -------
    ndarray
        ``(h, w, 3)``, the longer side at most :data:`SIDE`.
    """
    source = look.source
    shape = np.array(source.plane_size)
    height, width = np.maximum(shape * min(1.0, SIDE / shape.max()), 1).round().astype(int)
    channels: list[NDArray[Any]] = []
    for level in look.levels:
        for channel in source.channels or (source.channel,):
            pixels = _strided(level, source, look.plane, channel)
            rows = (np.arange(height) + 0.5) * pixels.shape[0] / height
            columns = (np.arange(width) + 0.5) * pixels.shape[1] / width
            channels.append(pixels[np.ix_(rows.astype(int), columns.astype(int))])
    values = channels[0][..., :3] if source.is_rgb else np.stack(channels, axis=-1)
    return mapping.apply(values).astype(np.uint8)


def _strided(level: Any, source: ImageSource, plane: Plane, channel: int) -> NDArray[Any]:
    """Pixels of a plane at regular steps, no fewer than in a thumbnail; colours last."""
    where = dict(zip(source.plane_axes, plane, strict=True))
    index: list[Any] = []
    for axis, count, full in zip(source.axes, level.shape, source.data.shape, strict=True):
        if axis in "YX":
            index.append(_part(level, source, int(count)))
        elif axis == "C":
            index.append(slice(None) if source.is_rgb else channel)
        else:
            index.append(min(where[axis] * int(count) // int(full), int(count) - 1))
    return np.asarray(level[tuple(index)])


def _part(level: Any, source: ImageSource, count: int) -> slice:
    # What lies on disk is decoded whole to read some of it.
    start = len(source.layer_axes) - 2
    if not isinstance(level, np.ndarray) and np.prod(level.shape[start : start + 2]) > _READ:
        first = max(0, (count - _MIDDLE) // 2)
        return slice(first, min(count, first + _MIDDLE), max(1, min(count, _MIDDLE) // SIDE))
    return slice(None, None, max(1, count // SIDE))
