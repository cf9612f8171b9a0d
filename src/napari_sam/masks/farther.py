"""Farther: what was clicked, looked at once more from farther away.

A click says nothing about size, and what is much larger than all that a model has learned from, as
under an objective of high magnification, is taken for one of its parts. From farther away it is
seen whole.
"""

from collections import defaultdict
from math import sqrt

from napari_sam.embeddings.embedding import Embeddings
from napari_sam.prompts.prompt import PointPrompt, Prompt
from napari_sam.tiles.bbox import holds, union
from napari_sam.tiles.grid import Tile

from .decode import Answer
from .look import Asked, Look, Seen, look_at, window

ZOOMS = (1 / 2, 1 / 4)

SURE = 0.8
"""Predicted IoU from which on a first answer is believed."""

BETTER = 0.06
"""Predicted IoU by which an answer from farther away must be better than the first."""

SMALLEST = 32.0
"""Root of the area of an object, model pixels, under which it is not seen well from there."""


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
    for zoom in ZOOMS:
        by_tile: dict[Tile, list[int]] = defaultdict(list)
        for i, answer in unsure.items():
            if (tile := _part(answer.tile, asked[i], zoom)) is not None:
                by_tile[tile].append(i)
        for i, answer in look_at(encoder, by_tile, asked):
            best = looks[i].second.iou if i in looks else unsure[i].iou + BETTER
            if answer.iou > best and _is_large(answer):
                looks[i] = Look(unsure[i], answer)
    return looks


def _part(seen_in: Tile, prompts: tuple[Prompt, ...], zoom: float) -> Tile | None:
    """The part of a tile that holds all clicks on an object; None if it has other prompts."""
    if not all(isinstance(prompt, PointPrompt) for prompt in prompts):
        return None
    clicked = union(prompt.bbox for prompt in prompts if prompt.is_foreground)
    part = window(seen_in, clicked, zoom)
    return part if holds(part.bbox, clicked) else None


def _is_large(answer: Answer) -> bool:
    mask = answer.to_mask()
    return sqrt(mask.area) * answer.tile.zoom >= SMALLEST
