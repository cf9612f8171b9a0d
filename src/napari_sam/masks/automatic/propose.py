"""Propose: likely objects of a tile, with a point and a box each, before any mask is drawn.

The proposal head of the built-in model predicts maps of 4 x 4 pixels a cell: how central a cell
lies in an object, whether it lies in an object at all, and the distances to the sides of the
object's box, as in FCOS (arXiv:1904.01355). Boxes are read at the peaks of the centre map only
(arXiv:1904.07850).
"""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from scipy.spatial import cKDTree
from skimage.feature import peak_local_max
from torch import Tensor

from napari_sam.embeddings.embedding import Embedding
from napari_sam.model.sam import MASK_STRIDE
from napari_sam.tiles.grid import Tile

CENTRE_THRESHOLD = 0.4
"""Smoothed centre probability below which a peak is no proposal."""

FOREGROUND_THRESHOLD = 0.5
"""Foreground probability up to which a peak is no proposal."""

SMOOTHING = 0.6
"""Standard deviation in cells of the Gaussian that smooths the centre map."""

MOST_PROPOSALS = 3000
"""Proposals of a tile, at most. Real tiles have fewer objects; bad weights propose everywhere."""

BOX_IOU = 0.7
"""IoU of two boxes above which two proposals may be one object."""

SAME_PLACE = 0.5
"""Distance of two points, in diagonals of the smaller box, up to which they may be one object."""

GRID_POINTS = 32
"""Points along 1024 pixels, for models without a proposal head (arXiv:2304.02643, appendix B)."""

_ROUNDING = 1e-9  # share by which the search for near points may round differently

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Proposals:
    """Likely objects of a tile, to be decoded.

    Parameters
    ----------
    points : ndarray
        ``(N, 2)`` float64, yx, pixels of the tile: the middle of each object.
    scores : ndarray
        ``(N,)`` float64 in 0..1: probability of such a middle.
    boxes : ndarray or None
        ``(N, 4)`` float64, ``y0, x0, y1, x1``, pixels of the tile: the outermost pixel centres of
        each object. None if the model predicts no boxes.
    """

    points: Floats
    scores: Floats
    boxes: Floats | None = None

    def __len__(self) -> int:
        """Number of proposals."""
        return len(self.points)

    def __getitem__(self, index: slice | NDArray[np.integer] | NDArray[np.bool_]) -> "Proposals":
        """Proposals at indices, in the order of the index."""
        boxes = None if self.boxes is None else self.boxes[index]
        return Proposals(self.points[index], self.scores[index], boxes)


def propose(
    embedding: Embedding,
    centre: float = CENTRE_THRESHOLD,
    foreground: float = FOREGROUND_THRESHOLD,
) -> Proposals:
    """Propose the objects of a tile.

    Parameters
    ----------
    embedding : Embedding
        Of the tile.
    centre, foreground : float
        Probabilities, 0 to 1, up to which a peak is no proposal.

    Returns
    -------
    Proposals
        Peaks of the centre map in the foreground, best first, without those that :func:`distinct`
        leaves out; or a regular grid of points for models without a proposal head.
    """
    tile, head = embedding.tile, embedding.features.proposals
    if head is None:
        return grid_proposals(tile)
    maps = head[0].float()
    heat, covered = probabilities(head)
    peaks = _peaks(heat, covered, centre, foreground)
    points = np.asarray((peaks + 0.5) * MASK_STRIDE - 0.5, np.float64)
    inside = (points < (tile.height, tile.width)).all(axis=1)
    peaks, points = peaks[inside], points[inside]
    scores = heat[tuple(peaks.T)].astype(np.float64)
    if len(maps) == 2:
        return Proposals(points, scores)
    boxes = read_boxes(maps[2:].cpu().numpy(), heat * covered, peaks)
    last = np.subtract((tile.height, tile.width), 1)
    return distinct(Proposals(points, scores, boxes.clip(0, np.tile(last, 2))))


def probabilities(head: Tensor) -> NDArray[np.float32]:
    """Centre and foreground probabilities ``(2, h, w)`` of proposals ``(1, C, h, w)``."""
    return np.asarray(torch.sigmoid(head[0, :2].float()).cpu().numpy())


def plane_boxes(proposals: Proposals, tile: Tile) -> Floats:
    """Boxes of the proposals of a tile in its plane.

    Returns
    -------
    ndarray
        ``(N, 4)`` float64, ``y0, x0, y1, x1``, data pixels of the plane, the ends excluded. Of a
        proposal without a box, the pixel at its point.
    """
    boxes = proposals.boxes if proposals.boxes is not None else np.tile(proposals.points, 2)
    return np.add(boxes, (tile.y0, tile.x0, tile.y0 + 1, tile.x0 + 1))


