"""Sample: regions of an image from which automatic contrast is measured."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_sam.image.volume import Plane, Volume

from .empty import empty_areas
from .limits import ChannelSample
from .read_boxes import read_boxes
from .search import content_regions
from .spread import patch_boxes, spread_planes

_EMPTY = 0.875
"""Share of empty pixels in the regular sample above which more of the image is searched."""

_PLANES_WITH_CORNERS = 4
"""Planes of which the corners are read."""


@dataclass(frozen=True, slots=True)
class Sample:
    """Sampled regions of an image.

    Parameters
    ----------
    volume : Volume
        The image.
    regions : list of ndarray
        ``(h, w, channels)`` each: 32 patches spread over the image, or all of a small image.
    further : list of ndarray
        ``(h, w, channels)`` each: parts with content of an image that is mostly empty.
    """

    volume: Volume
    regions: list[NDArray[Any]]
    further: list[NDArray[Any]]

    @classmethod
    def read(cls, volume: Volume) -> "Sample":
        """Read a regular sample of an image, and parts with content of a mostly empty image.

        The regions are always the same for the same image. A small image is read completely, a
        large image only in 32 patches, so that opening a terabyte takes no longer than opening a
        picture. If these are mostly empty, up to 512 blocks of 1024 x 1024 pixels are read.

        Raises
        ------
        ImageError
            If the pixels cannot be read.
        """
        regions = read_boxes(volume, list(patch_boxes(volume)))
        fills = _dominant(regions)
        whole = sum(region.shape[0] * region.shape[1] for region in regions)
        is_complete = whole >= np.prod(volume.label_shape, dtype=np.int64)
        if fills is None or is_complete:
            return cls(volume, regions, [])
        return cls(volume, regions, list(content_regions(volume, fills)))

    def channel(self, index: int) -> ChannelSample:
        """Regions of a channel; `index` counts the channels for the model."""

        @cache
        def corners() -> list[NDArray[Any]]:
            return [four[:, index] for four in _corners(self.volume)]

        def of(regions: list[NDArray[Any]]) -> list[NDArray[Any]]:
            return [region[..., index] for region in regions]

        return ChannelSample(of(self.regions), of(self.further), corners)


def _dominant(regions: list[NDArray[Any]]) -> NDArray[Any] | None:
    """Value of nearly all pixels of each channel; None if the values of a channel vary.

    NaN and infinite values are empty as well.
    """
    fills = []
    for channel in range(regions[0].shape[-1]):
        single = [region[..., channel] for region in regions]
        values = np.concatenate([region[np.isfinite(region)] for region in single])
        size = sum(region.size for region in single)
        fill = np.partition(values, values.size // 2)[values.size // 2] if values.size else np.nan
        empty = sum(int(empty_areas(region, fill).sum()) for region in single)
        if empty + size - values.size <= _EMPTY * size:
            return None
        fills.append(fill)
    return np.array(fills)


def _corners(volume: Volume) -> Iterator[NDArray[Any]]:
    """Values ``(4, channels)`` at the corners of some planes, spread over the image."""
    for plane in spread_planes(volume, _PLANES_WITH_CORNERS):
        yield np.concatenate([_pixel(volume, plane, y, x) for y in (0, -1) for x in (0, -1)])


def _pixel(volume: Volume, plane: Plane, y: int, x: int) -> NDArray[Any]:
    y, x = y % volume.height, x % volume.width
    pixel: NDArray[Any] = volume.read(plane, y, x, y + 1, x + 1)[0]
    return pixel
