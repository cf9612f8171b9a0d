"""Mirrored: objects with an unsure answer are decoded once more from their mirror image.

The model answers an image and its mirror image a little differently, although it was trained on
both. The errors of the two answers differ, so their mean has less (test-time augmentation). The
difference is largest on images of kinds that were not in the training.
"""

from collections import defaultdict
from dataclasses import replace

from napari_sam.embeddings.embedding import Embeddings
from napari_sam.masks.mask import Mask
from napari_sam.prompts.prompt import BoxPrompt, MaskPrompt, Prompt
from napari_sam.tiles.grid import Tile, TileGrid

from .second_look import Answers, Look, PromptsById, extent, look_at, whole_window

SURE = 0.85
"""Predicted IoU of the first answer from which on no mirror image is looked at."""

ZOOMS = (1.0, 0.5)
"""Zooms of the mirrored window; the first at which it holds the object is used."""

MARGIN = 8
"""Model pixels around the object that the window must hold too, as far as the image goes."""


def look_mirrored(encoder: Embeddings, prompts: PromptsById, first: Answers) -> dict[int, Look]:
    """Decode objects once more from a mirrored window of their tile.

    Parameters
    ----------
    encoder : Embeddings
        Gives the embeddings of windows.
    prompts : mapping
        Object id to its prompts. Objects with a mask among them are left out: the user sees that
        mask, and it should change at the new prompts alone.
    first : mapping
        Object id to the answer in its tile, and its mask.

    Returns
    -------
    dict
        Object id to both answers, for unsure answers that a window holds.
    """
    by_tile: dict[Tile, list[int]] = defaultdict(list)
    for i, (answer, mask) in first.items():
        if answer.iou < SURE:
            part = mirrored_part(encoder.grid, answer.tile, mask, prompts[i])
            if part is not None:
                by_tile[part].append(i)
    # two answers to a box agree too well to say how good they are
    return {
        i: Look(first[i][0], second, judged=any(isinstance(p, BoxPrompt) for p in prompts[i]))
        for i, second in look_at(encoder, by_tile, prompts)
    }


def mirrored_part(
    grid: TileGrid, tile: Tile, mask: Mask, prompts: tuple[Prompt, ...]
) -> Tile | None:
    """The window of a tile to mirror for an object; None if none holds it, or for a mask prompt."""
    if any(isinstance(prompt, MaskPrompt) for prompt in prompts):
        return None
    bbox = extent(mask, prompts)
    for zoom in ZOOMS:
        part = whole_window(grid, tile, bbox, zoom, round(MARGIN / zoom))
        if part is not None:
            return replace(part, mirrored=True)
    return None
