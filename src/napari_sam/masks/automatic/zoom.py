"""Zoom: how much the parts of a tile are enlarged, from the sizes and scores of its proposals.

Objects of a few pixels, such as bacteria that touch in a colony, are one large object to the
proposal head, with a low score. Enlarged, each of them has a proposal with a higher score; larger
objects have lower scores when enlarged. So a tile of low scores is sampled: a small window of it is
encoded enlarged, and the scores decide.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree
from torch.nn.functional import max_pool2d

from napari_sam.embeddings.embedding import Embedding
from napari_sam.model.config import ModelConfig
from napari_sam.model.sam import MASK_STRIDE
from napari_sam.tiles.grid import Tile

from .enlarged import SMALL, ZOOM, Enlarge, as_if_larger, median_side
from .propose import Proposals, propose

LARGEST_ZOOM = 3.0
"""Times by which the parts of a tile are enlarged at most."""

UNSURE = 0.7
"""Mean score of a tile's proposals below which a sample of the tile is enlarged."""

SAMPLE = 128
"""Side of the sample, data pixels."""

GAIN = 0.02
"""Rise of the mean score in the sample below which its tile is not enlarged."""

TINY = 20.0
"""Median root of the boxes' areas in the enlarged sample, data pixels, from which its tile is not
enlarged: parts of large objects have proposals too."""


TINY_ENLARGED = 28.0
"""Median side of objects that touch, model pixels, to which they are enlarged: the gaps between
them need more pixels than their outlines."""

SQUARE = 16
"""Side of the squares of a tile in which foreground is looked for, data pixels."""


def zoom_for_side(side: float, enlarged: float = SMALL) -> float:
    """Zoom that makes objects of a median side, data pixels, about `enlarged` model pixels wide.

    A multiple of a quarter, so that few sizes of windows occur; 1 for objects that are not small.
    """
    if side >= SMALL:
        return 1.0
    return float(np.clip(round(4 * enlarged / side) / 4, ZOOM, LARGEST_ZOOM))


def zoom_of_tiny(
    config: ModelConfig, embedding: Embedding, proposals: Proposals, enlarge: Enlarge
) -> float | None:
    """Zoom for a tile whose objects are too small to have proposals of their own.

    Parameters
    ----------
    config : ModelConfig
        Of the model.
    embedding : Embedding
        Of the tile.
    proposals : Proposals
        Of the tile, with boxes.
    enlarge : callable
        Encodes the sample: ``SAMPLE * LARGEST_ZOOM`` model pixels wide.

    Returns
    -------
    float or None
        None if the proposals are sure, or the enlarged sample does not show smaller objects with
        higher scores.
    """
    if proposals.boxes is None or not len(proposals) or proposals.scores.mean() >= UNSURE:
        return None
    sample, inside = _most_crowded(embedding.tile, proposals)
    enlarged = propose(as_if_larger(config, enlarge(sample)))
    if not are_tiny(inside, enlarged, LARGEST_ZOOM):
        return None
    return zoom_for_side(median_side(enlarged) / LARGEST_ZOOM, TINY_ENLARGED)


def are_tiny(proposals: Proposals, enlarged: Proposals, zoom: float) -> bool:
    """Whether a look at some place, enlarged, shows smaller objects with higher scores.

    Parameters
    ----------
    proposals : Proposals
        At this place of a tile, of unsure scores; not empty.
    enlarged : Proposals
        Of the same place, enlarged.
    zoom : float
        Times by which it was enlarged.
    """
    if len(enlarged) <= len(proposals) or median_side(enlarged) >= TINY * zoom:
        return False
    return bool(enlarged.scores.mean() > proposals.scores.mean() + GAIN)


def foreground_boxes(embedding: Embedding) -> NDArray[np.float64]:
    """Squares of :data:`SQUARE` pixels of a tile that hold foreground.

    Proposals lie in the middle of a colony of tiny objects, if there are any; the foreground
    reaches to its border.

    Returns
    -------
    ndarray
        ``(N, 4)`` float64, ``y0, x0, y1, x1``, data pixels of the plane, the ends excluded.
    """
    head, tile = embedding.features.proposals, embedding.tile
    if head is None:
        return np.zeros((0, 4))
    cells = SQUARE // MASK_STRIDE
    foreground = max_pool2d(head[0, 1:2].float(), cells, ceil_mode=True)[0] > 0
    corners = SQUARE * np.argwhere(foreground.cpu().numpy()) + (tile.y0, tile.x0)
    boxes = np.concatenate([corners, corners + SQUARE], axis=1).astype(np.float64)
    return boxes[(corners < (tile.y1, tile.x1)).all(axis=1)]


def _most_crowded(tile: Tile, proposals: Proposals) -> tuple[Tile, Proposals]:
    """The enlarged sample of a tile around the proposal with most neighbours, and those in it."""
    points = proposals.points
    # points lie on a grid of MASK_STRIDE: those half a sample away are on its border, not in it
    near = cKDTree(points).query_ball_point(points, SAMPLE / 2 - 1, p=np.inf, return_length=True)
    size = np.minimum(SAMPLE, (tile.height, tile.width))
    last = np.subtract((tile.height, tile.width), size)
    first = np.clip(points[int(np.argmax(near))] - size / 2, 0, last).astype(int)
    inside = ((points >= first) & (points < first + size)).all(axis=1)
    (y, x), (height, width) = first.tolist(), size.tolist()
    place = {"y0": tile.y0 + y, "x0": tile.x0 + x, "height": height, "width": width}
    return replace(tile, **place, zoom=LARGEST_ZOOM), proposals[inside]
