"""Texture: Haralick's measures of pairs of grey levels inside an object."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from skimage.feature import graycomatrix, graycoprops

from napari_sam.errors import ImageError
from napari_sam.image.intensity import contrast_mapping
from napari_sam.image.volume import Volume
from napari_sam.labels.blocks import natural_block
from napari_sam.labels.label_array import LabelArray

from .object_windows import MARGIN, object_windows
from .sums import Ints, ObjectSums, channel_groups

ANGLES = (0.0, np.pi / 4, np.pi / 2, 3 * np.pi / 4)
"""Directions of pairs of pixels, radians: along x, along y and both diagonals."""

_PROPERTIES = (
    "contrast",
    "dissimilarity",
    "homogeneity",
    "ASM",
    "energy",
    "correlation",
    "entropy",
    "mean",
    "variance",
    "std",
)
"""Measures by scikit-image's names; the last four from its version 0.25 on."""


@dataclass(frozen=True, slots=True)
class Texture:
    """Grey levels and distance of pixel pairs for texture.

    Chosen by the user, used by :func:`~napari_sam.measure.measure.iter_measure`.

    Parameters
    ----------
    levels : int
        Number of grey levels between the contrast limits, 2 to 256.
    distance : int
        Distance of the two pixels of a pair, in pixels along x and y.
    contrast : "auto", (low, high) or one pair per channel
        Values of the lowest and the highest grey level; values beyond them get the nearest level.
        "auto" takes the automatic contrast of the image, as for the model. Objects of several
        images are compared with one pair for all of them.

    Raises
    ------
    ImageError
        If `levels` or `distance` is out of range.
    """

    levels: int = 32
    distance: int = 1
    contrast: Any = "auto"

    def __post_init__(self) -> None:
        """Check the numbers."""
        if not 2 <= self.levels <= 256:
            raise ImageError(f"{self.levels} grey levels: give 2 to 256")
        if self.distance < 1:
            raise ImageError(f"pairs at a distance of {self.distance} pixels: give 1 or more")


@cache
def texture_names() -> tuple[str, ...]:
    """Names of the measures in the installed scikit-image."""
    pairs = np.ones((2, 2, 1, 1))

    def is_there(name: str) -> bool:
        try:
            graycoprops(pairs, name)
        except ValueError:
            return False
        return True

    return tuple(filter(is_there, _PROPERTIES))


def texture_of(
    levels: NDArray[np.integer[Any]], mask: NDArray[np.bool_], texture: Texture
) -> dict[str, float]:
    """Texture of an object in a channel.

    Pairs of pixels count if both are in the object and in the same slice. The pairs of all slices
    are counted together, direction by direction, since slices often lie farther apart than pixels.

    Parameters
    ----------
    levels : ndarray
        ``(z, y, x)`` grey levels, from 0 to ``texture.levels - 1``.
    mask : ndarray
        ``(z, y, x)`` bool, the object.
    texture : Texture
        Number of levels, and distance.

    Returns
    -------
    dict
        Name of each of :func:`texture_names` to the mean over the :data:`ANGLES` that have a pair
        of pixels; NaN if none has. R. M. Haralick, K. Shanmugam, I. Dinstein, "Textural features
        for image classification", IEEE Trans. SMC 3 (1973).
    """
    outside = texture.levels  # a level of its own, whose pairs are dropped
    counts = np.zeros((outside, outside, 1, len(ANGLES)), np.uint64)
    for pixels in np.where(mask, levels, outside).astype(np.uint16):
        pairs = graycomatrix(pixels, [texture.distance], ANGLES, levels=outside + 1, symmetric=True)
        counts += pairs[:outside, :outside]
    counts = counts[..., counts.any(axis=(0, 1, 2))]
    if not counts.size:
        return dict.fromkeys(texture_names(), np.nan)
    return {name: float(graycoprops(counts, name).mean()) for name in texture_names()}


def object_textures(
    labels: LabelArray, image: Volume, sums: ObjectSums, texture: Texture
) -> Iterator[tuple[int, int, dict[str, float]]]:
    """Yield the textures of all objects, channel after channel.

    Parameters
    ----------
    labels : array-like
        ``image.label_shape`` integers.
    image : Volume
        The image.
    sums : ObjectSums
        Of all objects.
    texture : Texture
        Grey levels and distance.

    Yields
    ------
    row : int
        Of the object in `sums`.
    channel : int
        Of the image.
    texture : dict
        See :func:`texture_of`.
    """
    limits = contrast_mapping(
        replace(image, channels=tuple(range(image.channel_count))), texture.contrast
    ).limits
    for group in channel_groups(image):
        blocks = _Blocks(group, natural_block(labels)[-2:])
        for row, window in object_windows(labels, image.plane_axes, sums):
            inner = window[tuple(slice(MARGIN, -MARGIN) for _ in window.shape)]
            values = blocks.read(int(sums.frame[row]), sums.low[row], sums.high[row])
            for i, channel in enumerate(group.channels):
                levels = _levels(values[..., i], *limits[channel], texture.levels)
                yield row, channel, texture_of(levels, inner == sums.label[row], texture)


def _levels(values: NDArray[Any], low: float, high: float, count: int) -> NDArray[np.uint8]:
    """Grey levels of values, from 0 to `count` - 1 in steps of equal height."""
    scaled = (values.astype(np.float64) - low) * (count / (high - low) if high > low else 0.0)
    return np.clip(np.nan_to_num(scaled), 0, count - 1).astype(np.uint8)


class _Blocks:
    """Values of an image in boxes; a block of a plane is read once for all boxes inside.

    Parameters
    ----------
    image : Volume
        With the channels to read.
    size : tuple of int
        Rows and columns of a block.
    """

    def __init__(self, image: Volume, size: tuple[int, ...]) -> None:
        self._image, self._size = image, size
        self._key: tuple[int, ...] = ()
        self._block: NDArray[Any] = np.zeros(0)

    def read(self, frame: int, low: Ints, high: Ints) -> NDArray[Any]:
        """Values ``(z, y, x, channels)`` of a frame in a box with corners `low` and `high`."""
        planes = range(int(low[0]), int(high[0]))
        (y0, x0), (y1, x1) = low[1:].tolist(), high[1:].tolist()
        rows, columns = self._size
        top, left = y0 // rows * rows, x0 // columns * columns
        if len(planes) > 1 or y1 > top + rows or x1 > left + columns:
            return np.stack([self._load(frame, z, (y0, x0, y1, x1)) for z in planes])
        if (key := (frame, planes[0], top, left)) != self._key:
            bottom = min(top + rows, self._image.height)
            right = min(left + columns, self._image.width)
            self._block = self._load(frame, planes[0], (top, left, bottom, right))
            self._key = key
        return self._block[None, y0 - top : y1 - top, x0 - left : x1 - left]

    def _load(self, frame: int, z: int, box: tuple[int, int, int, int]) -> NDArray[Any]:
        index = {"T": frame, "Z": z}
        return self._image.read(tuple(index[axis] for axis in self._image.plane_axes), *box)
