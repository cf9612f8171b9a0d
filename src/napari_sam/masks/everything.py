"""Everything: all objects of a tile, without prompts from the user."""

from collections.abc import Iterable, Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from skimage.feature import peak_local_max

from napari_sam.embeddings.embedding import Embedding
from napari_sam.model.preprocess import restore
from napari_sam.model.sam import MASK_STRIDE, Sam
from napari_sam.model.unetr import InstanceDecoder
from napari_sam.prompts.prompt import PointPrompt
from napari_sam.tiles.bbox import BBox, holds, union
from napari_sam.tiles.grid import Tile, TileGrid
from napari_sam.tiles.stitch import group_parts

from .instances import instance_settings, instances
from .mask import Mask
from .nearby import decode_nearby
from .refine import refine

CENTRE_THRESHOLD = 0.35
FOREGROUND_THRESHOLD = 0.5
IOU_THRESHOLD = 0.4
FREE_SHARE = 0.5  # of a mask that no better one may have taken
SMALLEST_OBJECT = 12  # pixels
MOST_PROPOSALS = 3000  # a tile of 1024 pixels has fewer cells; bad weights propose everywhere
GRID_POINTS = 32  # a side, for models without proposals (arXiv:2304.02643, appendix B)


def propose(embedding: Embedding) -> NDArray[np.float64]:
    """Where to click in a tile.

    Parameters
    ----------
    embedding : Embedding
        Of the tile.

    Returns
    -------
    ndarray
        ``(N, 2)`` float64, yx, pixels of the tile: peaks of the centre heat map inside the
        foreground, or a regular grid for models without a proposal head.
    """
    tile = embedding.tile
    if embedding.features.proposals is None:
        return _grid_points(tile)
    heat, foreground = torch.sigmoid(embedding.features.proposals[0]).cpu().numpy()
    peaks = peak_local_max(
        gaussian_filter(heat, 0.6),
        min_distance=1,
        threshold_abs=CENTRE_THRESHOLD,
        exclude_border=False,
        num_peaks=MOST_PROPOSALS,
    )
    inside = foreground[tuple(peaks.T)] > FOREGROUND_THRESHOLD
    points = (peaks[inside] + 0.5) * MASK_STRIDE - 0.5
    kept: NDArray[np.float64] = points[(points[:, 0] < tile.height) & (points[:, 1] < tile.width)]
    return kept


def _grid_points(tile: Tile) -> NDArray[np.float64]:
    rows = max(1, round(GRID_POINTS * tile.height / 1024))
    cols = max(1, round(GRID_POINTS * tile.width / 1024))
    y = (np.arange(rows) + 0.5) * tile.height / rows - 0.5
    x = (np.arange(cols) + 0.5) * tile.width / cols - 0.5
    return np.stack(np.meshgrid(y, x, indexing="ij"), axis=-1).reshape(-1, 2)


def segment_tile(model: Sam, embedding: Embedding) -> tuple[Mask, ...]:
    """All objects of one tile, without overlaps.

    Parameters
    ----------
    model : Sam
        The model.
    embedding : Embedding
        Of the tile.

    Returns
    -------
    tuple of Mask
        Best first; where two meant the same pixels, they belong to the better one.
    """
    tile = embedding.tile
    if model.instance_decoder is not None:
        return _drawn_at_once(model, model.instance_decoder, embedding)
    points = np.add(propose(embedding), (tile.y0, tile.x0))
    clicks = {i: PointPrompt((*tile.plane, float(y), float(x))) for i, (y, x) in enumerate(points)}
    answers = decode_nearby(model, embedding, clicks)
    masks = [refine(answers[i].to_mask()) for i in clicks]
    return tuple(suppress_overlaps(masks, tile))


def _drawn_at_once(model: Sam, decoder: InstanceDecoder, embedding: Embedding) -> tuple[Mask, ...]:
    """Objects from the maps of micro-sam's decoder, which need no prompts."""
    tile = embedding.tile
    with torch.inference_mode():
        maps = decoder(embedding.features.image_embedding)
        maps = restore(model.config, maps, tile.height, tile.width)[0].cpu().numpy()
    found = instances(maps, tile, instance_settings(model.config.name))
    return tuple(sorted(found, key=confidence, reverse=True))


def suppress_overlaps(masks: list[Mask], tile: Tile) -> Iterator[Mask]:
    """Keep credible masks, best first, each without the pixels of better ones.

    Parameters
    ----------
    masks : list of Mask
        All in one tile.
    tile : Tile
        The tile.

    Yields
    ------
    Mask
        Those that are likely objects and mostly free of better ones.
    """
    taken = np.zeros((tile.height, tile.width), bool)
    for mask in sorted(masks, key=confidence, reverse=True):
        if mask.iou < IOU_THRESHOLD or mask.object_score < 0 or mask.area < SMALLEST_OBJECT:
            continue
        y0, x0, y1, x1 = mask.bbox
        place = taken[y0 - tile.y0 : y1 - tile.y0, x0 - tile.x0 : x1 - tile.x0]
        free = mask.pixels & ~place
        if free.sum() < max(FREE_SHARE * mask.area, SMALLEST_OBJECT):
            continue
        place |= free
        yield Mask(mask.plane, mask.bbox, free, mask.iou, mask.object_score).tight()


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


def confidence(mask: Mask) -> float:
    """How much a mask can be trusted: predicted IoU times the probability of an object."""
    return float(mask.iou / (1 + np.exp(-mask.object_score)))


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
