"""Everything: all objects of a tile, without prompts from the user."""

from collections.abc import Iterable, Iterator

import numpy as np
import torch

from napari_sam.embeddings.embedding import Embedding
from napari_sam.embeddings.encode import Encoder
from napari_sam.masks.decode import Answer
from napari_sam.masks.mask import Mask
from napari_sam.masks.pixels.refine import refine
from napari_sam.model.preprocess import restore
from napari_sam.model.sam import Sam
from napari_sam.model.unetr import InstanceDecoder
from napari_sam.prompts.prompt import PointPrompt
from napari_sam.tiles.bbox import BBox, holds, union
from napari_sam.tiles.grid import Tile, TileGrid
from napari_sam.tiles.stitch import group_parts

from .enlarged import Look, are_small, as_if_larger, crosses, in_data_pixels, is_cut_off, parts
from .instances import instance_settings, instances
from .nearby import decode_nearby
from .overlaps import confidence as confidence
from .overlaps import is_credible, suppress_overlaps
from .proposal_windows import decode_around
from .propose import Proposals, propose


def segment_tile(model: Sam, embedding: Embedding, look: Look | None = None) -> tuple[Mask, ...]:
    """All objects of one tile, without overlaps.

    Parameters
    ----------
    model : Sam
        The model.
    embedding : Embedding
        Of the tile.
    look : callable, optional
        Gives embeddings of zoomed parts of the tile, to look closer where most objects are small.

    Returns
    -------
    tuple of Mask
        Best first; where two meant the same pixels, they belong to the better one.
    """
    tile = embedding.tile
    if model.instance_decoder is not None:
        return _drawn_at_once(model, model.instance_decoder, embedding)
    proposals = propose(embedding)
    if look is None or not are_small(proposals):
        return tuple(_objects(model, embedding, proposals))
    pieces = tuple(parts(tile))
    closer = [mask for part in pieces for mask in _enlarged(model, look, part, tile)]
    # the first look is only asked for what lies on a seam
    found = _objects(model, embedding, proposals) if len(pieces) > 1 else ()
    across = (mask for mask in found if crosses(mask, tile))
    both = suppress_overlaps(across, tile, first=closer)
    return tuple(sorted(both, key=confidence, reverse=True))


def _objects(model: Sam, embedding: Embedding, proposals: Proposals) -> Iterator[Mask]:
    return suppress_overlaps(_drawn(_decode(model, embedding, proposals)), embedding.tile)


def segment_seen(encoder: Encoder, embedding: Embedding) -> tuple[Mask, ...]:
    """All objects of a tile of an encoder, which looks closer if it is one that does."""
    return segment_tile(encoder.model, embedding, encoder.enlarge if encoder.closer else None)


def _enlarged(model: Sam, look: Look, part: Tile, tile: Tile) -> Iterator[Mask]:
    """Objects of a zoomed part of a tile, without those that another part has a piece of."""
    seen = as_if_larger(look(part))
    answers = _decode(model, seen, propose(seen))
    masks = _drawn(in_data_pixels(model.config, answer, part) for answer in answers)
    for mask in suppress_overlaps(masks, part):
        if not is_cut_off(mask, part, tile):
            yield mask


def _drawn(answers: Iterable[Answer]) -> Iterator[Mask]:
    return (refine(answer.to_mask()) for answer in answers if is_credible(answer))


def _decode(model: Sam, embedding: Embedding, proposals: Proposals) -> Iterable[Answer]:
    if proposals.boxes is not None:
        return decode_around(model, embedding, proposals)
    tile = embedding.tile
    points = np.add(proposals.points, (tile.y0, tile.x0)).tolist()
    clicks = {i: PointPrompt((*tile.plane, y, x)) for i, (y, x) in enumerate(points)}
    return decode_nearby(model, embedding, clicks).values()


def _drawn_at_once(model: Sam, decoder: InstanceDecoder, embedding: Embedding) -> tuple[Mask, ...]:
    """Objects from the maps of micro-sam's decoder, which need no prompts."""
    tile = embedding.tile
    with torch.inference_mode():
        maps = decoder(embedding.features.image_embedding)
        maps = restore(model.config, maps, tile.height, tile.width)[0].cpu().numpy()
    found = instances(maps, tile, instance_settings(model.config.name))
    return tuple(sorted(found, key=confidence, reverse=True))


def not_cut(masks: Iterable[Mask], grid: TileGrid, tile: Tile) -> Iterator[Mask]:
    """Leave out what a tile cuts off and another tile sees whole: half an object misleads a model.

    Parameters
    ----------
    masks : iterable of Mask
        Found in the tile.
    grid : TileGrid
        The tiles.
    tile : Tile
        Where they were found.

    Yields
    ------
    Mask
        All others. What is cut and lies whole in no other tile stays, to be put together.
    """
    for mask in masks:
        behind = grid.behind(tile, mask.bbox)
        if not any(_is_inside(grid, other, mask.bbox) for other in behind):
            yield mask


def _is_inside(grid: TileGrid, tile: Tile, bbox: BBox) -> bool:
    return holds(tile.bbox, bbox) and not grid.behind(tile, bbox)


def stitch_masks(found: list[tuple[Tile, tuple[Mask, ...]]]) -> Iterator[Mask]:
    """Objects of a plane from the objects of its tiles.

    Parameters
    ----------
    found : list of (Tile, tuple of Mask)
        From :func:`segment_tile`, for each tile of the plane.

    Yields
    ------
    Mask
        Best first; what neighbouring tiles saw of one object is one mask.
    """
    parts = [(tile, mask) for tile, masks in found for mask in masks]
    objects = [[parts[i][1] for i in group] for group in group_parts(parts)]
    yield from sorted(map(join, objects), key=confidence, reverse=True)


def join(parts: list[Mask]) -> Mask:
    """One mask of several that overlap: as sure as the best of them."""
    if len(parts) == 1:
        return parts[0]
    bbox = union(part.bbox for part in parts)
    pixels = np.logical_or.reduce([part.within(bbox) for part in parts])
    best = max(parts, key=confidence)
    return Mask(best.plane, bbox, pixels, best.iou, best.object_score)
