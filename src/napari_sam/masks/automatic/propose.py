"""Propose: where in a tile there are objects, before any mask is drawn.

The head of the built-in model gives for each cell of 4 x 4 pixels how central it lies in an object,
whether it lies in one at all, and how far that reaches: dense prediction of boxes as in FCOS
(arXiv:1904.01355), asked only at the peaks of the centre map (arXiv:1904.07850).
"""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from skimage.feature import peak_local_max

from napari_sam.embeddings.embedding import Embedding
from napari_sam.model.sam import MASK_STRIDE
from napari_sam.tiles.grid import Tile

CENTRE_THRESHOLD = 0.4
FOREGROUND_THRESHOLD = 0.5
SMOOTHING = 0.6  # cells, of the centre map
MOST_PROPOSALS = 3000  # a tile of 1024 pixels has fewer cells; bad weights propose everywhere
BOX_IOU = 0.7  # of two boxes, above which they may mean one object
SAME_PLACE = 0.5  # of the diagonal of the smaller box: so near are two peaks of one object
GRID_POINTS = 32  # a side, for models without proposals (arXiv:2304.02643, appendix B)
_ROWS_AT_ONCE = 256

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Proposals:
    """Objects that a tile seems to have.

    Parameters
    ----------
    points : ndarray
        ``(N, 2)`` float64, yx, pixels of the tile: in the middle of each.
    scores : ndarray
        ``(N,)`` float64 in 0..1: how sure the model is that this is a middle.
    boxes : ndarray or None
        ``(N, 4)`` float64, ``y0, x0, y1, x1``, pixels of the tile: the outermost pixel centres of
        each. None where the model does not say.
    """

    points: Floats
    scores: Floats
    boxes: Floats | None = None

    def __len__(self) -> int:
        """How many there are."""
        return len(self.points)

    def __getitem__(self, index: slice | NDArray[np.integer] | NDArray[np.bool_]) -> "Proposals":
        """Some of them, in the order of the index."""
        boxes = None if self.boxes is None else self.boxes[index]
        return Proposals(self.points[index], self.scores[index], boxes)


def propose(embedding: Embedding) -> Proposals:
    """Where to look for objects in a tile.

    Parameters
    ----------
    embedding : Embedding
        Of the tile.

    Returns
    -------
    Proposals
        Peaks of the centre map inside the foreground, each object once as far as its box tells; or
        a regular grid for models without a proposal head.
    """
    tile, head = embedding.tile, embedding.features.proposals
    if head is None:
        return grid_proposals(tile)
    maps = head[0].float()
    heat, foreground = torch.sigmoid(maps[:2]).cpu().numpy()
    peaks = _peaks(heat, foreground)
    points = np.asarray((peaks + 0.5) * MASK_STRIDE - 0.5, np.float64)
    inside = (points < (tile.height, tile.width)).all(axis=1)
    peaks, points = peaks[inside], points[inside]
    scores = heat[tuple(peaks.T)].astype(np.float64)
    if len(maps) == 2:
        return Proposals(points, scores)
    boxes = read_boxes(maps[2:].cpu().numpy(), heat * foreground, peaks)
    last = np.subtract((tile.height, tile.width), 1)
    return distinct(Proposals(points, scores, boxes.clip(0, np.tile(last, 2))))


def _peaks(heat: NDArray[np.float32], foreground: NDArray[np.float32]) -> NDArray[np.int64]:
    """Cells ``(N, 2)``, best first."""
    peaks = peak_local_max(
        gaussian_filter(heat, SMOOTHING),
        min_distance=1,
        threshold_abs=CENTRE_THRESHOLD,
        exclude_border=False,
        num_peaks=MOST_PROPOSALS,
    )
    return np.asarray(peaks[foreground[tuple(peaks.T)] > FOREGROUND_THRESHOLD], np.int64)


