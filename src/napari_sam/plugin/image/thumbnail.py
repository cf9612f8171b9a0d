"""Thumbnail: a plane as the model sees it, made small; no Qt, no napari."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from napari.components import LayerList
from napari.layers import Image
from numpy.typing import NDArray

from napari_sam.image.intensity import IntensityMapping
from napari_sam.image.volume import Plane

from .image_source import ImageSource, image_layers

SIDE = 96
"""Pixels of the longer side."""

_READ = 1 << 26
"""Pixels of a plane that are read at most, 0.1 s to 1 s; of a larger one the middle is shown."""

_MIDDLE = 4096


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """What a thumbnail is made of; nothing of it is read yet.

    Parameters
    ----------
    source : ImageSource
        The image.
    plane : tuple of int
        Which of its planes.
    levels : sequence of array-like
        The image and what is seen with it, each as small as its pyramid has it, but no smaller
        than a thumbnail.
    """

    source: ImageSource
    plane: Plane
    levels: Sequence[Any]


def look_at(source: ImageSource, image: Image, layers: LayerList, world: Sequence[float]) -> Look:
    """What a thumbnail of the plane at a position of the sliders is made of."""
    place = source.to_plane(image.world_to_data(world))
    limits = zip(place, source.plane_shape, strict=True)
    by_name = {layer.name: layer for layer in image_layers(layers)}
    seen = [image, *(by_name[other.name] for other in source.others)]
    start = len(source.layer_axes) - 2
    levels = [small_level(one.data if one.multiscale else [one.data], start) for one in seen]
    return Look(source, tuple(min(max(p, 0), n - 1) for p, n in limits), levels)


def small_level(levels: Sequence[Any], height_axis: int) -> Any:
    """The smallest level of a pyramid that is no smaller than a thumbnail."""
    large = [level for level in levels if max(level.shape[height_axis:][:2]) >= SIDE]
    return large[-1] if large else levels[0]


def thumbnail(look: Look, mapping: IntensityMapping) -> NDArray[np.uint8]:
    """A plane as the model sees it.

    Parameters
    ----------
    look : Look
        What to read.
    mapping : IntensityMapping
        What becomes of the values.

    Returns
    -------
    ndarray
        ``(h, w, 3)``, the longer side at most :data:`SIDE`.
    """
    source = look.source
    shape = np.array(source.plane_size)
    height, width = np.maximum(shape * min(1.0, SIDE / shape.max()), 1).round().astype(int)
    seen: list[NDArray[Any]] = []
    for level in look.levels:
        for channel in source.channels or (source.channel,):
            pixels = _strided(level, source, look.plane, channel)
            rows = (np.arange(height) + 0.5) * pixels.shape[0] / height
            columns = (np.arange(width) + 0.5) * pixels.shape[1] / width
            seen.append(pixels[np.ix_(rows.astype(int), columns.astype(int))])
    values = seen[0][..., :3] if source.is_rgb else np.stack(seen, axis=-1)
    return mapping.apply(values).astype(np.uint8)


def _strided(level: Any, source: ImageSource, plane: Plane, channel: int) -> NDArray[Any]:
    """Some pixels of a plane, at least a thumbnail's; colours last."""
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
