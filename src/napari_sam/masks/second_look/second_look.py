"""Second look: an object decoded twice, the second time from a part of its tile seen otherwise.

A model draws best at the object sizes of its training, and at a quarter of its resolution. So a
second answer at another zoom is often better than the first; from a small window it costs little.
The same holds for a mirror image. The two answers sample the image on different grids: their mean
is better than either, and their agreement says how good it is.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from napari_sam.embeddings.embedding import Embeddings
from napari_sam.masks.decode import Answer, decode
from napari_sam.masks.mask import Mask
from napari_sam.masks.mean import agreement
from napari_sam.masks.own_prompts import ask_again
from napari_sam.prompts.arrays import restrict
from napari_sam.prompts.prompt import PointPrompt, Prompt, PromptSet
from napari_sam.tiles.bbox import BBox, holds, union
from napari_sam.tiles.cut import is_cut
from napari_sam.tiles.grid import Tile, TileGrid

WINDOW = 256
"""Side of the largest zoomed part, model pixels; neighbouring parts share half of it."""

PromptsById = Mapping[int, tuple[Prompt, ...]]
"""Object id to its prompts."""

Answers = Mapping[int, tuple[Answer, Mask]]
"""Object id to its answer in one tile, and the answer's mask."""


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """Two answers for an object, the second at another zoom or from a mirror image.

    Parameters
    ----------
    first : Answer
        In a tile of the image.
    second : Answer
        In a part of that tile, which holds the object.
    alone : bool
        Whether the second answer counts alone, because the first shows another object.
    judged : bool
        Whether the predicted IoU counts as it is, without the agreement of both answers.
    """

    first: Answer
    second: Answer
    alone: bool = False
    judged: bool = False

    def to_mask(self) -> Mask:
        """The mask of both answers.

        Its logits are the mean of both, and its predicted IoU is averaged with their agreement,
        unless that counts already.
        """
        first, second = self.first.logits_in(self.second.tile.bbox), self.second.tile_logits()
        logits, iou = second, self.second.iou
        if not self.alone:
            logits, iou = first + second, (self.first.iou + iou) / 2
            if not self.judged:
                iou = (iou + agreement(first, second)) / 2
        return Mask(
            plane=self.first.tile.plane,
            bbox=self.second.tile.bbox,
            pixels=logits > 0,
            iou=iou,
            object_score=(self.first.object_score + self.second.object_score) / 2,
            low_res_logits=self.first.low_res_logits,
        ).tight()


def extent(mask: Mask, prompts: tuple[Prompt, ...]) -> BBox:
    """Box ``(y0, x0, y1, x1)`` around the mask and the foreground prompts of an object."""
    foreground = [prompt.bbox for prompt in prompts if prompt.is_foreground]
    return union(foreground if mask.empty else [*foreground, mask.bbox])


def area(bbox: BBox) -> int:
    """Pixels of a box ``(y0, x0, y1, x1)``."""
    y0, x0, y1, x1 = bbox
    return (y1 - y0) * (x1 - x0)


def window(tile: Tile, bbox: BBox, zoom: float) -> Tile:
    """The zoomed part of a tile in which a region lies most inwards.

    Parameters
    ----------
    tile : Tile
        That of the first answer.
    bbox : tuple of int
        ``(y0, x0, y1, x1)``, data pixels.
    zoom : float
        Model pixels per data pixel of the part, relative to the tile.

    Returns
    -------
    Tile
        Of at most :data:`WINDOW` model pixels a side. It may not hold a region near its own size.
    """
    side = round(WINDOW / zoom)
    grid = TileGrid(tile.height, tile.width, side, side // 2, zoom)
    y0, x0, y1, x1 = bbox
    inside = (y0 - tile.y0, x0 - tile.x0, y1 - tile.y0, x1 - tile.x0)
    part = grid.best_for(tile.plane, inside)
    return replace(part, y0=part.y0 + tile.y0, x0=part.x0 + tile.x0)


def whole_window(grid: TileGrid, tile: Tile, bbox: BBox, zoom: float, margin: int) -> Tile | None:
    """The zoomed part of a tile, see :func:`window`, that holds a region with a margin, or None.

    Beyond the image, no margin is needed.
    """
    part = window(tile, bbox, zoom)
    return None if is_cut(bbox, part.bbox, grid.bbox, margin) else part


def part_around_clicks(tile: Tile, prompts: tuple[Prompt, ...], zoom: float) -> Tile | None:
    """The zoomed part of a tile, see :func:`window`, that holds all foreground clicks.

    Returns
    -------
    Tile or None
        None if the part is too small for the clicks, or not all prompts are clicks.
    """
    if not all(isinstance(prompt, PointPrompt) for prompt in prompts):
        return None
    clicked = union(prompt.bbox for prompt in prompts if prompt.is_foreground)
    part = window(tile, clicked, zoom)
    return part if holds(part.bbox, clicked) else None


def look_at(
    encoder: Embeddings, by_tile: Mapping[Tile, list[int]], prompts: PromptsById
) -> Iterator[tuple[int, Answer]]:
    """Decode objects in zoomed parts of tiles.

    Parameters
    ----------
    encoder : Embeddings
        Gives the embeddings of zoomed parts.
    by_tile : mapping
        Zoomed part of a tile to the ids of the objects in it.
    prompts : mapping
        Object id to its prompts.

    Yields
    ------
    tuple
        Object id, and its answer.
    """
    for tile, ids in by_tile.items():
        model, embedding = encoder.model, encoder.close_up(tile)
        inside = PromptSet({i: restrict(prompts[i], tile) for i in ids})
        for i, (answer,) in decode(model, embedding, inside).items():
            yield i, ask_again(model, embedding, inside.of(i), answer)
