"""Arrays: the prompts of several objects as the prompt encoder takes them."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from napari_sam.tiles.bbox import intersection, place, union
from napari_sam.tiles.frame import Frame
from napari_sam.tiles.grid import Tile

from .prompt import BoxPrompt, MaskPrompt, PointPrompt, Prompt, PromptSet

PADDING = -1
MASK_LOGIT = 6.0  # of a pixel that is surely inside, as in training
_STRIDE = 4


@dataclass(frozen=True, slots=True, eq=False)
class PromptArrays:
    """Prompts of ``C`` objects in one tile.

    Parameters
    ----------
    ids : tuple of int
        The ``C`` object ids.
    point_coords : ndarray or None
        ``(C, N, 2)`` float32, xy, model pixels.
    point_labels : ndarray or None
        ``(C, N)`` int64: 1 foreground, 0 background, -1 padding.
    boxes : ndarray or None
        ``(C, 2, 2)`` float32, first and last corner, xy, model pixels.
    mask_input : ndarray or None
        ``(C, H/4, W/4)`` float32 logits.
    """

    ids: tuple[int, ...]
    point_coords: NDArray[np.float32] | None
    point_labels: NDArray[np.int64] | None
    boxes: NDArray[np.float32] | None
    mask_input: NDArray[np.float32] | None


def prompt_arrays(prompts: PromptSet, frame: Frame) -> PromptArrays:
    """Prompts of one tile as arrays.

    Parameters
    ----------
    prompts : PromptSet
        On the frame's plane; every object has the same kinds of prompts.
    frame : Frame
        Of the tile.

    Returns
    -------
    PromptArrays
        What no object has is None. Of several boxes of an object, the box around them.

    Raises
    ------
    ValueError
        If objects have different kinds of prompts: there is no box or mask that says nothing.
    """
    own = list(prompts.objects.values())
    points = [[p for p in ps if isinstance(p, PointPrompt)] for ps in own]
    boxes = [[p for p in ps if isinstance(p, BoxPrompt)] for ps in own]
    masks = [[p for p in ps if isinstance(p, MaskPrompt)] for ps in own]
    if any(any(kind) != all(kind) for kind in (points, boxes, masks)):
        raise ValueError(
            "objects with different kinds of prompts must be decoded one after another"
        )
    coords, labels = _points(points, frame) if any(points) else (None, None)
    return PromptArrays(
        ids=tuple(prompts.objects),
        point_coords=coords,
        point_labels=labels,
        boxes=np.stack([_box(ps, frame) for ps in boxes]) if any(boxes) else None,
        mask_input=np.stack([_mask_logits(ps, frame) for ps in masks]) if any(masks) else None,
    )


def _points(
    points: list[list[PointPrompt]], frame: Frame
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    most = max(map(len, points))
    coords = np.zeros((len(points), most, 2), np.float32)
    labels = np.full((len(points), most), PADDING, np.int64)
    for index, own in enumerate(points):
        if own:
            coords[index, : len(own)] = frame.to_model([p.position[-2:] for p in own])
            labels[index, : len(own)] = [p.label for p in own]
    return coords, labels


def _box(boxes: list[BoxPrompt], frame: Frame) -> NDArray[np.float32]:
    """Around all boxes of an object, cut to the tile."""
    corners = np.stack([frame.to_model(box.corners) for box in boxes])
    size = np.multiply([frame.tile.width, frame.tile.height], frame.scale[::-1]) - 1
    both = np.stack([corners[:, 0].min(axis=0), corners[:, 1].max(axis=0)])
    clipped: NDArray[np.float32] = np.clip(both, 0, size).astype(np.float32)
    return clipped


def _mask_logits(masks: list[MaskPrompt], frame: Frame) -> NDArray[np.float32]:
    """Union of an object's masks at the stride of the decoder's own logits."""
    tile = frame.tile
    parts = [(mask, part) for mask in masks if (part := intersection(mask.bbox, tile.bbox))]
    # Only where there is something of the mask: nearly all of a tile has no share in any cell.
    around = union(p for _, p in parts) if parts else (tile.y0, tile.x0, tile.y0, tile.x0)
    canvas = np.zeros((around[2] - around[0], around[3] - around[1]), np.float32)
    for mask, part in parts:
        canvas[place(part, around)][mask.pixels[place(part, mask.bbox)]] = 1
    rows, cols = (
        _shares(size // _STRIDE, length, _STRIDE / scale)[:, within]
        for size, length, scale, within in zip(
            frame.shape,
            (tile.height, tile.width),
            frame.scale,
            place(around, tile.bbox),
            strict=True,
        )
    )
    inside = rows @ canvas @ cols.T
    return np.asarray(MASK_LOGIT * (2 * inside - 1), np.float32)


@lru_cache(maxsize=16)
def _shares(cells: int, pixels: int, width: float) -> NDArray[np.float32]:
    """``(cells, pixels)``: how much of a cell, ``width`` pixels wide, each pixel covers."""
    start = np.arange(cells)[:, None] * width
    place = np.arange(pixels)
    covered = np.minimum(start + width, place + 1) - np.maximum(start, place)
    return np.asarray(np.maximum(covered, 0) / width, np.float32)


def restrict(prompts: tuple[Prompt, ...], tile: Tile) -> tuple[Prompt, ...]:
    """Those prompts of an object that reach into the tile."""
    y0, x0, y1, x1 = tile.bbox

    def reaches(prompt: Prompt) -> bool:
        a0, b0, a1, b1 = prompt.bbox
        return a0 < y1 and y0 < a1 and b0 < x1 and x0 < b1

    return tuple(prompt for prompt in prompts if reaches(prompt))
