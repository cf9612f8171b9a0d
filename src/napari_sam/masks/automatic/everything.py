"""Everything: all objects of a tile, without prompts from the user."""

from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from napari_sam.embeddings.embedding import Embedding
from napari_sam.embeddings.encode import Encoder
from napari_sam.masks.decode import Answer
from napari_sam.masks.mask import Mask
from napari_sam.model.preprocess import restore
from napari_sam.model.sam import Sam
from napari_sam.model.unetr import InstanceDecoder
from napari_sam.prompts.prompt import PointPrompt
from napari_sam.tiles.bbox import BBox, holds
from napari_sam.tiles.cut import is_cut
from napari_sam.tiles.grid import Tile, TileGrid

from .core import to_decode, without_elsewhere
from .draw import draw
from .enlarged import (
    Enlarge,
    as_if_larger,
    crosses,
    held_by,
    in_data_pixels,
    median_side,
    parts,
    small,
    small_parts,
)
from .instances import instance_settings, instances
from .overlaps import best_first, is_credible, suppress_overlaps
from .proposal_windows import PromptKinds, decode_boxes, decode_clicks
from .propose import Proposals, plane_boxes, propose
from .zoom import foreground_boxes, zoom_for_side, zoom_of_tiny

ScoredMask = tuple[Mask, float]
"""A mask, and the probability of the middle of an object at its proposal, 0 to 1."""


def segment_tile(
    model: Sam,
    embedding: Embedding,
    enlarge: Enlarge | None = None,
    kinds: PromptKinds = "both",
    grid: TileGrid | None = None,
) -> tuple[Mask, ...]:
    """Segment all objects of a tile.

    Parameters
    ----------
    model : Sam
        The model. One with an instance decoder draws all objects at once; others are asked about
        each proposal.
    embedding : Embedding
        Of the tile.
    enlarge : callable, optional
        Encodes a zoomed part of the tile; without, a tile of small objects is not enlarged.
    kinds : str
        Prompts to make of proposals with boxes.
    grid : TileGrid, optional
        Tiles of the image. With it, objects that another tile draws are left out, see
        :func:`~napari_sam.masks.automatic.core.drawn_elsewhere`.

    Returns
    -------
    tuple of Mask
        Best first, without common pixels: contested pixels belong to the better mask.
    """
    tile = embedding.tile
    if model.instance_decoder is not None:
        return _drawn_at_once(model, model.instance_decoder, embedding)
    proposals = propose(embedding)
    boxes = plane_boxes(proposals, tile)
    zoomed: tuple[Tile, ...] = ()
    enlarged: list[Mask] = []
    if enlarge is not None:
        region = tile.bbox if grid is None else grid.core(tile)
        zoomed = tuple(_parts_to_enlarge(model, embedding, proposals, boxes, enlarge, region))
        enlarged = [mask for part in zoomed for mask in _in_part(model, enlarge(part), tile, kinds)]
    # of the tile as it is, only objects that no part holds whole are needed
    first_look = ~held_by(zoomed, boxes, tile)
    if grid is not None:
        first_look[first_look] = to_decode(grid, tile, boxes[first_look])
    proposals = proposals[first_look]
    answers = _decode(model, embedding, proposals, kinds)
    masks = (mask for mask, _ in _scored(answers, proposals.scores))
    objects = best_first(suppress_overlaps(masks, tile, first=enlarged))
    return objects if grid is None else without_elsewhere(grid, tile, objects)


def likely_masks(
    model: Sam,
    embedding: Embedding,
    propose_in: Callable[[Embedding], Proposals],
    enlarge: Enlarge | None = None,
) -> Iterator[ScoredMask]:
    """Draw the masks of all proposals of a tile, which may overlap.

    Parameters
    ----------
    model : Sam
        The model. One with an instance decoder draws all objects at once, without proposals.
    embedding : Embedding
        Of the tile.
    propose_in : callable
        Proposals of an embedding, such as :func:`~napari_sam.masks.automatic.propose.propose`.
    enlarge : callable, optional
        Encodes a zoomed part of the tile, where the objects are small.

    Yields
    ------
    Mask, float
        A mask, and the score of its proposal. Masks that are cut by a part of the tile, and masks
        of a low predicted IoU, are left out.
    """
    tile = embedding.tile
    if model.instance_decoder is not None:
        yield from ((m, 1.0) for m in _drawn_at_once(model, model.instance_decoder, embedding))
        return
    pieces = () if enlarge is None else tuple(parts(tile))
    for part in pieces:
        if enlarge is not None:
            for mask, score in _masks_in_part(model, enlarge(part), propose_in, "both"):
                if not is_cut(mask.bbox, part.bbox, tile.bbox):
                    yield mask, score
    if len(pieces) != 1:
        proposals = propose_in(embedding)
        for mask, score in _scored(_decode(model, embedding, proposals, "both"), proposals.scores):
            if not pieces or crosses(mask, tile):
                yield mask, score


