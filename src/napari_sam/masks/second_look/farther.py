"""Farther: what was clicked, looked at once more from farther away.

A click says nothing about size, and what is much larger than all that a model has learned from, as
under an objective of high magnification, is taken for one of its parts. From farther away it is
seen whole.
"""

from collections import defaultdict

from napari_sam.embeddings.embedding import Embeddings
from napari_sam.masks.decode import decode
from napari_sam.masks.mask import Mask
from napari_sam.prompts.prompt import PointPrompt, Prompt, PromptSet
from napari_sam.tiles.bbox import holds, union
from napari_sam.tiles.grid import Tile

from .second_look import Asked, Look, Seen, area, extent, look_at, window

ZOOMS = (1 / 2, 1 / 4)

SURE = 0.8
"""Predicted IoU from which on a first answer is believed."""

BETTER = 0.06
"""Predicted IoU by which an answer from farther away must be better than the first."""

SMALLEST = 32.0
"""Root of the area of an object, model pixels, under which it is not seen well from there."""

MOST_TIMES = 6.0
"""Area of an object compared to the box of what was seen first; more is a tissue, not a cell."""


def look_farther(encoder: Embeddings, asked: Asked, first: Seen) -> dict[int, Look]:
    """Look once more at what was clicked and is not sure.

    Parameters
    ----------
    encoder : Embeddings
        Gives the zoomed parts.
    asked : mapping
        Object id to its prompts. Who draws a box or corrects a mask has said how large it is.
    first : mapping
        Object id to the answer in its tile, and its mask.

    Returns
    -------
    dict
        Object id to both looks, where the second one is better, and saw something large.
    """
    looks: dict[int, Look] = {}
    unsure = {i: answer for i, (answer, _) in first.items() if answer.iou < SURE}
    seen = _first_seen(encoder, asked, {i: first[i] for i in unsure})
    largest = {i: MOST_TIMES * area(extent(mask, asked[i])) for i, mask in seen.items()}
    for zoom in ZOOMS:
        smallest = (SMALLEST / zoom) ** 2
        by_tile: dict[Tile, list[int]] = defaultdict(list)
        for i, answer in unsure.items():
            tile = _part(answer.tile, asked[i], zoom)
            if tile is not None and largest[i] >= smallest:
                by_tile[tile].append(i)
        for i, answer in look_at(encoder, by_tile, asked):
            best = looks[i].second.iou if i in looks else unsure[i].iou + BETTER
            if answer.iou > best and smallest <= answer.to_mask().area <= largest[i]:
                looks[i] = Look(unsure[i], answer)
    return looks


def _first_seen(encoder: Embeddings, asked: Asked, first: Seen) -> dict[int, Mask]:
    """What the first click alone shows: a second one must not make a cell a part of itself."""
    seen = {i: mask for i, (_, mask) in first.items()}
    by_tile: dict[Tile, dict[int, tuple[Prompt, ...]]] = defaultdict(dict)
    for i, (answer, _) in first.items():
        if len(asked[i]) > 1 and _part(answer.tile, asked[i], min(ZOOMS)) is not None:
            by_tile[answer.tile][i] = (next(p for p in asked[i] if p.is_foreground),)
    for tile, clicks in by_tile.items():
        answers = decode(encoder.model, encoder.get(tile), PromptSet(clicks))
        seen |= {i: answer.to_mask() for i, (answer,) in answers.items()}
    return seen


def _part(seen_in: Tile, prompts: tuple[Prompt, ...], zoom: float) -> Tile | None:
    """The part of a tile that holds all clicks on an object; None if it has other prompts."""
    if not all(isinstance(prompt, PointPrompt) for prompt in prompts):
        return None
    clicked = union(prompt.bbox for prompt in prompts if prompt.is_foreground)
    part = window(seen_in, clicked, zoom)
    return part if holds(part.bbox, clicked) else None
