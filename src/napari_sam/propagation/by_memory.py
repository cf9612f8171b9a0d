"""Follow by memory: a model that remembers what an object looked like, such as SAM 2."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import torch

from napari_sam.embeddings.encode import Encoder
from napari_sam.masks.decode import Answer, tile_matrices
from napari_sam.masks.mask import Mask
from napari_sam.model.features import ImageFeatures
from napari_sam.model.track import PlaneMasks, PlanePrompt, track
from napari_sam.tiles.bbox import holds
from napari_sam.tiles.grid import Tile

from .line import Line


@dataclass(frozen=True, slots=True)
class _Column:
    """The features of one tile on all planes of a line."""

    encoder: Encoder
    line: Line
    row: int
    col: int

    def __len__(self) -> int:
        return self.line.size

    def __getitem__(self, position: int) -> ImageFeatures:
        return self.encoder.get(self.tile(position)).features

    def tile(self, position: int) -> Tile:
        return self.encoder.grid.tile(self.line.at(position), self.row, self.col)


@dataclass(frozen=True, slots=True, eq=False)
class _Walk:
    """Objects that were shown together, in one tile."""

    ids: tuple[int, ...]
    column: _Column
    steps: Iterator[PlaneMasks]


class MemoryFollower:
    """Follows objects with the model's memory of the planes before.

    Parameters
    ----------
    encoder : Encoder
        Model, image and embeddings.
    line : Line
        The planes.
    reverse : bool
        Walk towards smaller positions.

    Notes
    -----
    A walk sees one tile. An object that leaves it is shown again, as it was seen last, in the tile
    that has it in its middle.
    """

    trust = 1.0

    def __init__(self, encoder: Encoder, line: Line, reverse: bool) -> None:
        self._encoder, self._line, self._reverse = encoder, line, reverse
        self._walks: dict[int, _Walk] = {}

    def show(self, position: int, masks: Mapping[int, Mask]) -> None:
        """Start to follow objects from where somebody showed them, those of one tile together."""
        plane, grid = self._line.at(position), self._encoder.grid
        by_tile: dict[Tile, list[int]] = {}
        for i, mask in masks.items():
            by_tile.setdefault(grid.best_for(plane, mask.bbox), []).append(i)
        for tile, ids in by_tile.items():
            walk = self._begin(position, tile, {i: masks[i] for i in ids})
            self._walks |= dict.fromkeys(ids, walk)

    def prepare(self, position: int, masks: Mapping[int, Mask]) -> None:
        """Encode the tiles that objects will probably be in, in the background."""
        walks = (self._walks[i] for i in masks if i in self._walks)
        self._encoder.fetch_ahead(dict.fromkeys(walk.column.tile(position) for walk in walks))

    def follow(self, position: int, expected: Mapping[int, Mask]) -> dict[int, Mask]:
        """Masks of objects on a plane, given where they should be."""
        back = 1 if self._reverse else -1
        for i, mask in expected.items():
            if not self._suits(self._walks[i].column, position, mask):
                self.show(position + back, {i: mask})
        found: dict[int, Mask] = {}
        for walk in {id(w): w for w in (self._walks[i] for i in expected)}.values():
            step = next(s for s in walk.steps if s.plane == position)
            tile = walk.column.tile(position)
            for i, mask in zip(walk.ids, self._masks(step, tile), strict=True):
                if i in expected and self._walks[i] is walk:
                    found[i] = mask
        return found

    def _begin(self, position: int, tile: Tile, masks: Mapping[int, Mask]) -> _Walk:
        column = _Column(self._encoder, self._line, tile.row, tile.col)
        inside = np.stack([mask.within(tile.bbox) for mask in masks.values()])
        drawn = torch.from_numpy(inside.astype(np.float32))
        prompt = PlanePrompt(masks=drawn[None].to(self._encoder.model.device))
        steps = _without_gradients(
            track(
                self._encoder.model, column, {position: prompt}, reverse=self._reverse,
                start=position,
            )
        )  # fmt: skip
        next(steps)  # the plane on which they were shown
        return _Walk(tuple(masks), column, steps)

    def _suits(self, column: _Column, position: int, mask: Mask) -> bool:
        tile, plane = column.tile(position), self._line.at(position)
        return holds(tile.bbox, mask.bbox) or self._encoder.grid.best_for(plane, mask.bbox) == tile

    def _masks(self, step: PlaneMasks, tile: Tile) -> Iterator[Mask]:
        model = self._encoder.model
        matrices = tile_matrices(model.config, tile.height, tile.width)
        logits = step.low_res_logits[0].float().cpu().numpy() - model.policy.mask_threshold
        ious, scores = step.iou_predictions[0].tolist(), step.object_score[0, :, 0].tolist()
        for mask, iou, score in zip(logits, ious, scores, strict=True):
            yield Answer(tile, mask, iou, score, *matrices).to_mask()


def _without_gradients(steps: Iterator[PlaneMasks]) -> Iterator[PlaneMasks]:
    """Each step in inference mode, which does not reach into a generator from outside."""
    while True:
        with torch.inference_mode():
            step = next(steps, None)
        if step is None:
            return
        yield step
