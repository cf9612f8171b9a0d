"""Settle: which objects of a plane no tile to come can change any more."""

from collections.abc import Collection, Iterable, Iterator

from napari_sam.masks.mask import Mask
from napari_sam.tiles.bbox import BBox
from napari_sam.tiles.grid import Tile, TileGrid
from napari_sam.tiles.stitch import group_parts

from .everything import confidence, join

Found = tuple[Tile, tuple[Mask, ...]]


def settle(grid: TileGrid, tiles: Collection[Tile], found: Iterable[Found]) -> Iterator[Found]:
    """Give each object of a plane as soon as it is whole.

    Parameters
    ----------
    grid : TileGrid
        The tiles.
    tiles : collection of Tile
        All tiles of the plane that are looked at.
    found : iterable of (Tile, tuple of Mask)
        From :func:`~napari_sam.masks.automatic.everything.segment_tile`, for each of them, in
        any order.

    Yields
    ------
    Tile, tuple of Mask
        With each tile the objects that none of those to come reaches, best first; what
        neighbouring tiles saw of one object is one mask. Together they are the objects that
        :func:`~napari_sam.masks.automatic.everything.stitch_masks` makes of all.
    """
    missing, waiting = set(tiles), list[tuple[Tile, Mask]]()
    for tile, masks in found:
        missing.discard(tile)
        waiting += [(tile, mask) for mask in masks]
        settled, open_ones = [], []
        for group in group_parts(waiting):
            parts = [waiting[i] for i in group]
            if any(_reached(grid, missing, mask) for _, mask in parts):
                open_ones += parts
            else:
                settled.append(join([mask for _, mask in parts]))
        waiting = open_ones
        yield tile, tuple(sorted(settled, key=confidence, reverse=True))


def _reached(grid: TileGrid, missing: set[Tile], mask: Mask) -> bool:
    return not missing.isdisjoint(grid.overlapping(mask.plane, mask.bbox))


def centred_in(region: BBox, bbox: BBox) -> bool:
    """Whether the middle of a box lies in a region."""
    y, x = (bbox[0] + bbox[2]) / 2, (bbox[1] + bbox[3]) / 2
    return region[0] <= y < region[2] and region[1] <= x < region[3]
