"""Farther: clicked objects with an unsure answer are decoded once more, zoomed out.

A click says nothing about size. An object much larger than those of the training images, as under
an objective of high magnification, is answered with one of its parts. Zoomed out it has a familiar
size.
"""

from collections import defaultdict

from napari_sam.embeddings.embedding import Embeddings
from napari_sam.masks.decode import Answer
from napari_sam.masks.decode_near import decode_near
from napari_sam.masks.mask import Mask
from napari_sam.masks.mean import agreement
from napari_sam.prompts.prompt import Prompt, PromptSet
from napari_sam.tiles.bbox import longer_side
from napari_sam.tiles.grid import Tile

from .second_look import Answers, Look, PromptsById, area, extent, look_at, part_around_clicks

ZOOMS = (1 / 2, 1 / 4)
"""Zooms that are tried, one after the other."""

SURE = 0.8
"""Predicted IoU of the first answer from which on no second look is taken."""

LEAST_SIDE = 64
"""Longer side of the box around the clicks and the mask of the first click, data pixels, below
which no second look is taken.

Among 573 clicks of cells-tiny on the validation sets, 44 % were unsure and large enough for
:data:`SMALLEST`; the second look was used for 15, of which the first click's mask had 74 px and
more."""

BETTER = 0.06
"""Predicted IoU by which a zoomed-out answer must exceed the first."""

SMALLEST = 32.0
"""Root of the area of an object, zoomed model pixels, below which its answer is not used."""

MOST_TIMES = 9.0
"""Area of a zoomed-out mask above which it is taken for a tissue instead of a cell and is not used;
in areas of the box around the clicks and the mask of the first click."""


AGREEMENT = 0.5
"""IoU of both masks up to which the zoomed-out answer shows another object, and is used alone."""


def look_farther(encoder: Embeddings, prompts: PromptsById, first: Answers) -> dict[int, Look]:
    """Decode clicked objects once more, zoomed out, where the first answer is unsure.

    Parameters
    ----------
    encoder : Embeddings
        Gives the embeddings of zoomed parts of tiles.
    prompts : mapping
        Object id to its prompts. Objects with a box or a mask are left out: their size is known.
    first : mapping
        Object id to the answer in its tile, and its mask.

    Returns
    -------
    dict
        Object id to both answers, where the second is better and the object neither too small nor
        too large.
    """
    looks: dict[int, Look] = {}
    unsure = {i: answer for i, (answer, _) in first.items() if answer.iou < SURE}
    clicked = _first_click_masks(encoder, prompts, {i: first[i] for i in unsure})
    boxes = {i: extent(mask, prompts[i]) for i, mask in clicked.items()}
    unsure = {i: unsure[i] for i, box in boxes.items() if longer_side(box) >= LEAST_SIDE}
    largest = {i: MOST_TIMES * area(boxes[i]) for i in unsure}
    for zoom in ZOOMS:
        smallest = (SMALLEST / zoom) ** 2
        by_tile: dict[Tile, list[int]] = defaultdict(list)
        for i, answer in unsure.items():
            part = part_around_clicks(answer.tile, prompts[i], zoom)
            if part is not None and largest[i] >= smallest:
                by_tile[part].append(i)
        for i, answer in look_at(encoder, by_tile, prompts):
            best = looks[i].second.iou if i in looks else unsure[i].iou + BETTER
            if answer.iou > best and smallest <= answer.to_mask().area <= largest[i]:
                looks[i] = Look(unsure[i], answer, alone=_sees_more(answer, unsure[i]))
    return looks


def _sees_more(answer: Answer, first: Answer) -> bool:
    """Whether the first answer is only a part of the object, and agrees little with this answer."""
    return agreement(first.logits_in(answer.tile.bbox), answer.tile_logits()) <= AGREEMENT


def _first_click_masks(
    encoder: Embeddings, prompts: PromptsById, first: Answers
) -> dict[int, Mask]:
    """Masks for the first click of each object alone.

    They bound the object's size. A mask of several clicks would not: a second click may have made
    it smaller, and then the object itself would count as too large.
    """
    masks = {i: mask for i, (_, mask) in first.items()}
    by_tile: dict[Tile, dict[int, tuple[Prompt, ...]]] = defaultdict(dict)
    several = {i: answer for i, (answer, _) in first.items() if len(prompts[i]) > 1}
    for i, answer in several.items():
        if part_around_clicks(answer.tile, prompts[i], min(ZOOMS)) is not None:
            by_tile[answer.tile][i] = (next(p for p in prompts[i] if p.is_foreground),)
    for tile, clicks in by_tile.items():
        answers = decode_near(encoder.model, encoder.get(tile), PromptSet(clicks))
        masks |= {i: answer.to_mask() for i, (answer,) in answers.items()}
    return masks