def segment_encoded(encoder: Encoder, embedding: Embedding) -> tuple[Mask, ...]:
    """All objects of an encoder's tile; tiles of small objects are enlarged if the encoder may."""
    enlarge = encoder.enlarge if encoder.closer else None
    return segment_tile(encoder.model, embedding, enlarge, grid=encoder.grid)


def _parts_to_enlarge(
    model: Sam,
    embedding: Embedding,
    proposals: Proposals,
    boxes: NDArray[np.float64],
    enlarge: Enlarge,
    region: BBox,
) -> Iterator[Tile]:
    """Zoomed parts of a region of a tile, around proposals (with boxes) that are small or tiny."""
    tile = embedding.tile
    tiny = zoom_of_tiny(model.config, embedding, proposals, enlarge)
    if tiny is not None:
        return small_parts(tile, foreground_boxes(embedding), region, tiny)
    zoom = zoom_for_side(median_side(proposals))
    return small_parts(tile, small(boxes), region, zoom) if zoom > 1 else iter(())


def _in_part(model: Sam, embedding: Embedding, tile: Tile, kinds: PromptKinds) -> Iterator[Mask]:
    """Objects of a zoomed part of a tile, except objects cut by the part."""
    part = embedding.tile
    masks = (mask for mask, _ in _masks_in_part(model, embedding, propose, kinds))
    for mask in suppress_overlaps(masks, part):
        if not is_cut(mask.bbox, part.bbox, tile.bbox):
            yield mask


def _masks_in_part(
    model: Sam,
    embedding: Embedding,
    propose_in: Callable[[Embedding], Proposals],
    kinds: PromptKinds,
) -> Iterator[ScoredMask]:
    """Masks of all proposals in a zoomed part of a tile, data pixels."""
    larger = as_if_larger(model.config, embedding)
    proposals = propose_in(larger)
    answers = _decode(model, larger, proposals, kinds)
    in_part = (in_data_pixels(model.config, answer, embedding.tile) for answer in answers)
    return _scored(in_part, proposals.scores)


def _scored(answers: Iterable[Answer], scores: NDArray[np.float64]) -> Iterator[ScoredMask]:
    """Masks of credible answers, with the scores of their proposals."""
    pairs = zip(answers, scores.tolist(), strict=True)
    credible = [(answer, score) for answer, score in pairs if is_credible(answer)]
    masks = draw([answer for answer, _ in credible])
    return zip(masks, (score for _, score in credible), strict=True)


def _decode(
    model: Sam, embedding: Embedding, proposals: Proposals, kinds: PromptKinds
) -> Sequence[Answer]:
    """Answers to all proposals, from their windows and in their order."""
    if proposals.boxes is not None:
        return decode_boxes(model, embedding, proposals, kinds)
    tile = embedding.tile
    points = np.add(proposals.points, (tile.y0, tile.x0)).tolist()
    clicks = {i: PointPrompt((*tile.plane, y, x)) for i, (y, x) in enumerate(points)}
    answers = decode_clicks(model, embedding, clicks)
    return [answers[i] for i in clicks]


def _drawn_at_once(model: Sam, decoder: InstanceDecoder, embedding: Embedding) -> tuple[Mask, ...]:
    """Objects from the maps of micro-sam's decoder, which needs no prompts."""
    tile = embedding.tile
    with torch.inference_mode():
        maps = decoder(embedding.features.image_embedding)
        maps = restore(model.config, maps, tile.height, tile.width)[0].cpu().numpy()
    return best_first(instances(maps, tile, instance_settings(model.config.name)))


def not_cut(masks: Iterable[Mask], grid: TileGrid, tile: Tile) -> Iterator[Mask]:
    """Leave out masks that a tile cuts and another tile holds whole.

    Half an object misleads the model, so the tile that holds all of it draws it better.

    Parameters
    ----------
    masks : iterable of Mask
        Found in the tile.
    grid : TileGrid
        Tiles of the image.
    tile : Tile
        The tile.

    Yields
    ------
    Mask
        All others. Masks that are cut and lie whole in no other tile stay: parts of one object are
        joined by :func:`~napari_sam.masks.automatic.settled.settle`.
    """
    for mask in masks:
        behind = grid.behind(tile, mask.bbox)
        if not any(_is_whole_in(grid, other, mask.bbox) for other in behind):
            yield mask


def _is_whole_in(grid: TileGrid, tile: Tile, bbox: BBox) -> bool:
    return holds(tile.bbox, bbox) and not is_cut(bbox, tile.bbox, grid.bbox)
