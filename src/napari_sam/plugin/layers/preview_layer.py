"""Preview: masks that are not accepted yet, as data of a Labels layer; no Qt."""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from napari.layers import Labels
from numpy.typing import NDArray

from napari_sam.masks.mask import Mask
from napari_sam.plugin.image.image_source import ImageSource

from .conventions import IMAGE_KEY, PREVIEW_COLOURS, ROLE_KEY
from .placement import placement


@dataclass(frozen=True, slots=True, eq=False)
class MaskStack:
    """Masks of objects as an array of their colours, ``uint8``, made where it is looked at.

    So an object of a thousand slices costs no more to show than one of two.

    Parameters
    ----------
    masks : mapping of tuple of int to sequence of (int, Mask)
        By plane, with the number of the object's colour.
    start : tuple of int
        The plane, row and column where the array begins; channels left out.
    shape : tuple of int
        Of the array, channels included.
    channel_axis : int, optional
        An axis along which all is the same.
    """

    masks: Mapping[tuple[int, ...], Sequence[tuple[int, Mask]]]
    start: tuple[int, ...]
    shape: tuple[int, ...]
    channel_axis: int | None = None

    @property
    def dtype(self) -> np.dtype[np.uint8]:
        """Type of the values."""
        return np.dtype(np.uint8)

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """Number of values."""
        return math.prod(self.shape)

    def __getitem__(self, index: Any) -> NDArray[np.uint8]:
        """As of an array."""
        index = index if isinstance(index, tuple) else (index,)
        leading, within = index[: self.ndim - 2], index[self.ndim - 2 :]
        if len(leading) == self.ndim - 2 and all(isinstance(i, int | np.integer) for i in leading):
            return self._plane(tuple(map(int, leading)))[within]
        return np.asarray(self)[index]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[np.uint8]:
        """All of it."""
        planes = [self._plane(index) for index in np.ndindex(self.shape[:-2])]
        return np.stack(planes).reshape(self.shape).astype(dtype or np.uint8)

    def _plane(self, index: tuple[int, ...]) -> NDArray[np.uint8]:
        kept = [i for axis, i in enumerate(index) if axis != self.channel_axis]
        plane = tuple(i + low for i, low in zip(kept, self.start, strict=False))
        pixels = np.zeros(self.shape[-2:], np.uint8)
        for colour, mask in self.masks.get(plane, ()):
            y0, x0, y1, x1 = (v - self.start[-2 + i % 2] for i, v in enumerate(mask.bbox))
            pixels[y0:y1, x0:x1][mask.pixels] = colour
        return pixels


def preview_data(
    source: ImageSource, objects: Mapping[int, Sequence[Mask]]
) -> tuple[MaskStack, tuple[int, ...]]:
    """The smallest array that shows some objects, and where it begins.

    Parameters
    ----------
    source : ImageSource
        The image.
    objects : mapping of int to sequence of Mask
        Masks of each object, at most one a plane, by its number; at least one of them not empty.
        Where two overlap, the later object is seen.

    Returns
    -------
    MaskStack, tuple of int
        ``(*planes, h, w)``, the number of the colour inside, in the layer's axes; index of its
        first pixel.
    """
    by_plane: dict[tuple[int, ...], list[tuple[int, Mask]]] = defaultdict(list)
    for number, masks in objects.items():
        for mask in masks:
            if not mask.empty:
                by_plane[mask.plane].append((colour_of(number), mask.tight()))
    full = [mask for shown in by_plane.values() for _, mask in shown]
    lows = np.min([(*m.plane, m.bbox[0], m.bbox[1]) for m in full], axis=0)
    highs = np.max([(*(p + 1 for p in m.plane), m.bbox[2], m.bbox[3]) for m in full], axis=0)
    start = tuple(int(v) for v in lows)
    shape = tuple(int(v) for v in highs - lows)
    if (axis := source.channel_axis) is None:
        return MaskStack(by_plane, start, shape), start
    shape = (*shape[:axis], source.data.shape[axis], *shape[axis:])
    return MaskStack(by_plane, start, shape, axis), (*start[:axis], 0, *start[axis:])


def colour_of(number: int) -> int:
    """The number of an object's colour: they come again after the last."""
    return 1 + (number - 1) % len(PREVIEW_COLOURS)


def make_preview(image: Any) -> Labels:
    """A Labels layer that shows objects before they are accepted."""
    colours: dict[int | None, str] = {0: "transparent", None: "transparent"}
    return Labels(
        np.zeros((1,) * image.ndim, np.uint8),
        name="SAM preview",
        opacity=0.5,
        colormap=colours | dict(enumerate(PREVIEW_COLOURS, 1)),
        metadata={IMAGE_KEY: str(image.unique_id), ROLE_KEY: "SAM preview"},
        **placement(image),
    )