def _peaks(
    heat: NDArray[np.float32], covered: NDArray[np.float32], centre: float, foreground: float
) -> NDArray[np.int64]:
    """Cells ``(N, 2)`` of the centre map's peaks in the foreground, best first."""
    peaks = peak_local_max(
        gaussian_filter(heat, SMOOTHING),
        min_distance=1,
        threshold_abs=centre,
        exclude_border=False,
        num_peaks=MOST_PROPOSALS,
    )
    return np.asarray(peaks[covered[tuple(peaks.T)] > foreground], np.int64)


def read_boxes(
    distances: NDArray[np.float32], weights: NDArray[np.float32], cells: NDArray[np.int64]
) -> Floats:
    """Boxes of objects, from the cells of their middles and the cells around.

    A cell and its eight neighbours predict the same box from different places: the weighted mean
    is less noisy. A neighbour in another object distorts it little, as its weight is low: it lies
    near the border of its object.

    Parameters
    ----------
    distances : ndarray
        ``(4, h, w)`` float32, ``log(1 + pixels)`` from the middle of each cell to the top, left,
        bottom and right side.
    weights : ndarray
        ``(h, w)`` float32: weight of each cell in the mean.
    cells : ndarray
        ``(N, 2)`` int64, rows and columns.

    Returns
    -------
    ndarray
        ``(N, 4)`` float64, ``y0, x0, y1, x1``, pixels of the tile.
    """
    steps = np.stack(np.meshgrid([-1, 0, 1], [-1, 0, 1], indexing="ij"), -1).reshape(-1, 1, 2)
    neighbours = cells + steps  # (9, N, 2)
    inside = ((neighbours >= 0) & (neighbours < weights.shape)).all(axis=-1)
    rows, cols = np.moveaxis(np.where(inside[..., None], neighbours, cells), -1, 0)
    away = np.expm1(np.maximum(distances[:, rows, cols], 0, dtype=np.float64))
    middle = (np.stack([rows, cols]) + 0.5) * MASK_STRIDE - 0.5
    boxes = np.concatenate([middle - away[:2], middle + away[2:]])  # (4, 9, N)
    share = np.where(inside, weights[rows, cols], 0).astype(np.float64) + 1e-9
    return np.asarray((boxes * share).sum(axis=1) / share.sum(axis=0)).T


def distinct(proposals: Proposals) -> Proposals:
    """Leave out duplicate proposals of an object: those with a similar box and a middle nearby.

    Parameters
    ----------
    proposals : Proposals
        Returned unchanged without boxes, and if it is empty.

    Returns
    -------
    Proposals
        Best first, whatever the order of the input. Nested objects, such as a nucleus in its cell,
        all stay: their boxes differ.
    """
    if proposals.boxes is None or not len(proposals):
        return proposals
    order = np.lexsort((*proposals.boxes.T, *proposals.points.T, -proposals.scores))
    points, boxes = proposals.points[order], proposals.boxes[order]
    reach = SAME_PLACE * _diagonal(boxes)
    near = cKDTree(points).query_ball_point(points, reach * (1 + _ROUNDING))
    dropped = np.zeros(len(order), bool)
    for i, indices in enumerate(near):
        worse = np.array([j for j in indices if j > i], np.int64)
        if len(worse) and not dropped[i]:
            alike = _box_iou(boxes[i], boxes[worse]) > BOX_IOU
            distance = np.linalg.norm(points[i] - points[worse], axis=-1)
            dropped[worse] |= alike & (distance <= np.minimum(reach[i], reach[worse]))
    return proposals[order[~dropped]]


def _box_iou(a: Floats, b: Floats) -> Floats:
    """IoU in pixels of boxes ``(..., 4)`` with pixel centres as corners."""
    low, high = np.maximum(a[..., :2], b[..., :2]), np.minimum(a[..., 2:], b[..., 2:])
    common = np.prod(np.maximum(high - low + 1, 0), axis=-1)
    return np.asarray(common / (_area(a) + _area(b) - common))


def _area(boxes: Floats) -> Floats:
    return np.asarray(np.prod(boxes[..., 2:] - boxes[..., :2] + 1, axis=-1))


def _diagonal(boxes: Floats) -> Floats:
    return np.asarray(np.linalg.norm(boxes[..., 2:] - boxes[..., :2] + 1, axis=-1))


def grid_proposals(tile: Tile) -> Proposals:
    """A regular grid of points, :data:`GRID_POINTS` along 1024 pixels, without boxes."""
    rows = max(1, round(GRID_POINTS * tile.height / 1024))
    cols = max(1, round(GRID_POINTS * tile.width / 1024))
    y = (np.arange(rows) + 0.5) * tile.height / rows - 0.5
    x = (np.arange(cols) + 0.5) * tile.width / cols - 0.5
    points = np.stack(np.meshgrid(y, x, indexing="ij"), axis=-1).reshape(-1, 2)
    return Proposals(points, np.ones(len(points)))
