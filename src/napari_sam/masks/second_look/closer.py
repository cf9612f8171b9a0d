"""Closer: small objects are decoded once more from an enlarged part of their tile.

Masks are drawn at a quarter of the model's resolution: an object of twelve pixels is three mask
cells wide.
"""

from collections import defaultdict
from math import sqrt

from napari_sam.embeddings.embedding import Embeddings
from napari_sam.masks.mask import Mask
from napari_sam.prompts.prompt import MaskPrompt, Prompt
from napari_sam.tiles.bbox import BBox
from napari_sam.tiles.grid import Tile, TileGrid

from .second_look import Answers, Look, PromptsById, area, extent, look_at, whole_window

ZOOM = 2
"""Times by which a small object is enlarged."""

LARGEST = 40.0
"""Root of the area of an object's box, data pixels, up to which it is small."""

MARGIN = 8
"""Data pixels around an object that must lie in the enlarged part too, as far as the image goes."""


def look_closer(encoder: Embeddings, prompts: PromptsById, first: Answers) -> dict[int, Look]:
    """Decode small objects once more, enlarged.

    Parameters
    ----------
    encoder : Embeddings
        Gives the embeddings of zoomed parts of tiles.
    prompts : mapping
        Object id to its prompts.
    first : mapping
        Object id to the answer in its tile, and its mask.

    Returns
    -------
    dict
        Object id to both answers, for the objects that :func:`close_up` has a part for.
    """
    by_tile: dict[Tile, list[int]] = defaultdict(list)
    for i, (answer, mask) in first.items():
        if (part := close_up(encoder.grid, answer.tile, mask, prompts[i])) is not None:
            by_tile[part].append(i)
    return {i: Look(first[i][0], second) for i, second in look_at(encoder, by_tile, prompts)}


def close_up(grid: TileGrid, tile: Tile, mask: Mask, prompts: tuple[Prompt, ...]) -> Tile | None:
    """The part of a tile to enlarge for a small object.

    Parameters
    ----------
    grid : TileGrid
        Tiles of the image.
    tile : Tile
        Of the first answer.
    mask : Mask
        Of the first answer.
    prompts : tuple of Prompt
        Of the object.

    Returns
    -------
    Tile or None
        A zoomed part of the tile; None if the object is too large, if no part holds it with its
        margin, or if the prompts correct a mask that the user has seen already.
    """
    if any(isinstance(prompt, MaskPrompt) for prompt in prompts):
        return None
    bbox = extent(mask, prompts)
    if not is_small(bbox):
        return None
    return whole_window(grid, tile, bbox, ZOOM, MARGIN)


def is_small(bbox: BBox) -> bool:
    """Whether an object with a box ``(y0, x0, y1, x1)``, data pixels, is enlarged."""
    return sqrt(area(bbox)) <= LARGEST