def read_boxes(
    distances: NDArray[np.float32], weights: NDArray[np.float32], cells: NDArray[np.int64]
) -> Floats:
    """Boxes of the objects in some cells.

    Neighbouring cells tell of the same box from another place, so what they say is averaged; a cell
    of another object is not central in its own when it lies beside the middle of this one.

    Parameters
    ----------
    distances : ndarray
        ``(4, h, w)`` float32, ``log(1 + pixels)`` from the middle of each cell to the top, left,
        bottom and right side.
    weights : ndarray
        ``(h, w)`` float32: how much each cell is to be believed.
    cells : ndarray
        ``(N, 2)`` int64, rows and columns.

    Returns
    -------
    ndarray
        ``(N, 4)`` float64, ``y0, x0, y1, x1``, pixels of the tile.
    """
    steps = np.stack(np.meshgrid([-1, 0, 1], [-1, 0, 1], indexing="ij"), -1).reshape(-1, 1, 2)
    near = cells + steps  # (9, N, 2)
    inside = ((near >= 0) & (near < weights.shape)).all(axis=-1)
    rows, cols = np.moveaxis(np.where(inside[..., None], near, cells), -1, 0)
    away = np.expm1(np.maximum(distances[:, rows, cols], 0, dtype=np.float64))
    middle = (np.stack([rows, cols]) + 0.5) * MASK_STRIDE - 0.5
    boxes = np.concatenate([middle - away[:2], middle + away[2:]])  # (4, 9, N)
    share = np.where(inside, weights[rows, cols], 0).astype(np.float64) + 1e-9
    return np.asarray((boxes * share).sum(axis=1) / share.sum(axis=0)).T


def distinct(proposals: Proposals) -> Proposals:
    """Leave out what means the same object as a better one: a like box, and a middle near its own.

    Parameters
    ----------
    proposals : Proposals
        With boxes.

    Returns
    -------
    Proposals
        Best first, and the same ones whatever the order was. Of nested objects, such as a nucleus
        in its cell, all stay: their boxes are not alike.
    """
    if proposals.boxes is None:
        return proposals
    order = np.lexsort((*proposals.boxes.T, *proposals.points.T, -proposals.scores))
    points, boxes = proposals.points[order], proposals.boxes[order]
    dropped = np.zeros(len(order), bool)
    for start in range(0, len(order), _ROWS_AT_ONCE):
        some = slice(start, start + _ROWS_AT_ONCE)
        alike = _box_iou(boxes[some, None], boxes) > BOX_IOU
        distance = np.linalg.norm(points[some, None] - points, axis=-1)
        diagonal = np.minimum(_diagonal(boxes[some, None]), _diagonal(boxes))
        for i, same in enumerate(alike & (distance <= SAME_PLACE * diagonal), start):
            if not dropped[i]:
                dropped[i + 1 :] |= same[i + 1 :]
    return proposals[order[~dropped]]


def _box_iou(a: Floats, b: Floats) -> Floats:
    """Of the pixels that boxes ``(..., 4)`` hold."""
    low, high = np.maximum(a[..., :2], b[..., :2]), np.minimum(a[..., 2:], b[..., 2:])
    both = np.prod(np.maximum(high - low + 1, 0), axis=-1)
    return np.asarray(both / (_area(a) + _area(b) - both))


def _area(boxes: Floats) -> Floats:
    return np.asarray(np.prod(boxes[..., 2:] - boxes[..., :2] + 1, axis=-1))


def _diagonal(boxes: Floats) -> Floats:
    return np.asarray(np.linalg.norm(boxes[..., 2:] - boxes[..., :2] + 1, axis=-1))


def grid_proposals(tile: Tile) -> Proposals:
    """A regular grid of points, one in each part of the tile."""
    rows = max(1, round(GRID_POINTS * tile.height / 1024))
    cols = max(1, round(GRID_POINTS * tile.width / 1024))
    y = (np.arange(rows) + 0.5) * tile.height / rows - 0.5
    x = (np.arange(cols) + 0.5) * tile.width / cols - 0.5
    points = np.stack(np.meshgrid(y, x, indexing="ij"), axis=-1).reshape(-1, 2)
    return Proposals(points, np.ones(len(points)))
