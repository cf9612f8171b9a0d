"""Closer: small objects, looked at once more through a magnifying glass.

An object of twelve pixels is three cells of a mask wide.
"""

from collections import defaultdict
from math import sqrt

from napari_sam.embeddings.embedding import Embeddings
from napari_sam.masks.mask import Mask
from napari_sam.prompts.prompt import MaskPrompt, Prompt
from napari_sam.tiles.bbox import BBox, grown, holds, intersection
from napari_sam.tiles.grid import Tile, TileGrid

from .second_look import Asked, Look, Seen, area, extent, look_at, window

ZOOM = 2

LARGEST = 40.0
"""Root of the area of an object's box, data pixels, up to which it is small."""

MARGIN = 8
"""Data pixels around an object that are to be in the window."""


def look_closer(encoder: Embeddings, asked: Asked, first: Seen) -> dict[int, Look]:
    """Look once more at what is small.

    Parameters
    ----------
    encoder : Embeddings
        Gives the close-ups.
    asked : mapping
        Object id to its prompts.
    first : mapping
        Object id to the answer in its tile, and its mask.

    Returns
    -------
    dict
        Object id to both looks, for those that :func:`close_up` has a window for.
    """
    by_tile: dict[Tile, list[int]] = defaultdict(list)
    for i, (answer, mask) in first.items():
        if (tile := close_up(encoder.grid, answer.tile, mask, asked[i])) is not None:
            by_tile[tile].append(i)
    return {i: Look(first[i][0], closer) for i, closer in look_at(encoder, by_tile, asked)}


def close_up(grid: TileGrid, seen_in: Tile, mask: Mask, prompts: tuple[Prompt, ...]) -> Tile | None:
    """Where to look closer.

    Parameters
    ----------
    grid : TileGrid
        Tiles of the image.
    seen_in : Tile
        That of the first answer.
    mask : Mask
        What was seen there.
    prompts : tuple of Prompt
        Of the object. Who corrects a mask has seen it already, and is not asked again.

    Returns
    -------
    Tile or None
        A zoomed part of the tile; None if the object is too large, or no such part holds it.
    """
    if any(isinstance(prompt, MaskPrompt) for prompt in prompts):
        return None
    bbox = extent(mask, prompts)
    if not is_small(bbox):
        return None
    part = window(seen_in, bbox, ZOOM)
    around = intersection(grown(bbox, MARGIN), (0, 0, grid.height, grid.width))
    return part if around is not None and holds(part.bbox, around) else None


def is_small(bbox: BBox) -> bool:
    """Whether an object in a box ``(y0, x0, y1, x1)``, data pixels, is looked at closer."""
    return sqrt(area(bbox)) <= LARGEST
