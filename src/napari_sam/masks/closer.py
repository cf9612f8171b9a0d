"""Closer: small objects, looked at once more through a magnifying glass.

Masks are made at a quarter of the model's resolution: an object of twelve pixels is three cells
wide there. A model that was trained at many scales sees it better enlarged, and a small window
costs little. The two looks see the image on different grids, so their mean is better than either,
and how far they agree tells how good it is.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from math import sqrt

from napari_sam.embeddings.embedding import Embeddings
from napari_sam.prompts.arrays import restrict
from napari_sam.prompts.prompt import MaskPrompt, Prompt, PromptSet
from napari_sam.tiles.bbox import BBox, grown, holds, intersection, union
from napari_sam.tiles.grid import Tile, TileGrid

from .decode import Answer, decode
from .mask import Mask

ZOOM = 2
WINDOW = 128
"""Side of what is looked at closely, data pixels; neighbours share half of it."""

LARGEST = 40.0
"""Root of the area of an object's box, data pixels, up to which it is small."""

MARGIN = 8
"""Data pixels around an object that are to be in the window."""

Asked = Mapping[int, tuple[Prompt, ...]]


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """An answer, and the one from closer.

    Parameters
    ----------
    first, closer : Answer
        The tile of the closer one lies within that of the first, and holds the object.
    """

    first: Answer
    closer: Answer

    def to_mask(self) -> Mask:
        """The mean of both looks; its predicted IoU also knows how far they agree."""
        far, near = self.first.logits_in(self.closer.tile.bbox), self.closer.tile_logits()
        either, both = ((far > 0) | (near > 0)).sum(), ((far > 0) & (near > 0)).sum()
        predicted = (self.first.iou + self.closer.iou) / 2
        return Mask(
            plane=self.first.tile.plane,
            bbox=self.closer.tile.bbox,
            pixels=far + near > 0,
            iou=(predicted + float(both / max(1, either))) / 2,
            object_score=(self.first.object_score + self.closer.object_score) / 2,
            low_res_logits=self.first.low_res_logits,
        ).tight()


def look_closer(
    encoder: Embeddings, asked: Asked, first: Mapping[int, tuple[Answer, Mask]]
) -> dict[int, Look]:
    """Look once more at what is small.

    Parameters
    ----------
    encoder : Embeddings
        Gives the close-ups.
    asked : mapping
        Object id to its prompts.
    first : mapping
        Object id to the answer in its tile, and its mask.

    Returns
    -------
    dict
        Object id to both looks, for those that :func:`close_up` has a window for.
    """
    by_tile: dict[Tile, list[int]] = defaultdict(list)
    for i, (answer, mask) in first.items():
        if (tile := close_up(encoder.grid, answer.tile, mask, asked[i])) is not None:
            by_tile[tile].append(i)
    return {i: Look(first[i][0], closer) for i, closer in _from_closer(encoder, by_tile, asked)}


def _from_closer(
    encoder: Embeddings, by_tile: Mapping[Tile, list[int]], asked: Asked
) -> Iterator[tuple[int, Answer]]:
    for tile, ids in by_tile.items():
        prompts = PromptSet({i: restrict(asked[i], tile) for i in ids})
        answers = decode(encoder.model, encoder.close_up(tile), prompts)
        yield from ((i, answer) for i, (answer,) in answers.items())


def close_up(grid: TileGrid, seen_in: Tile, mask: Mask, prompts: tuple[Prompt, ...]) -> Tile | None:
    """Where to look closer.

    Parameters
    ----------
    grid : TileGrid
        Tiles of the image.
    seen_in : Tile
        That of the first answer.
    mask : Mask
        What was seen there.
    prompts : tuple of Prompt
        Of the object. Who corrects a mask has seen it already, and is not asked again.

    Returns
    -------
    Tile or None
        None if the object is too large, or no window in that tile holds it.
    """
    if any(isinstance(prompt, MaskPrompt) for prompt in prompts):
        return None
    # what was found, and what was pointed at
    shown = [prompt.bbox for prompt in prompts if prompt.is_foreground]
    bbox = union(shown if mask.empty else [*shown, mask.bbox])
    if not is_small(bbox):
        return None
    tile = _windows(grid.height, grid.width).best_for(seen_in.plane, bbox)
    around = intersection(grown(bbox, MARGIN), (0, 0, grid.height, grid.width))
    fits = around is not None and holds(tile.bbox, around) and holds(seen_in.bbox, tile.bbox)
    return tile if fits else None


def is_small(bbox: BBox) -> bool:
    """Whether an object in a box ``(y0, x0, y1, x1)``, data pixels, is looked at closer."""
    y0, x0, y1, x1 = bbox
    return sqrt((y1 - y0) * (x1 - x0)) <= LARGEST


@lru_cache(maxsize=4)
def _windows(height: int, width: int) -> TileGrid:
    return TileGrid(height, width, WINDOW, WINDOW // 2, ZOOM)
