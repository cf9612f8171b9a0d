"""Search: regions with content in a mostly empty image."""

from collections.abc import Iterator
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_sam.image.volume import Volume

from .empty import empty_areas
from .outliers import without_speckles
from .spread import PATCH_SIZE, Box, spread_planes
from .where import may_have_content

_BLOCK = 1024
"""Side in pixels of the blocks in which an image is searched, about a chunk of large images."""

_MOST_BLOCKS = 512
"""Largest number of blocks that are read, a gigabyte of 16-bit pixels."""

_MOST_VISITS = 20_000
"""Largest number of blocks that are read or skipped; skipping as many takes a second."""

_MOST_PLANES = 1024
"""Largest number of planes that are searched."""

_WANTED = 64
"""Number of patches with content after which the search ends."""

_PER_BLOCK = 4
"""Largest number of patches out of one block, so that they come from at least 16 blocks."""

_GOLDEN = 0.6180339887498949


def content_regions(volume: Volume, fills: NDArray[Any]) -> Iterator[NDArray[Any]]:
    """Patches with content out of a mostly empty image.

    Blocks are visited in a fixed order that covers the image evenly. Where chunks on the disk or a
    coarser level of a pyramid say that a block is empty, it is not read; that changes the time of
    a search, not its result.

    Parameters
    ----------
    volume : Volume
        The image.
    fills : ndarray
        ``(channels,)``: value of each channel that means empty.

    Yields
    ------
    ndarray
        ``(h, w, channels)``, up to 192 pixels a side, in the image's dtype.

    Raises
    ------
    ImageError
        If pixels cannot be read.
    """
    read = patches = 0
    is_possible = may_have_content(volume, fills)
    for box in islice(_blocks(volume), _MOST_VISITS):
        if not is_possible(box):
            continue
        if read == _MOST_BLOCKS or patches >= _WANTED:
            return
        read += 1
        for patch in _patches_with_content(volume.read(*box), fills):
            patches += 1
            yield patch


def _blocks(volume: Volume) -> Iterator[Box]:
    """Blocks of many planes, in an order that covers the image evenly from the first few on."""
    planes = list(spread_planes(volume, _MOST_PLANES))
    ys, xs = range(0, volume.height, _BLOCK), range(0, volume.width, _BLOCK)
    number = len(planes) * len(ys) * len(xs)
    for flat in np.argsort(np.arange(number) * _GOLDEN % 1, kind="stable"):
        at_plane, at_y, at_x = np.unravel_index(int(flat), (len(planes), len(ys), len(xs)))
        y0, x0 = ys[int(at_y)], xs[int(at_x)]
        y1, x1 = min(y0 + _BLOCK, volume.height), min(x0 + _BLOCK, volume.width)
        yield planes[int(at_plane)], y0, x0, y1, x1


def _patches_with_content(block: NDArray[Any], fills: NDArray[Any]) -> Iterator[NDArray[Any]]:
    """Up to four patches of a block with pixels other than empty, spread evenly."""
    if all(_equals(block[..., c], fill).all() for c, fill in enumerate(fills)):
        return
    height, width = block.shape[:2]
    patches = [
        block[y : y + PATCH_SIZE, x : x + PATCH_SIZE]
        for y in range(0, height, PATCH_SIZE)
        for x in range(0, width, PATCH_SIZE)
    ]
    patches = [patch for patch in patches if _has_content(patch, fills)]
    for index in np.unique(np.linspace(0, len(patches) - 1, _PER_BLOCK).round().astype(int)):
        if patches:
            yield patches[index].copy()


def _has_content(patch: NDArray[Any], fills: NDArray[Any]) -> bool:
    """Whether a patch has more than empty areas and speckles in some channel."""
    for channel, fill in enumerate(fills):
        pixels = patch[..., channel]
        if _equals(pixels, fill).all():
            continue
        smooth = without_speckles(pixels)
        if not (empty_areas(smooth, fill) | ~np.isfinite(smooth)).all():
            return True
    return False


def _equals(pixels: NDArray[Any], fill: Any) -> NDArray[np.bool_]:
    equal: NDArray[np.bool_] = (pixels == fill) | ~np.isfinite(pixels)
    return equal
