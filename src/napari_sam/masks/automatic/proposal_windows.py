"""Around: objects whose boxes are known roughly, each from the smallest window that holds it.

A decoder that was trained on windows of any size answers the same from a small one, at the price of
its tokens. As the box is known in advance, so is the window, and nothing is tried twice, unless the
object goes on beyond its window after all.
"""

from collections.abc import Iterator, Mapping
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from napari_sam.embeddings.embedding import Embedding
from napari_sam.masks.decode import Answer, decode
from napari_sam.model.config import PATCH
from napari_sam.model.sam import Sam
from napari_sam.prompts.prompt import BoxPrompt, PointPrompt, Prompt, PromptSet
from napari_sam.tiles.grid import Tile

from .crops import Crops
from .nearby import is_cut
from .propose import Proposals

PROMPTS: Literal["points", "boxes", "both"] = "both"
"""What the model is asked with."""

BEST_CANDIDATE = True
"""A box is answered by the best of the three candidates instead of the single mask."""

SIDES = (4, 6, 8, 12, 16, 22)
"""Of the windows that are decoded together, in tokens."""

LARGE_SIDE = 32
"""Of the windows that are decoded one by one, before the whole tile is."""

MARGIN = (6.0, 0.1)
"""Pixels, and share of the box, by which a window is larger than the box on each side."""

Ints = NDArray[np.int64]


def decode_around(model: Sam, embedding: Embedding, proposals: Proposals) -> list[Answer]:
    """One answer for each proposal.

    Parameters
    ----------
    model : Sam
        One that knows windows.
    embedding : Embedding
        Of the tile.
    proposals : Proposals
        With boxes.

    Returns
    -------
    list of Answer
        Their tiles are the windows that they were looked for in, or the whole tile where the object
        goes on beyond them.
    """
    found: dict[int, Answer] = {}
    if model.config.knows_windows:
        crops = Crops.of(model, embedding)
        for side in SIDES:
            found |= _together(crops, proposals, side, found)
        found |= _one_by_one(model, embedding, proposals, found)
    found |= _decode(model, embedding, proposals, _others(proposals, found), embedding.tile)
    return [found[i] for i in range(len(proposals))]


def _others(proposals: Proposals, found: Mapping[int, Answer]) -> Ints:
    return np.array([i for i in range(len(proposals)) if i not in found], np.int64)


def _together(
    crops: Crops, proposals: Proposals, side: int, found: Mapping[int, Answer]
) -> dict[int, Answer]:
    """Answers from windows of a size, in batches; those that are cut are left out."""
    waiting = _others(proposals, found)
    corners, size, fits = windows(crops.embedding, proposals[waiting], side)
    some, corners = waiting[fits], corners[fits]
    asked = proposals[some]
    points = None if PROMPTS == "boxes" else asked.points
    boxes = None if PROMPTS == "points" else asked.boxes
    answers = crops.decode(points, boxes, corners, size, _chooses())
    pairs = zip(some.tolist(), answers, strict=True)
    return {i: answer for i, answer in pairs if not is_cut(answer, crops.embedding.tile)}


def _one_by_one(
    model: Sam, embedding: Embedding, proposals: Proposals, found: Mapping[int, Answer]
) -> Iterator[tuple[int, Answer]]:
    """Answers from windows that are too large for batches."""
    waiting = _others(proposals, found)
    corners, size, fits = windows(embedding, proposals[waiting], LARGE_SIDE)
    for i, corner in zip(waiting[fits], corners[fits].tolist(), strict=True):
        window = embedding.window((*corner, corner[0] + size[0], corner[1] + size[1]))
        answers = _decode(model, window, proposals, np.array([i]), embedding.tile)
        yield from ((i, one) for i, one in answers.items() if not is_cut(one, embedding.tile))


def _decode(
    model: Sam, window: Embedding, proposals: Proposals, indices: Ints, tile: Tile
) -> dict[int, Answer]:
    """Answers of some proposals from one window, which may be the whole tile."""
    asked = PromptSet({i: _prompts(tile, proposals, i) for i in indices.tolist()})
    answers = decode(model, window, asked, multimask_output=_chooses())
    return {i: max(own, key=lambda one: one.iou) for i, own in answers.items()}


def _chooses() -> bool:
    return BEST_CANDIDATE and PROMPTS != "points"


def _prompts(tile: Tile, proposals: Proposals, index: int) -> tuple[Prompt, ...]:
    """Of one proposal, in data coordinates."""
    first = (tile.y0, tile.x0)
    prompts: list[Prompt] = []
    if PROMPTS != "boxes":
        y, x = (proposals.points[index] + first).tolist()
        prompts.append(PointPrompt((*tile.plane, y, x)))
    if PROMPTS != "points" and proposals.boxes is not None:
        y0, x0, y1, x1 = (proposals.boxes[index] + first * 2).tolist()
        prompts.append(BoxPrompt((*tile.plane, y0, x0), (*tile.plane, y1, x1)))
    return tuple(prompts)


def windows(
    embedding: Embedding, proposals: Proposals, side: int
) -> tuple[Ints, tuple[int, int], NDArray[np.bool_]]:
    """Windows of a size around boxes, shifted in where the tile ends.

    Parameters
    ----------
    embedding : Embedding
        Of the tile.
    proposals : Proposals
        ``N`` of them, with boxes.
    side : int
        Of the windows in tokens.

    Returns
    -------
    corners : ndarray
        ``(N, 2)`` int64, row and column of the first token of each.
    size : tuple of int
        Rows and columns of all; smaller than the side where the tile is.
    fits : ndarray
        ``(N,)`` bool: whether the box lies in its window with room around it, wherever the tile
        goes on.
    """
    boxes = proposals.boxes if proposals.boxes is not None else np.tile(proposals.points, 2)
    tokens = np.array(embedding.features.image_embedding.shape[-2:])
    size = np.minimum(side, tokens)
    low, high = boxes[:, :2], boxes[:, 2:]
    middle = (low + high + 1) / 2 / PATCH
    corners = np.rint(middle - size / 2).clip(0, tokens - size).astype(np.int64)
    room = MARGIN[0] + MARGIN[1] * (high - low)
    before = (corners == 0) | (low - room >= PATCH * corners)
    after = (corners + size == tokens) | (high + room < PATCH * (corners + size))
    return corners, (int(size[0]), int(size[1])), (before & after).all(axis=1)
