"""Across tiles: the tiles, prompts and answers of an object larger than its tile.

Where a mask reaches a side of its tile beyond which the image continues, the tiles behind that side
are asked too, with the object's own prompts there and a click inside the part that both tiles see.
Their answers are blended into one mask.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from napari_sam.masks.decode import Answer
from napari_sam.masks.mask import Mask
from napari_sam.masks.pixels.depth import innermost
from napari_sam.masks.pixels.refine import refine
from napari_sam.masks.second_look.second_look import Look
from napari_sam.prompts.arrays import restrict
from napari_sam.prompts.prompt import BoxPrompt, PointPrompt, Prompt
from napari_sam.tiles.bbox import BBox, intersection, place, union
from napari_sam.tiles.grid import Tile, TileGrid
from napari_sam.tiles.stitch import merge_logits

from .size import Size

TILES_PER_OBJECT = 4
"""Tiles in which an object is asked about, at most."""

BOX_MARGIN = (2, 0.1)
"""Data pixels, and share of the box's side: a mask may reach beyond its box by their sum."""

AGREEMENT = 0.5
"""IoU of two tiles' answers in their common pixels below which they show different objects."""


@dataclass(slots=True, eq=False)
class ObjectAcrossTiles:
    """The prompts of an object and its answers so far, tile by tile.

    :func:`~napari_sam.masks.prompted.predict.predict` makes one for each object, asks the model
    about it in its pending tiles, and reads :meth:`mask` when none is pending.

    Parameters
    ----------
    prompts : tuple of Prompt
        All on one plane.
    pending : tuple of Tile
        To be asked next; first the :func:`~napari_sam.masks.prompted.home_tiles.home_tiles`.
    clean : bool
        Whether to drop crumbs, fill pinholes and keep masks near their boxes.
    size : Size
        Which candidate of its first click the object is.
    answers, masks : dict
        Accepted answer of each tile, and the mask of that answer.
    asked : set of Tile
        Tiles that were asked, even without an answer; they are not asked again.
    look : Look, optional
        A second look at another zoom, which replaces the mask of the only tile.
    """

    prompts: tuple[Prompt, ...]
    pending: tuple[Tile, ...]
    clean: bool
    size: Size
    answers: dict[Tile, Answer] = field(default_factory=dict)
    masks: dict[Tile, Mask] = field(default_factory=dict)
    asked: set[Tile] = field(default_factory=set)
    look: Look | None = None

    @property
    def only_answer(self) -> tuple[Answer, Mask] | None:
        """The answer and its mask, if a single tile gave all of the object."""
        if len(self.answers) != 1:
            return None
        ((tile, answer),) = self.answers.items()
        return answer, self.masks[tile]

    def prompts_in(self, tile: Tile) -> tuple[Prompt, ...]:
        """The prompts to decode in a tile; none if nothing suggests the object in this tile.

        The object's prompts that lie in the tile. If there is no foreground click or mask among
        them, a click is added deep inside the pixels that other tiles gave to the object.
        """
        self.asked.add(tile)
        inside = restrict(self.prompts, tile)
        if any(p.is_foreground and not isinstance(p, BoxPrompt) for p in inside):
            return inside
        overlap = self._overlap_with(tile)
        if not overlap.any():
            return inside if any(p.is_foreground for p in inside) else ()
        y, x = innermost(overlap)
        click = PointPrompt((*tile.plane, float(y + tile.y0), float(x + tile.x0)))
        return (*inside, click)

    def choose(self, candidates: Sequence[Answer]) -> Answer:
        """The candidate of the object's size; in further tiles, the best match to the others."""
        if len(candidates) == 1:
            return candidates[0]
        masks = [answer.to_mask() for answer in candidates]
        if self.answers:
            tile = candidates[0].tile
            agreements = [sum(self._agreements(tile, mask)) for mask in masks]
            return candidates[int(np.argmax(agreements))]
        if self.clean:
            masks = [refine(mask, object_clicks(self.prompts)) for mask in masks]
        return candidates[self.size.of([mask.area for mask in masks])]

    def receive(self, answer: Answer) -> None:
        """Keep an answer, unless it contradicts other tiles and has no foreground prompt."""
        inside = restrict(self.prompts, answer.tile)
        pointed_at = any(prompt.is_foreground for prompt in inside)
        mask = answer.to_mask()
        agrees = (agreement >= AGREEMENT for agreement in self._agreements(answer.tile, mask))
        if pointed_at or all(agrees):
            self.answers[answer.tile] = answer
            self.masks[answer.tile] = mask

    def reached_tiles(self, grid: TileGrid) -> tuple[Tile, ...]:
        """Further tiles behind the sides reached by the masks, up to the limit.

        None after clicks alone that the model takes for clicks beside all objects: its mask is then
        the background, which reaches all sides, and each tile takes a second to encode.
        """
        is_clicked = all(isinstance(prompt, PointPrompt) for prompt in self.prompts)
        if is_clicked and all(answer.object_score < 0 for answer in self.answers.values()):
            return ()
        reached: dict[Tile, None] = {}
        for tile, mask in self.masks.items():
            if not mask.empty:
                reached |= dict.fromkeys(grid.behind(tile, mask.bbox))
        new = [tile for tile in reached if tile not in self.asked]
        return tuple(new[: max(0, TILES_PER_OBJECT - len(self.asked))])

    def mask(self) -> Mask:
        """All answers joined to a mask, cleaned if :attr:`clean`."""
        mask = self._joined()
        if not self.clean:
            return mask
        return refine(inside_boxes(mask, self.prompts), object_clicks(self.prompts))

    def _joined(self) -> Mask:
        if self.look is not None:
            return self.look.to_mask()
        first, *more = self.answers.values()
        if not more:
            return self.masks[first.tile]
        best = max(self.answers.values(), key=lambda answer: answer.iou)
        score = max(answer.object_score for answer in self.answers.values())
        drawn = [mask.bbox for mask in self.masks.values() if not mask.empty]
        if not drawn:
            return replace(self.masks[first.tile], iou=best.iou, object_score=score)
        region = union(drawn)
        parts = [
            (tile, answer.logits_in(part))
            for tile, answer in self.answers.items()
            if (part := intersection(tile.bbox, region)) is not None
        ]
        _, logits = merge_logits(parts, region)
        return Mask(first.tile.plane, region, logits > 0, best.iou, score)

    def _overlap_with(self, tile: Tile) -> NDArray[np.bool_]:
        """The object's pixels in a tile, as seen by other tiles: ``(height, width)`` bool."""
        overlap = np.zeros((tile.height, tile.width), bool)
        for mask in self.masks.values():
            if (common := intersection(tile.bbox, mask.bbox)) is not None:
                overlap[place(common, tile.bbox)] |= mask.pixels[place(common, mask.bbox)]
        return overlap

    def _agreements(self, tile: Tile, mask: Mask) -> Iterator[float]:
        """IoU of a tile's mask with that of each other tile, among the pixels of both tiles.

        1 where neither has the object in these, or there are none.
        """
        for other, other_mask in self.masks.items():
            common = intersection(tile.bbox, other.bbox)
            yield 1.0 if common is None else _iou_within(common, mask, other_mask)


