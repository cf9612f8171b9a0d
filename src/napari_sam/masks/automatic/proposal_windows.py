"""Proposal windows: each proposed object is decoded from a window of the tile just large enough.

The decoder's time grows with the tokens of its input, whatever the size of the object. A model that
was trained on windows of any size, anywhere on its positional grid, gives the same answer from a
window of the tile's features: a sixteenth of a tile costs a sixteenth. If the object reaches beyond
its window, a larger one is tried, and at last the whole tile.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from napari_sam.embeddings.embedding import Embedding
from napari_sam.masks.decode import Answer, decode, decode_masks
from napari_sam.masks.mean import best_of
from napari_sam.model.config import PATCH
from napari_sam.model.mask_decoder import CANDIDATES, MASK_TOKENS, SINGLE_MASK
from napari_sam.model.sam import Sam
from napari_sam.prompts.prompt import BoxPrompt, PointPrompt, Prompt, PromptSet
from napari_sam.tiles.grid import Tile, TileGrid

from .crops import Crops
from .propose import Proposals

SIDES = (4, 6, 8, 12, 16, 22)
"""Sides in tokens of the windows around boxes that are decoded together, in batches."""

LARGE_SIDE = 32
"""Side in tokens of the windows around boxes that are decoded one by one."""

MARGIN = (6.0, 0.1)
"""Data pixels, and share of the box's side: a window must have their sum free around the box."""

CLICK_SIDES = (16, 32)
"""Sides in tokens of the windows around clicks, tried in this order."""

PromptKinds = Literal["points", "boxes", "both"]
"""Prompts made of a proposal: a click in its middle, its box, or the two together."""

MASKS: Mapping[PromptKinds, slice] = {
    "points": SINGLE_MASK,
    "boxes": CANDIDATES,
    "both": slice(0, MASK_TOKENS),
}
"""Kinds of prompts -> mask tokens of the decoder whose answers are joined."""

Clicks = Mapping[int, PointPrompt]
"""Object id to its click."""

Ints = NDArray[np.int64]


# --- proposals with boxes ----------------------------------------------------------------------


def decode_boxes(
    model: Sam, embedding: Embedding, proposals: Proposals, kinds: PromptKinds = "both"
) -> list[Answer]:
    """Decode proposals with boxes.

    The box tells the size of the window in advance, so that few objects are decoded twice.

    Parameters
    ----------
    model : Sam
        Asked about the whole tile only, unless it was trained on windows.
    embedding : Embedding
        Of the tile.
    proposals : Proposals
        With boxes.
    kinds : str
        Prompts to make of each proposal.

    Returns
    -------
    list of Answer
        In the order of the proposals. The tile of an answer is its window, or the whole tile for an
        object that no window holds.
    """
    answers: dict[int, Answer] = {}
    if model.config.knows_windows:
        crops = Crops.of(model, embedding)
        for side in SIDES:
            answers |= _together(crops, proposals, side, _missing(proposals, answers), kinds)
        answers |= _one_by_one(model, embedding, proposals, _missing(proposals, answers), kinds)
    remaining = _missing(proposals, answers)
    answers |= _decode(model, embedding, proposals, remaining, embedding.tile, kinds)
    return [answers[i] for i in range(len(proposals))]


def _missing(proposals: Proposals, answers: Mapping[int, Answer]) -> Ints:
    """Indices ``(N,)`` of the proposals without an answer."""
    return np.array([i for i in range(len(proposals)) if i not in answers], np.int64)


def _together(
    crops: Crops, proposals: Proposals, side: int, indices: Ints, kinds: PromptKinds
) -> dict[int, Answer]:
    """Answers from windows of equal size, in batches, except answers cut by their window."""
    corners, size, fits = windows(crops.embedding, proposals[indices], side)
    fitting, corners = indices[fits], corners[fits]
    batch = proposals[fitting]
    points = None if kinds == "boxes" else batch.points
    boxes = None if kinds == "points" else batch.boxes
    answers = crops.decode(points, boxes, corners, size, MASKS[kinds])
    pairs = zip(fitting.tolist(), answers, strict=True)
    return {i: answer for i, answer in pairs if not answer.is_cut(crops.embedding.tile)}


def _one_by_one(
    model: Sam, embedding: Embedding, proposals: Proposals, indices: Ints, kinds: PromptKinds
) -> Iterator[tuple[int, Answer]]:
    """Answers from windows too large for batches, except answers cut by their window."""
    tile = embedding.tile
    corners, size, fits = windows(embedding, proposals[indices], LARGE_SIDE)
    for i, corner in zip(indices[fits], corners[fits].tolist(), strict=True):
        window = embedding.window((*corner, corner[0] + size[0], corner[1] + size[1]))
        answers = _decode(model, window, proposals, np.array([i]), tile, kinds)
        yield from ((i, answer) for i, answer in answers.items() if not answer.is_cut(tile))


