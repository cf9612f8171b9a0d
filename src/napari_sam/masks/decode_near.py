"""Decode near: objects of a tile, each from a window of tokens around its prompts.

The decoder's time grows with the tokens of its input, whatever the size of the object. A model that
was trained on windows of any size, anywhere on its positional grid, gives about the same answer
from a window of the tile's features. If the object reaches a side of its window, a larger window is
decoded, and at last the whole tile.
"""

import math
from collections.abc import Iterator

from napari_sam.embeddings.embedding import Embedding
from napari_sam.model.config import PATCH
from napari_sam.model.sam import Sam
from napari_sam.prompts.prompt import BoxPrompt, MaskPrompt, Prompt, PromptSet
from napari_sam.tiles.bbox import box_of, intersection, longer_side, union
from napari_sam.tiles.grid import Tile

from .decode import Answer, decode
from .own_prompts import ask_again

SIDES = (16, 32)
"""Sides in tokens of the windows that are tried, in this order."""

ROOM = 32
"""Data pixels around the prompts that a window must hold too, as far as the tile goes."""

SURE = 0.7
"""Predicted IoU from which the answer of a window to clicks alone is used, whatever its size. A box
or a mask among the prompts tells the size."""

PART = 0.25
"""Share of the window's side that an object with a lower predicted IoU may span. With more, the
mask may be a part of an object that reaches beyond the window."""


def decode_near(
    model: Sam, embedding: Embedding, prompts: PromptSet, multimask_output: bool = False
) -> dict[int, tuple[Answer, ...]]:
    """Decode the prompts of objects in a tile, each in the smallest window around its object.

    Parameters
    ----------
    model : Sam
        Asked about the whole tile, as by :func:`~napari_sam.masks.decode.decode`, unless it was
        trained on windows.
    embedding, prompts, multimask_output
        As for :func:`~napari_sam.masks.decode.decode`.

    Returns
    -------
    dict
        Object id to one or three answers, each for the whole tile: outside of the window that was
        decoded, the logits are :data:`~napari_sam.masks.decode.OUTSIDE`.
    """
    if not model.config.knows_windows:
        return decode(model, embedding, prompts, multimask_output)
    answers: dict[int, tuple[Answer, ...]] = {}
    for i, of_object in prompts.objects.items():
        if of_window := _decode_in_window(model, embedding, i, of_object, multimask_output):
            answers[i] = of_window
    larger = PromptSet({i: x for i, x in prompts.objects.items() if i not in answers})
    of_tile = decode(model, embedding, larger, multimask_output)
    if multimask_output:
        return answers | of_tile
    return answers | {
        i: (ask_again(model, embedding, larger.of(i), *first),) for i, first in of_tile.items()
    }


def _decode_in_window(
    model: Sam, embedding: Embedding, i: int, prompts: tuple[Prompt, ...], multimask_output: bool
) -> tuple[Answer, ...] | None:
    """Answers of the smallest window that shows all of object `i`; None if no window does."""
    tile = embedding.tile
    tells_size = any(isinstance(prompt, BoxPrompt | MaskPrompt) for prompt in prompts)
    least_iou = -math.inf if tells_size else SURE
    for window in _windows(embedding, prompts):
        answers = decode(model, window, PromptSet({i: prompts}), multimask_output)[i]
        if not all(_is_whole(answer, tile, least_iou) for answer in answers):
            continue
        if not multimask_output:
            answers = (ask_again(model, window, prompts, *answers),)
        if not any(answer.is_cut(tile) for answer in answers):
            return tuple(answer.in_tile(tile, model.config) for answer in answers)
    return None


def _is_whole(answer: Answer, tile: Tile, least_iou: float) -> bool:
    """Whether the answer of a window of a tile is likely to show all of its object."""
    if answer.is_cut(tile):
        return False
    box = box_of(answer.low_res_logits > 0)
    if box is None or answer.iou >= least_iou:
        return True
    side: int = max(answer.low_res_logits.shape)
    return longer_side(box) <= PART * side


def _windows(embedding: Embedding, prompts: tuple[Prompt, ...]) -> Iterator[Embedding]:
    """Windows of growing size, smaller than the tile, that hold all prompts of an object."""
    tile = embedding.tile
    rows, cols = embedding.features.image_embedding.shape[-2:]
    parts = (intersection(prompt.bbox, tile.bbox) for prompt in prompts)
    region = union(part for part in parts if part is not None)
    for side in SIDES:
        if side >= max(rows, cols):
            return
        vertical = _span(side, rows, region[0] - tile.y0, region[2] - tile.y0)
        horizontal = _span(side, cols, region[1] - tile.x0, region[3] - tile.x0)
        if vertical is not None and horizontal is not None:
            yield embedding.window((vertical[0], horizontal[0], vertical[1], horizontal[1]))


def _span(side: int, tokens: int, low: int, high: int) -> tuple[int, int] | None:
    """First and last token, excluded, of a window along an axis; None without :data:`ROOM`."""
    size = min(side, tokens)
    start = min(max(round((low + high) / 2 / PATCH - size / 2), 0), tokens - size)
    before = start == 0 or low - ROOM >= PATCH * start
    after = start + size == tokens or high + ROOM <= PATCH * (start + size)
    return (start, start + size) if before and after else None