def inside_boxes(mask: Mask, prompts: tuple[Prompt, ...]) -> Mask:
    """Remove pixels far outside of the object's boxes, unless a click lies as far out.

    Parameters
    ----------
    mask : Mask
        Of the object.
    prompts : tuple of Prompt
        Of the object.

    Returns
    -------
    Mask
        Tight, and maybe empty; the same mask if there is no box, or a foreground click lies farther
        from the boxes than :data:`BOX_MARGIN`.
    """
    boxes = [prompt.bbox for prompt in prompts if isinstance(prompt, BoxPrompt)]
    if not boxes or mask.empty:
        return mask
    y0, x0, y1, x1 = union(boxes)
    dy, dx = (BOX_MARGIN[0] + BOX_MARGIN[1] * (y1 - y0), BOX_MARGIN[0] + BOX_MARGIN[1] * (x1 - x0))
    limits = (int(y0 - dy), int(x0 - dx), int(y1 + dy), int(x1 + dx))
    if any(not _contains(limits, *click) for click in object_clicks(prompts)):
        return mask
    top, left = max(limits[0] - mask.bbox[0], 0), max(limits[1] - mask.bbox[1], 0)
    pixels = np.zeros_like(mask.pixels)
    inside = np.s_[top : max(limits[2] - mask.bbox[0], 0), left : max(limits[3] - mask.bbox[1], 0)]
    pixels[inside] = mask.pixels[inside]
    return replace(mask, pixels=pixels).tight()


def object_clicks(prompts: Iterable[Prompt]) -> list[tuple[float, float]]:
    """Foreground clicks among the prompts of an object, ``(y, x)`` data pixels."""
    return [
        (p.position[-2], p.position[-1])
        for p in prompts
        if isinstance(p, PointPrompt) and p.is_foreground
    ]


def _contains(bbox: BBox, y: float, x: float) -> bool:
    return bbox[0] <= y < bbox[2] and bbox[1] <= x < bbox[3]


def _iou_within(region: BBox, mask: Mask, other: Mask) -> float:
    """IoU of two masks among the pixels of a region; 1 if neither has any there."""
    parts = [part for m in (mask, other) if (part := intersection(region, m.bbox)) is not None]
    if not parts:
        return 1.0
    first, second = (m.within(union(parts)) for m in (mask, other))
    either = np.count_nonzero(first | second)
    return np.count_nonzero(first & second) / either if either else 1.0