def _decode(
    model: Sam,
    window: Embedding,
    proposals: Proposals,
    indices: Ints,
    tile: Tile,
    kinds: PromptKinds,
) -> dict[int, Answer]:
    """Answers of chosen proposals of a tile from a single window, or from the whole tile."""
    prompts = PromptSet({i: _prompts(tile, proposals, i, kinds) for i in indices.tolist()})
    answers = decode_masks(model, window, prompts, MASKS[kinds])
    return {i: best_of(of_object) for i, of_object in answers.items()}


def _prompts(
    tile: Tile, proposals: Proposals, index: int, kinds: PromptKinds
) -> tuple[Prompt, ...]:
    """Prompts of a proposal, in data coordinates."""
    first = (tile.y0, tile.x0)
    prompts: list[Prompt] = []
    if kinds != "boxes":
        y, x = (proposals.points[index] + first).tolist()
        prompts.append(PointPrompt((*tile.plane, y, x)))
    if kinds != "points" and proposals.boxes is not None:
        y0, x0, y1, x1 = (proposals.boxes[index] + first * 2).tolist()
        prompts.append(BoxPrompt((*tile.plane, y0, x0), (*tile.plane, y1, x1)))
    return tuple(prompts)


def windows(
    embedding: Embedding, proposals: Proposals, side: int
) -> tuple[Ints, tuple[int, int], NDArray[np.bool_]]:
    """Windows of equal size centred on boxes, shifted inwards where the tile ends.

    Parameters
    ----------
    embedding : Embedding
        Of the tile.
    proposals : Proposals
        ``N`` proposals with boxes.
    side : int
        Of the windows, in tokens.

    Returns
    -------
    corners : ndarray
        ``(N, 2)`` int64, row and column of each window's first token.
    size : tuple of int
        Rows and columns of all windows; smaller than the side where the tile is.
    fits : ndarray
        ``(N,)`` bool: whether the window has :data:`MARGIN` around the box, on all sides beyond
        which the tile continues.
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


# --- proposals without boxes -------------------------------------------------------------------


def decode_clicks(model: Sam, embedding: Embedding, clicks: Clicks) -> dict[int, Answer]:
    """Decode proposals without boxes, from growing windows until the object is not cut.

    Parameters
    ----------
    model : Sam
        Asked about the whole tile only, unless it was trained on windows.
    embedding : Embedding
        Of the tile.
    clicks : mapping
        Object id to a click inside the tile.

    Returns
    -------
    dict
        Object id to its answer. Its tile is its window, or the whole tile for an object that no
        window holds.
    """
    answers: dict[int, Answer] = {}
    for side in CLICK_SIDES if model.config.knows_windows else ():
        remaining = {i: click for i, click in clicks.items() if i not in answers}
        for window, inside in _click_windows(embedding, side, remaining):
            from_window = _decode_each(model, window, inside)
            answers |= {i: a for i, a in from_window.items() if not a.is_cut(embedding.tile)}
    remaining = {i: click for i, click in clicks.items() if i not in answers}
    return answers | _decode_each(model, embedding, remaining)


def _decode_each(model: Sam, embedding: Embedding, clicks: Clicks) -> dict[int, Answer]:
    """Answers to clicks from a single window, or from the whole tile."""
    prompts = PromptSet({i: (click,) for i, click in clicks.items()})
    return {i: answer for i, (answer,) in decode(model, embedding, prompts).items()}


def _click_windows(
    embedding: Embedding, side: int, clicks: Clicks
) -> Iterator[tuple[Embedding, Clicks]]:
    """Half-overlapping windows of a tile; each click goes to the window around its place."""
    tile = embedding.tile
    rows, cols = embedding.features.image_embedding.shape[-2:]
    grid = TileGrid(rows, cols, side, side // 2)  # of tokens instead of pixels
    by_window: dict[Tile, dict[int, PointPrompt]] = defaultdict(dict)
    for i, click in clicks.items():
        row, col = (
            int(v + 0.5) // PATCH for v in np.subtract(click.position[-2:], (tile.y0, tile.x0))
        )
        by_window[grid.best_for(tile.plane, (row, col, row + 1, col + 1))][i] = click
    for window, inside in by_window.items():
        yield embedding.window(window.bbox), inside
