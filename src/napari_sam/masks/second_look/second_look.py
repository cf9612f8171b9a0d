"""Look: an object seen twice, the second time zoomed.

Masks are made at a quarter of the model's resolution. Where the size of an object in the image is
not the one at which a model sees best, a second look at another scale is better than the first, and
as it is at a small window it costs little. The two see the image on different grids, so their mean
is better than either, and how far they agree tells how good it is.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from napari_sam.embeddings.embedding import Embeddings
from napari_sam.masks.decode import Answer, decode
from napari_sam.masks.mask import Mask
from napari_sam.prompts.arrays import restrict
from napari_sam.prompts.prompt import Prompt, PromptSet
from napari_sam.tiles.bbox import BBox, union
from napari_sam.tiles.grid import Tile, TileGrid

WINDOW = 256
"""Largest side of what is looked at, model pixels; neighbours share half of it."""

AGREEMENT = 0.5
"""IoU of both looks, under which the one from farther away means something else than the first."""

Asked = Mapping[int, tuple[Prompt, ...]]
Seen = Mapping[int, tuple[Answer, Mask]]
"""Object id to the first answer, and its mask."""


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """An answer, and the one at another scale.

    Parameters
    ----------
    first, second : Answer
        The tile of the second one lies within that of the first, and holds the object.
    """

    first: Answer
    second: Answer

    def to_mask(self) -> Mask:
        """The mean of both looks, unless only the second one saw all of the object.

        The predicted IoU also knows how far they agree.
        """
        first, second = self.first.logits_in(self.second.tile.bbox), self.second.tile_logits()
        either, both = ((first > 0) | (second > 0)).sum(), ((first > 0) & (second > 0)).sum()
        agreement = float(both / max(1, either))
        logits, iou = second, self.second.iou
        if self.second.tile.zoom > 1 or agreement > AGREEMENT:
            logits, iou = first + second, ((self.first.iou + iou) / 2 + agreement) / 2
        return Mask(
            plane=self.first.tile.plane,
            bbox=self.second.tile.bbox,
            pixels=logits > 0,
            iou=iou,
            object_score=(self.first.object_score + self.second.object_score) / 2,
            low_res_logits=self.first.low_res_logits,
        ).tight()


def extent(mask: Mask, prompts: tuple[Prompt, ...]) -> BBox:
    """Box around what was found of an object, and what was pointed at."""
    shown = [prompt.bbox for prompt in prompts if prompt.is_foreground]
    return union(shown if mask.empty else [*shown, mask.bbox])


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
        How many times larger the part is seen than the tile.
    """
    side = round(WINDOW / zoom)
    grid = TileGrid(tile.height, tile.width, side, side // 2, zoom)
    y0, x0, y1, x1 = bbox
    inside = (y0 - tile.y0, x0 - tile.x0, y1 - tile.y0, x1 - tile.x0)
    part = grid.best_for(tile.plane, inside)
    return replace(part, y0=part.y0 + tile.y0, x0=part.x0 + tile.x0)


def look_at(
    encoder: Embeddings, by_tile: Mapping[Tile, list[int]], asked: Asked
) -> Iterator[tuple[int, Answer]]:
    """Ask about objects once more.

    Parameters
    ----------
    encoder : Embeddings
        Gives the embeddings of zoomed parts.
    by_tile : mapping
        Zoomed part of a tile to the ids of its objects.
    asked : mapping
        Object id to its prompts.

    Yields
    ------
    tuple
        Object id, and its answer.
    """
    for tile, ids in by_tile.items():
        prompts = PromptSet({i: restrict(asked[i], tile) for i in ids})
        answers = decode(encoder.model, encoder.close_up(tile), prompts)
        yield from ((i, answer) for i, (answer,) in answers.items())
