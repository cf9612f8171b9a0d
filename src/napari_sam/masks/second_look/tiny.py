"""Tiny: clicked objects of a few pixels are answered from an enlarged part of their tile alone.

The first answer to a click on a bacterium in a colony is the colony.
"""

from collections import defaultdict
from dataclasses import replace

import numpy as np

from napari_sam.embeddings.embedding import Embedding, Embeddings
from napari_sam.masks.automatic.enlarged import as_if_larger
from napari_sam.masks.automatic.propose import Proposals, propose
from napari_sam.masks.automatic.zoom import UNSURE, are_tiny
from napari_sam.model.features import ImageFeatures
from napari_sam.model.sam import MASK_STRIDE
from napari_sam.tiles.bbox import BBox
from napari_sam.tiles.grid import Tile

from .second_look import Answers, Look, PromptsById, look_at, part_around_clicks

ZOOM = 3
"""Times by which a tiny object is enlarged."""

SURE = 0.8
"""Predicted IoU of the first answer from which an object is not tiny."""

AROUND = 24
"""Data pixels around the enlarged part in which proposals of the tile are compared with those of
the part: the middle of a colony may lie outside."""


def look_at_tiny(encoder: Embeddings, prompts: PromptsById, first: Answers) -> dict[int, Look]:
    """Decode clicked objects enlarged where their surroundings consist of tiny objects.

    Parameters
    ----------
    encoder : Embeddings
        Gives the embeddings of tiles and of their zoomed parts.
    prompts : mapping
        Object id to its prompts. Objects with a box or a mask are left out: their size is known.
    first : mapping
        Object id to the answer in its tile, and its mask.

    Returns
    -------
    dict
        Object id to both answers, of which the second counts alone.
    """
    by_part: dict[tuple[Tile, Tile], list[int]] = defaultdict(list)
    for i, (answer, _) in first.items():
        if answer.iou < SURE and answer.tile.zoom == 1 and any(p.is_foreground for p in prompts[i]):
            around = part_around_clicks(answer.tile, prompts[i], ZOOM)
            if around is not None:
                by_part[answer.tile, around].append(i)
    tiny: dict[Tile, list[int]] = defaultdict(list)  # two tiles may have a part in common
    for (tile, part), ids in by_part.items():
        if _shows_tiny(encoder, tile, part):
            tiny[part] += ids
    looks = look_at(encoder, tiny, prompts)
    return {i: Look(first[i][0], second, alone=True) for i, second in looks}


def _shows_tiny(encoder: Embeddings, tile: Tile, part: Tile) -> bool:
    """Whether an unsure part of a tile, enlarged, shows tiny objects."""
    y0, x0, y1, x1 = part.bbox
    near = proposals_in(encoder.get(tile), (y0 - AROUND, x0 - AROUND, y1 + AROUND, x1 + AROUND))
    if not len(near) or near.scores.mean() >= UNSURE:
        return False
    enlarged = propose(as_if_larger(encoder.model.config, encoder.close_up(part)))
    return are_tiny(near, enlarged, ZOOM)


def proposals_in(embedding: Embedding, region: BBox) -> Proposals:
    """Proposals of a tile inside a region ``(y0, x0, y1, x1)``, data pixels of the plane.

    Only the maps of the region are searched. None without a proposal head.
    """
    head, tile = embedding.features.proposals, embedding.tile
    if head is None:
        return Proposals(np.zeros((0, 2)), np.zeros(0))
    corner = np.array((tile.y0, tile.x0))
    size = np.array(head.shape[-2:])
    first, last = np.reshape(region, (2, 2)) - corner
    (top, left), (bottom, right) = (
        np.clip(first // MASK_STRIDE, 0, size).tolist(),
        np.clip(-(-last // MASK_STRIDE), 0, size).tolist(),
    )
    maps = head[..., top:bottom, left:right]
    height = min(MASK_STRIDE * bottom, tile.height) - MASK_STRIDE * top
    width = min(MASK_STRIDE * right, tile.width) - MASK_STRIDE * left
    y, x = tile.y0 + MASK_STRIDE * top, tile.x0 + MASK_STRIDE * left
    place = replace(tile, y0=y, x0=x, height=height, width=width)
    features = ImageFeatures(embedding.features.image_embedding, (), maps)
    return propose(Embedding(place, features))
