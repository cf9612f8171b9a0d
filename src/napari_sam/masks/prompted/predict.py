"""Predict: the prompts of objects in one plane to masks, across tiles where need be.

An object is decoded in the tile in which its prompts lie most inwards. If its mask reaches a side
behind which the image goes on, the tiles behind that side are asked too, with the object's own
prompts there and a click inside the part that both tiles see, and their answers are blended. What
is small is looked at once more from closer, and what was clicked from farther away.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from napari_sam.embeddings.embedding import Embeddings
from napari_sam.masks.decode import Answer, decode
from napari_sam.masks.mask import Mask
from napari_sam.masks.pixels.depth import innermost
from napari_sam.masks.pixels.refine import refine
from napari_sam.masks.second_look.closer import look_closer
from napari_sam.masks.second_look.farther import look_farther
from napari_sam.masks.second_look.second_look import Look
from napari_sam.prompts.arrays import restrict
from napari_sam.prompts.prompt import BoxPrompt, MaskPrompt, PointPrompt, Prompt, PromptSet
from napari_sam.tiles.bbox import BBox, holds, intersection, place, union
from napari_sam.tiles.grid import Tile, TileGrid
from napari_sam.tiles.stitch import merge_logits

from .size import Size, meant

TILES_PER_OBJECT = 4
BOX_MARGIN = (2, 0.1)  # pixels, and share of the box, by which a mask may leave its box
NO_SIZES: Mapping[int, Size] = MappingProxyType({})
_AGREEMENT = 0.5  # IoU in the common part below which a neighbouring tile means something else


def home_tiles(grid: TileGrid, prompts: tuple[Prompt, ...]) -> tuple[Tile, ...]:
    """Tiles that the prompts of one object need.

    Parameters
    ----------
    grid : TileGrid
        Tiles of the image.
    prompts : tuple of Prompt
        All on one plane.

    Returns
    -------
    tuple of Tile
        One where one holds them all; otherwise those that hold the foreground prompts.
    """
    plane = prompts[0].plane
    together = union(_clipped(grid, prompt.bbox) for prompt in prompts)
    best = grid.best_for(plane, together)
    if holds(best.bbox, together):
        return (best,)
    tiles: dict[Tile, None] = {}
    for prompt in (p for p in prompts if p.is_foreground):
        best = grid.best_for(plane, prompt.bbox)
        if holds(best.bbox, prompt.bbox):
            tiles[best] = None
        else:
            tiles |= dict.fromkeys(grid.overlapping(plane, prompt.bbox))
    return tuple(tiles)


def predict(
    encoder: Embeddings, prompts: PromptSet, sizes: Mapping[int, Size] = NO_SIZES
) -> dict[int, Mask]:
    """One mask for each object.

    Parameters
    ----------
    encoder : Embeddings
        Model, grid and embeddings, such as an :class:`~napari_sam.embeddings.encode.Encoder`.
    prompts : PromptSet
        All on one plane.
    sizes : mapping of int to Size
        Which of the candidates of its first click an object is; the others are what the model
        thinks best. Further clicks correct it. A box or a mask says itself how large it is.

    Returns
    -------
    dict
        Object id to its mask, which may be empty.
    """
    sized = {i: (meant(prompts.of(i)), s) for i, s in sizes.items() if s is not Size.BEST}
    first = {i: (click,) for i, (click, _) in sized.items() if click is not None}
    candidates = _predict(encoder, first, {i: sizes[i] for i in first})
    more = {
        i: (*own, *_as_prompt(candidates.get(i)))
        for i, own in prompts.objects.items()
        if own != first.get(i)
    }
    if encoder.model.policy.point_with_mask:
        more = {i: with_middle(own) for i, own in more.items()}
    found = candidates | _predict(encoder, more, {})
    return {i: found[i] for i in prompts.objects}


def with_middle(prompts: tuple[Prompt, ...]) -> tuple[Prompt, ...]:
    """Prompts of an object, and a click in the middle of a mask that has clicks beside it alone.

    What shall not belong to a mask says little about what shall: a model that saw few such clicks
    takes all of it away.

    Parameters
    ----------
    prompts : tuple of Prompt
        Of one object.

    Returns
    -------
    tuple of Prompt
        The same, where anything but masks is of the object already, or nothing was clicked.
    """
    masks = [prompt for prompt in prompts if isinstance(prompt, MaskPrompt)]
    others = [prompt for prompt in prompts if not isinstance(prompt, MaskPrompt)]
    if not masks or not others or any(prompt.is_foreground for prompt in others):
        return prompts
    mask = max(masks, key=lambda one: np.count_nonzero(one.pixels))
    left = mask.pixels.copy()
    for prompt in others:
        if (part := intersection(prompt.bbox, mask.bbox)) is not None:
            left[place(part, mask.bbox)] = False
    if not left.any():
        return prompts
    y, x = innermost(left)
    return (*prompts, PointPrompt((*mask.plane, float(mask.y0 + y), float(mask.x0 + x))))


def _as_prompt(mask: Mask | None) -> Iterable[MaskPrompt]:
    """What there is, to be corrected."""
    if mask is not None and not mask.empty:
        yield MaskPrompt(mask.plane, mask.bbox[0], mask.bbox[1], mask.pixels)


def _predict(
    encoder: Embeddings, asked_for: Mapping[int, tuple[Prompt, ...]], sizes: Mapping[int, Size]
) -> dict[int, Mask]:
    clean = encoder.model.policy.clean_masks
    objects = {
        i: _Object(own, home_tiles(encoder.grid, own), clean, sizes.get(i, Size.BEST))
        for i, own in asked_for.items()
    }
    while pending := {i: o for i, o in objects.items() if o.pending}:
        for tile, ids in _by_tile(pending).items():
            asked = {i: own for i in ids if (own := objects[i].prompts_in(tile))}
            if not asked:
                continue
            embedding = encoder.get(tile)
            for several in (False, True):
                some = {i: own for i, own in asked.items() if (i in sizes) is several}
                answers = decode(encoder.model, embedding, PromptSet(some), several)
                for i, candidates in answers.items():
                    objects[i].receive(objects[i].choose(candidates))
        for one in pending.values():
            one.pending = one.reached_tiles(encoder.grid)
    if encoder.closer:
        # whose size was chosen is not asked again which of the candidates it is
        alone = {i: one.only_answer for i, one in objects.items() if i not in sizes}
        first = {i: seen for i, seen in alone.items() if seen is not None}
        looks = look_farther(encoder, asked_for, first)
        others = {i: seen for i, seen in first.items() if i not in looks}
        for i, look in (looks | look_closer(encoder, asked_for, others)).items():
            objects[i].look = look
    return {i: one.mask() for i, one in objects.items()}


def predict_candidates(encoder: Embeddings, prompts: PromptSet) -> dict[int, tuple[Mask, ...]]:
    """Three candidate masks (part, whole, cluster) for each object, best first.

    Candidates are of one tile, that in which the prompts lie most inwards: they are for choosing,
    and prompts of the chosen one complete it.
    """
    candidates = {}
    for object_id, own in prompts.objects.items():
        tile = home_tiles(encoder.grid, own)[0]
        asked = PromptSet({object_id: restrict(own, tile)})
        answers = decode(encoder.model, encoder.get(tile), asked, multimask_output=True)[object_id]
        masks = [answer.to_mask() for answer in answers]
        if encoder.model.policy.clean_masks:
            masks = [refine(mask, _clicks(own)) for mask in masks]
        candidates[object_id] = tuple(sorted(masks, key=lambda mask: -mask.iou))
    return candidates


@dataclass(slots=True, eq=False)
class _Object:
    """One object on its way through the tiles."""

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
        """The answer and its mask, if one tile gave all of it."""
        if len(self.answers) != 1:
            return None
        ((tile, answer),) = self.answers.items()
        return answer, self.masks[tile]

    def prompts_in(self, tile: Tile) -> tuple[Prompt, ...]:
        """Own prompts in the tile, and a click where other tiles saw the object in it.

        Nothing if there is no reason to look for the object in this tile.
        """
        self.asked.add(tile)
        own = restrict(self.prompts, tile)
        if any(p.is_foreground and not isinstance(p, BoxPrompt) for p in own):
            return own
        seen = self._seen_in(tile)
        if not seen.any():
            return own if any(p.is_foreground for p in own) else ()
        y, x = innermost(seen)
        click = PointPrompt((*tile.plane, float(y + tile.y0), float(x + tile.x0)))
        return (*own, click)

    def choose(self, candidates: Sequence[Answer]) -> Answer:
        """The answer that has the size; in further tiles, the one that goes on what is there."""
        if len(candidates) == 1:
            return candidates[0]
        if self.answers:
            others = self.answers.values()
            return max(candidates, key=lambda one: sum(_agreement(one, o) for o in others))
        masks = [answer.to_mask() for answer in candidates]
        if self.clean:
            masks = [refine(mask, _clicks(self.prompts)) for mask in masks]
        return candidates[self.size.of([mask.area for mask in masks])]

    def receive(self, answer: Answer) -> None:
        """Keep an answer, unless nobody pointed there and it contradicts the others."""
        own = restrict(self.prompts, answer.tile)
        pointed_at = any(prompt.is_foreground for prompt in own)
        if pointed_at or all(_agree(answer, other) for other in self.answers.values()):
            self.answers[answer.tile] = answer
            self.masks[answer.tile] = answer.to_mask()

    def reached_tiles(self, grid: TileGrid) -> tuple[Tile, ...]:
        """Tiles not asked yet, behind the borders that the mask reaches."""
        reached: dict[Tile, None] = {}
        for tile, mask in self.masks.items():
            if not mask.empty:
                reached |= dict.fromkeys(grid.behind(tile, mask.bbox))
        new = [tile for tile in reached if tile not in self.asked]
        return tuple(new[: max(0, TILES_PER_OBJECT - len(self.asked))])

    def mask(self) -> Mask:
        """The answers as one mask."""
        mask = self._joined()
        if not self.clean:
            return mask
        return refine(inside_boxes(mask, self.prompts), _clicks(self.prompts))

    def _joined(self) -> Mask:
        if self.look is not None:
            return self.look.to_mask()
        first, *more = self.answers.values()
        if not more:
            return self.masks[first.tile]
        parts = [(tile, answer.tile_logits()) for tile, answer in self.answers.items()]
        (y0, x0), logits = merge_logits(parts)
        pixels = logits > 0
        best = max(self.answers.values(), key=lambda answer: answer.iou)
        return Mask(
            plane=first.tile.plane,
            bbox=(y0, x0, y0 + pixels.shape[0], x0 + pixels.shape[1]),
            pixels=pixels,
            iou=best.iou,
            object_score=max(answer.object_score for answer in self.answers.values()),
        )

    def _seen_in(self, tile: Tile) -> NDArray[np.bool_]:
        """What other tiles saw of the object in this one: ``(height, width)`` bool."""
        seen = np.zeros((tile.height, tile.width), bool)
        for other, answer in self.answers.items():
            if (common := intersection(tile.bbox, other.bbox)) is not None:
                there = answer.tile_logits()[place(common, other.bbox)]
                seen[place(common, tile.bbox)] |= there > 0
        return seen


def _by_tile(objects: Mapping[int, _Object]) -> dict[Tile, list[int]]:
    by_tile: dict[Tile, list[int]] = defaultdict(list)
    for object_id, one in objects.items():
        for tile in one.pending:
            by_tile[tile].append(object_id)
    return by_tile


def inside_boxes(mask: Mask, prompts: tuple[Prompt, ...]) -> Mask:
    """Cut what lies far outside of the object's boxes, unless the user clicked there too."""
    boxes = [prompt.bbox for prompt in prompts if isinstance(prompt, BoxPrompt)]
    if not boxes or mask.empty:
        return mask
    y0, x0, y1, x1 = union(boxes)
    dy, dx = (BOX_MARGIN[0] + BOX_MARGIN[1] * (y1 - y0), BOX_MARGIN[0] + BOX_MARGIN[1] * (x1 - x0))
    limits = (int(y0 - dy), int(x0 - dx), int(y1 + dy), int(x1 + dx))
    if any(not _contains(limits, *click) for click in _clicks(prompts)):
        return mask
    top, left = max(limits[0] - mask.bbox[0], 0), max(limits[1] - mask.bbox[1], 0)
    kept = np.zeros_like(mask.pixels)
    inside = np.s_[top : max(limits[2] - mask.bbox[0], 0), left : max(limits[3] - mask.bbox[1], 0)]
    kept[inside] = mask.pixels[inside]
    return replace(mask, pixels=kept).tight()


