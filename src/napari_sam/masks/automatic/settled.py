"""Settled objects: complete objects of a plane, out of reach of the missing tiles."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace

import numpy as np

from napari_sam.masks.mask import Mask
from napari_sam.tiles.bbox import BBox, union
from napari_sam.tiles.grid import Tile, TileGrid
from napari_sam.tiles.stitch import group_parts

from .overlaps import best_first

TileMasks = tuple[Tile, tuple[Mask, ...]]
"""A tile and masks that belong to it."""


def settle(
    grid: TileGrid, tiles: Collection[Tile], segmented: Iterable[TileMasks]
) -> Iterator[TileMasks]:
    """Join the parts of each object across tiles, and yield complete objects early.

    Parameters
    ----------
    grid : TileGrid
        Tiles of the image.
    tiles : collection of Tile
        All tiles of the plane that will be segmented.
    segmented : iterable of (Tile, tuple of Mask)
        Each of these tiles, in any order, with its objects from
        :func:`~napari_sam.masks.automatic.everything.segment_tile`.

    Yields
    ------
    Tile, tuple of Mask
        Each tile of `segmented`, with the objects that no missing tile reaches any more, best
        first. An object is one mask, however many tiles saw it. All objects together do not depend
        on the order of the tiles.
    """
    missing, waiting = set(tiles), list[tuple[Tile, Mask]]()
    for tile, masks in segmented:
        missing.discard(tile)
        waiting += [(tile, mask) for mask in masks]
        settled, unsettled = [], []
        for group in group_parts(waiting):
            parts = [waiting[i] for i in group]
            if any(_is_reached(grid, missing, mask) for _, mask in parts):
                unsettled += parts
            else:
                settled.append(join([mask for _, mask in parts]))
        waiting = unsettled
        yield tile, best_first(settled)


def _is_reached(grid: TileGrid, missing: set[Tile], mask: Mask) -> bool:
    return not missing.isdisjoint(grid.overlapping(mask.plane, mask.bbox))


def join(parts: list[Mask]) -> Mask:
    """The union of overlapping masks of an object, with the scores of the most confident."""
    if len(parts) == 1:
        return parts[0]
    bbox = union(part.bbox for part in parts)
    pixels = np.logical_or.reduce([part.within(bbox) for part in parts])
    best = max(parts, key=lambda part: part.confidence)
    return replace(best, bbox=bbox, pixels=pixels, low_res_logits=None)


def centred_in(region: BBox, bbox: BBox) -> bool:
    """Whether the middle of a box lies in a region; both ``(y0, x0, y1, x1)``, data pixels."""
    y, x = (bbox[0] + bbox[2]) / 2, (bbox[1] + bbox[3]) / 2
    return region[0] <= y < region[2] and region[1] <= x < region[3]
