"""Arrays: the prompts of several objects, as input of the prompt encoder."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from napari_sam.tiles.bbox import intersection, place, union
from napari_sam.tiles.frame import Frame
from napari_sam.tiles.grid import Tile

from .prompt import BoxPrompt, MaskPrompt, PointPrompt, Prompt, PromptSet

PADDING = -1
"""Label of a padding point, which the prompt encoder ignores."""

MASK_LOGIT = 6.0
"""Logit of the pixels of a mask prompt, and minus that of all others, as in training."""

_STRIDE = 4
"""Model pixels per cell of a mask input, along each axis."""


@dataclass(frozen=True, slots=True, eq=False)
class PromptArrays:
    """Prompts of ``C`` objects in a tile; made by :func:`prompt_arrays`, decoded together.

    Parameters
    ----------
    ids : tuple of int
        Ids of the objects, ``C`` of them.
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
    """Convert the prompts of a tile to arrays, in model pixels.

    Parameters
    ----------
    prompts : PromptSet
        Prompts on the plane of the tile; every object has the same kinds of prompts.
    frame : Frame
        Position and scale of the tile.

    Returns
    -------
    PromptArrays
        None for kinds of prompts that no object has. Several boxes of an object become the box
        around them, several masks their union.

    Raises
    ------
    ValueError
        If objects have different kinds of prompts: unlike points, boxes and masks cannot be padded.
    """
    by_object = list(prompts.objects.values())
    points = [[p for p in ps if isinstance(p, PointPrompt)] for ps in by_object]
    boxes = [[p for p in ps if isinstance(p, BoxPrompt)] for ps in by_object]
    masks = [[p for p in ps if isinstance(p, MaskPrompt)] for ps in by_object]
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
    for index, clicks in enumerate(points):
        if clicks:
            coords[index, : len(clicks)] = frame.to_model([p.position[-2:] for p in clicks])
            labels[index, : len(clicks)] = [p.label for p in clicks]
    return coords, labels


def _box(boxes: list[BoxPrompt], frame: Frame) -> NDArray[np.float32]:
    """The box around all boxes of an object, clipped to the tile: ``(2, 2)`` xy, model pixels."""
    corners = np.stack([frame.to_model(box.corners) for box in boxes])
    size = np.multiply([frame.tile.width, frame.tile.height], np.abs(frame.scale[::-1])) - 1
    first_and_last = np.stack([corners.min(axis=(0, 1)), corners.max(axis=(0, 1))])
    clipped: NDArray[np.float32] = np.clip(first_and_last, 0, size).astype(np.float32)
    return clipped


def _mask_logits(masks: list[MaskPrompt], frame: Frame) -> NDArray[np.float32]:
    """Union of an object's masks as ``(H/4, W/4)`` logits, in cells of the decoder's output."""
    tile = frame.tile
    parts = [(mask, part) for mask in masks if (part := intersection(mask.bbox, tile.bbox))]
    # Multiply only the part of the tile around the masks: the rest adds nothing to any cell.
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
    """``(cells, pixels)``: the share of each cell, `width` pixels wide, covered by each pixel.

    A negative width mirrors: the first cell is at the last pixel.
    """
    if width < 0:
        return _shares(cells, pixels, -width)[:, ::-1]
    start = np.arange(cells)[:, None] * width
    place = np.arange(pixels)
    covered = np.minimum(start + width, place + 1) - np.maximum(start, place)
    return np.asarray(np.maximum(covered, 0) / width, np.float32)


def restrict(prompts: tuple[Prompt, ...], tile: Tile) -> tuple[Prompt, ...]:
    """Select the prompts of an object that share pixels with a tile."""
    return tuple(prompt for prompt in prompts if intersection(prompt.bbox, tile.bbox))