def _contains(bbox: BBox, y: float, x: float) -> bool:
    return bbox[0] <= y < bbox[2] and bbox[1] <= x < bbox[3]


def _clicks(prompts: Iterable[Prompt]) -> list[tuple[float, float]]:
    """Foreground clicks, ``(y, x)`` data pixels."""
    return [
        (p.position[-2], p.position[-1])
        for p in prompts
        if isinstance(p, PointPrompt) and p.is_foreground
    ]


def _clipped(grid: TileGrid, bbox: BBox) -> BBox:
    """The part of a region that lies in the image."""
    y0, x0, y1, x1 = bbox
    return max(y0, 0), max(x0, 0), min(y1, grid.height), min(x1, grid.width)


def _agree(answer: Answer, other: Answer) -> bool:
    """Whether two tiles see the same object among the pixels that both see."""
    return _agreement(answer, other) >= _AGREEMENT


def _agreement(answer: Answer, other: Answer) -> float:
    """IoU among the pixels that two tiles see; 1 where there is nothing to compare."""
    common = intersection(answer.tile.bbox, other.tile.bbox)
    if common is None:
        return 1.0
    here, there = (a.tile_logits()[place(common, a.tile.bbox)] > 0 for a in (answer, other))
    either = int((here | there).sum())
    return int((here & there).sum()) / either if either else 1.0
