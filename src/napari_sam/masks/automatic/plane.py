"""Plane: all objects of planes, tile by tile, without prompts."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from napari_sam.embeddings.encode import Encoder
from napari_sam.image.volume import Plane
from napari_sam.masks.mask import Mask
from napari_sam.masks.pixels.blank import is_constant
from napari_sam.tiles.bbox import BBox
from napari_sam.tiles.grid import Tile

from .everything import not_cut, segment_encoded
from .overlaps import best_first
from .settled import centred_in, settle

_BLANK = "the image has a single value here: there is nothing to segment"
"""Warning of an encoder, if all tiles of a segmentation have a single value."""


@dataclass(frozen=True, slots=True, eq=False)
class EverythingStep:
    """One tile of :func:`segment_planes`, segmented.

    Parameters
    ----------
    tile : Tile
        The tile.
    done, total : int
        Tiles so far, and in all.
    masks : tuple of Mask
        With the last tile of a plane, all objects of the plane, most confident first; empty before.
    settled : tuple of Mask
        Objects of `masks` that are complete since this tile: no tile to come can change them.
    """

    tile: Tile
    done: int
    total: int
    masks: tuple[Mask, ...] = ()
    settled: tuple[Mask, ...] = ()


def segment_planes(
    encoder: Encoder, planes: Iterable[Plane], within: BBox | None = None
) -> Iterator[EverythingStep]:
    """Segment all objects, plane by plane.

    Parameters
    ----------
    encoder : Encoder
        Model, image and tiles.
    planes : iterable of tuple of int
        Indices of the leading axes.
    within : tuple of int, optional
        ``(y0, x0, y1, x1)``, data pixels: only objects whose middle lies in this region, in full,
        and only tiles that it touches.

    Yields
    ------
    EverythingStep
        One for each tile; the last of a plane brings the plane's masks.
    """
    grid = encoder.grid
    region = grid.bbox if within is None else within
    tiles_by_plane = [tuple(grid.overlapping(plane, region)) for plane in planes]
    total, done = sum(map(len, tiles_by_plane)), 0
    blank: set[Tile] = set()
    for tiles in tiles_by_plane:
        objects: list[Mask] = []
        segmented = ((tile, _complete_objects(encoder, tile, blank)) for tile in tiles)
        for tile, settled in settle(grid, tiles, segmented):
            if within is not None:
                settled = tuple(mask for mask in settled if centred_in(within, mask.bbox))
            objects += settled
            done += 1
            masks: tuple[Mask, ...] = ()
            if tile == tiles[-1]:
                masks = best_first(objects)
            if done == len(blank) == total:
                encoder.warnings.append(_BLANK)
            yield EverythingStep(tile, done, total, masks, settled)


def _complete_objects(encoder: Encoder, tile: Tile, blank: set[Tile]) -> tuple[Mask, ...]:
    """Objects of a tile, except objects cut by it and whole in another tile.

    A tile of a single value has none, and is added to `blank`.
    """
    tile_pixels = encoder.read(tile)
    if is_constant(tile_pixels[0]):
        blank.add(tile)
        return ()
    masks = segment_encoded(encoder, encoder.get(tile, tile_pixels))
    return tuple(not_cut(masks, encoder.grid, tile))
