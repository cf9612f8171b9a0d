"""Follow by memory: objects followed with the memory of a model such as SAM 2."""

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
    """Features of a tile on all planes of a line, as a sequence by position."""

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
    """A run of the model's tracker, for objects shown together in a tile."""

    ids: tuple[int, ...]
    column: _Column
    steps: Iterator[PlaneMasks]


class MemoryFollower:
    """Follower for models with memory: earlier planes and masks condition the next answer.

    Parameters
    ----------
    encoder : Encoder
        Model, image and embeddings.
    line : Line
        The planes.
    reverse : bool
        Whether to walk towards smaller positions.

    Notes
    -----
    The tracker runs in one tile of each plane. An object that leaves its tile is shown anew, with
    its last mask, in the tile around it.
    """

    trust = 1.0
    """Weight of an answer against the carried mask: the answer alone counts."""

    def __init__(self, encoder: Encoder, line: Line, reverse: bool) -> None:
        self._encoder, self._line, self._reverse = encoder, line, reverse
        self._walks: dict[int, _Walk] = {}

    def show(self, position: int, masks: Mapping[int, Mask]) -> None:
        """Start to follow objects from known masks; objects of a tile share a tracker run."""
        plane, grid = self._line.at(position), self._encoder.grid
        by_tile: dict[Tile, list[int]] = {}
        for i, mask in masks.items():
            by_tile.setdefault(grid.best_for(plane, mask.bbox), []).append(i)
        for tile, ids in by_tile.items():
            walk = self._begin(position, tile, {i: masks[i] for i in ids})
            self._walks |= dict.fromkeys(ids, walk)

    def prepare(self, position: int, masks: Mapping[int, Mask]) -> None:
        """Encode the tiles of the objects on a plane ahead, in the background."""
        walks = (self._walks[i] for i in masks if i in self._walks)
        self._encoder.fetch_ahead(dict.fromkeys(walk.column.tile(position) for walk in walks))

    def follow(self, position: int, expected: Mapping[int, Mask]) -> dict[int, Mask]:
        """Masks of objects on a plane, from their expected masks there; not empty."""
        back = 1 if self._reverse else -1
        for i, mask in expected.items():
            if not self._suits(self._walks[i].column, position, mask):
                self.show(position + back, {i: mask})
        masks: dict[int, Mask] = {}
        for walk in {id(w): w for w in (self._walks[i] for i in expected)}.values():
            step = next(s for s in walk.steps if s.plane == position)
            tile = walk.column.tile(position)
            for i, mask in zip(walk.ids, self._masks(step, tile), strict=True):
                if i in expected and self._walks[i] is walk:
                    masks[i] = mask
        return masks

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
        next(steps)  # the plane of the known masks
        return _Walk(tuple(masks), column, steps)

    def _suits(self, column: _Column, position: int, mask: Mask) -> bool:
        """Whether the tile of a column holds an expected mask as well as any other tile."""
        tile, plane = column.tile(position), self._line.at(position)
        return holds(tile.bbox, mask.bbox) or self._encoder.grid.best_for(plane, mask.bbox) == tile

    def _masks(self, step: PlaneMasks, tile: Tile) -> Iterator[Mask]:
        """Masks of all objects of a tracker run on a plane, drawn in data pixels."""
        model = self._encoder.model
        matrices = tile_matrices(model.config, tile.height, tile.width)
        logits = step.low_res_logits[0].float().cpu().numpy() - model.policy.mask_threshold
        ious, scores = step.iou_predictions[0].tolist(), step.object_score[0, :, 0].tolist()
        for mask, iou, score in zip(logits, ious, scores, strict=True):
            yield Answer(tile, mask, iou, score, *matrices).to_mask()


def _without_gradients(steps: Iterator[PlaneMasks]) -> Iterator[PlaneMasks]:
    """Steps computed in inference mode: the mode of a caller does not apply inside a generator."""
    while True:
        with torch.inference_mode():
            step = next(steps, None)
        if step is None:
            return
        yield step
