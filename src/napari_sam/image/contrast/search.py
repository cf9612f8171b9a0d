"""Search: regions with content in a mostly empty image."""

from collections.abc import Iterator
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

_PER_GROUP = 16
"""Number of patches after which a group of blocks of the same chunk is left."""

_GOLDEN = 0.6180339887498949


def content_regions(volume: Volume, fills: NDArray[Any]) -> Iterator[NDArray[Any]]:
    """Patches with content out of a mostly empty image.

    Blocks are visited in a fixed order that covers the image evenly, but blocks of the same strip
    or large chunk after each other, so that it is decoded once. Where chunks on the disk or a
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
    is_possible = may_have_content(volume, fills)
    groups = (filter(is_possible, group) for group in _visited(_groups(volume)))
    blocks_left, patches = _MOST_BLOCKS, 0
    for group in groups:
        of_group = 0
        while blocks_left and of_group < _PER_GROUP and (box := next(group, None)):
            blocks_left -= 1
            for patch in _patches_with_content(volume.read(*box), fills):
                of_group += 1
                yield patch
        patches += of_group
        if not blocks_left or patches >= _WANTED:
            return


def _visited(groups: Iterator[list[Box]]) -> Iterator[Iterator[Box]]:
    """Groups with `_MOST_VISITS` blocks in all."""
    left = _MOST_VISITS
    for group in groups:
        yield iter(group[:left])
        left -= len(group)
        if left <= 0:
            return


def _groups(volume: Volume) -> Iterator[list[Box]]:
    """Blocks of many planes, in groups that share chunks, in an order that covers the image evenly.

    A group is a block, or, of wide strips or large chunks, what has to be decoded for a block.
    """
    planes = list(spread_planes(volume, _MOST_PLANES))
    high, wide = (_group_size(volume, axis) for axis in "YX")
    ys, xs = range(0, volume.height, high), range(0, volume.width, wide)
    for at_plane, at_y, at_x in _spread_out((len(planes), len(ys), len(xs))):
        rows = range(ys[at_y], min(ys[at_y] + high, volume.height), _BLOCK)
        columns = range(xs[at_x], min(xs[at_x] + wide, volume.width), _BLOCK)
        corners = [(rows[i], columns[j]) for i, j in _spread_out((len(rows), len(columns)))]
        yield [
            (planes[at_plane], y, x, min(y + _BLOCK, volume.height), min(x + _BLOCK, volume.width))
            for y, x in corners
        ]


def _group_size(volume: Volume, axis: str) -> int:
    """Pixels of a group along Y or X: a chunk, in whole blocks."""
    chunks = getattr(volume.data, "chunks", None)
    if chunks is None:
        return _BLOCK
    size = chunks[volume.axes.index(axis)]
    largest = max(size) if isinstance(size, tuple) else size  # dask lists the sizes of all chunks
    return max(1, -(-int(largest) // _BLOCK)) * _BLOCK


def _spread_out(shape: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    """Indices of a grid in a fixed order, evenly spread after any number of indices."""
    number = int(np.prod(shape))
    for flat in np.argsort(np.arange(number) * _GOLDEN % 1, kind="stable"):
        yield tuple(int(i) for i in np.unravel_index(int(flat), shape))


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
