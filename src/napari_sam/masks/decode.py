"""Decode: the prompts of many objects in one tile to the decoder's answers."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from napari_sam.embeddings.embedding import Embedding
from napari_sam.model.answer_policy import AnswerPolicy
from napari_sam.model.config import ModelConfig
from napari_sam.model.mask_decoder import (
    CANDIDATES,
    MASK_TOKENS,
    SINGLE_MASK,
    MaskPrediction,
)
from napari_sam.model.preprocess import enlarge, input_size, padded_size
from napari_sam.model.sam import Sam
from napari_sam.prompts.arrays import PromptArrays, prompt_arrays
from napari_sam.prompts.prompt import BoxPrompt, MaskPrompt, PointPrompt, PromptSet
from napari_sam.tiles.bbox import BBox, place
from napari_sam.tiles.frame import Frame
from napari_sam.tiles.grid import Tile

from .mask import Mask

# More at once are slower: their temporaries leave the processor's cache. Two objects in a tile.
TOKENS_AT_ONCE = 2 * 64 * 64
_ROWS_AT_ONCE = 128


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """One mask of one object in one tile, as the decoder gave it.

    Parameters
    ----------
    tile : Tile
        Where.
    low_res_logits : ndarray
        ``(H/4, W/4)`` float32, model pixels of the padded tile; above 0 is inside, the model's own
        threshold being subtracted.
    iou, object_score : float
        Predicted IoU, and the logit that there is an object.
    rows, cols : ndarray
        ``(height, H/4)`` and ``(width, W/4)`` float32: how the logits become those of the tile, see
        :func:`~napari_sam.model.preprocess.enlarge`.
    """

    tile: Tile
    low_res_logits: NDArray[np.float32]
    iou: float
    object_score: float
    rows: NDArray[np.float32]
    cols: NDArray[np.float32]

    def to_mask(self) -> Mask:
        """The mask in the plane; only the part that positive logits reach is made large."""
        positive = self.low_res_logits > 0
        rows, cols = (
            _reached(matrix, np.atleast_1d(positive.any(axis)))
            for matrix, axis in ((self.rows, 1), (self.cols, 0))
        )
        pixels = resample(self.low_res_logits, self.rows[rows], self.cols[cols]) > 0
        h, w = pixels.shape
        y0, x0 = self.tile.y0 + rows.start, self.tile.x0 + cols.start
        return Mask(
            plane=self.tile.plane,
            bbox=(y0, x0, y0 + h, x0 + w),
            pixels=pixels,
            iou=self.iou,
            object_score=self.object_score,
            low_res_logits=self.low_res_logits,
        ).tight()

    def tile_logits(self) -> NDArray[np.float32]:
        """Logits ``(height, width)`` float32 of the whole tile, data pixels."""
        return resample(self.low_res_logits, self.rows, self.cols)

    def logits_in(self, region: BBox) -> NDArray[np.float32]:
        """Logits ``(h, w)`` float32 of a part ``(y0, x0, y1, x1)`` of the tile, data pixels."""
        rows, cols = place(region, self.tile.bbox)
        return resample(self.low_res_logits, self.rows[rows], self.cols[cols])


def resample(
    logits: NDArray[np.float32], rows: NDArray[np.float32], cols: NDArray[np.float32]
) -> NDArray[np.float32]:
    """``rows @ logits @ cols.T``, for matrices whose rows look at a few neighbours only.

    Parameters
    ----------
    logits : ndarray
        ``(h, w)`` float32.
    rows, cols : ndarray
        ``(height, h)`` and ``(width, w)`` float32.

    Returns
    -------
    ndarray
        ``(height, width)`` float32.
    """
    return _banded(cols, _banded(rows, logits).T).T


def _banded(matrix: NDArray[np.float32], values: NDArray[np.float32]) -> NDArray[np.float32]:
    """``matrix @ values`` in blocks, without most of the zeros."""
    out = np.empty((len(matrix), values.shape[1]), np.float32)
    for start in range(0, len(matrix), _ROWS_AT_ONCE):
        block = matrix[start : start + _ROWS_AT_ONCE]
        used = np.flatnonzero(block.any(axis=0))
        near = slice(used[0], used[-1] + 1)
        np.matmul(block[:, near], values[near], out=out[start : start + len(block)])
    return out


def _reached(matrix: NDArray[np.float32], positive: NDArray[np.bool_]) -> slice:
    """Data pixels that get something of the positive logits."""
    reached = np.flatnonzero(matrix[:, positive].any(axis=1))
    return slice(int(reached[0]), int(reached[-1]) + 1) if reached.size else slice(0, 0)


@lru_cache(maxsize=16)
def tile_matrices(
    config: ModelConfig, height: int, width: int, zoom: float = 1.0
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Matrices that enlarge the logits of a tile; all tiles of an image have the same."""
    rows, cols = enlarge(config, height, width, zoom)
    return rows.numpy(), cols.numpy()


def tile_frame(config: ModelConfig, tile: Tile) -> Frame:
    """Where data coordinates of a tile lie in the model's input."""
    rows, cols = input_size(config, tile.height, tile.width, tile.zoom)
    padded = padded_size(config, tile.height, tile.width, tile.zoom)
    scale = rows / tile.height, cols / tile.width
    first = (0.0, 0.0) if tile.zoom == 1 else ((scale[0] - 1) / 2, (scale[1] - 1) / 2)
    return Frame(tile, scale, padded, first)


def decode(
    model: Sam, embedding: Embedding, prompts: PromptSet, multimask_output: bool = False
) -> dict[int, tuple[Answer, ...]]:
    """Answers of all objects in one tile.

    Parameters
    ----------
    model : Sam
        The model.
    embedding : Embedding
        Of the tile.
    prompts : PromptSet
        Prompts on the tile's plane; those outside of the tile must not be among them.
    multimask_output : bool
        Three answers an object instead of one.

    Returns
    -------
    dict
        Object id to one or three answers.
    """
    answers: dict[int, tuple[Answer, ...]] = {}
    frame = tile_frame(model.config, embedding.tile)
    for group in _groups(prompts, _objects_at_once(embedding)):
        arrays = prompt_arrays(group, frame)
        masks = CANDIDATES if multimask_output else _masks(model.policy, arrays)
        prediction = _run(model, embedding, arrays, masks)
        found = _answers(embedding.tile, prediction, model)
        for object_id, own in zip(arrays.ids, found, strict=True):
            answers[object_id] = own if multimask_output else (max(own, key=lambda one: one.iou),)
    return answers


def _masks(policy: AnswerPolicy, arrays: PromptArrays) -> slice:
    """Which masks to draw, of which the best will be the answer."""
    points = 0 if arrays.point_coords is None else arrays.point_coords.shape[1]
    if policy.best_candidate_for_box and arrays.boxes is not None and not points:
        return CANDIDATES
    alone = arrays.boxes is None and arrays.mask_input is None
    if policy.best_mask_for_click and alone and points == 1:
        return slice(0, MASK_TOKENS)
    return SINGLE_MASK


def _objects_at_once(embedding: Embedding) -> int:
    h, w = embedding.features.image_embedding.shape[-2:]
    return max(1, TOKENS_AT_ONCE // (h * w))


def _groups(prompts: PromptSet, most: int) -> Iterator[PromptSet]:
    """Objects that have the same kinds of prompts and as many points, a few at a time.

    Points of padding would be seen: an answer must not depend on who else is asked.
    """
    by_kind: dict[tuple[int, ...], list[int]] = defaultdict(list)
    for object_id, own in prompts.objects.items():
        points = sum(isinstance(p, PointPrompt) for p in own)
        others = (any(isinstance(p, kind) for p in own) for kind in (BoxPrompt, MaskPrompt))
        by_kind[(points, *others)].append(object_id)
    for ids in by_kind.values():
        for start in range(0, len(ids), most):
            yield PromptSet({i: prompts.objects[i] for i in ids[start : start + most]})


def _run(model: Sam, embedding: Embedding, arrays: PromptArrays, masks: slice) -> MaskPrediction:
    def tensor(values: NDArray[np.generic] | None) -> Tensor | None:
        return None if values is None else torch.from_numpy(values)[None].to(model.device)

    with torch.inference_mode():
        return model.decode_tokens(
            embedding.features,
            tensor(arrays.point_coords),
            tensor(arrays.point_labels),
            tensor(arrays.boxes),
            tensor(arrays.mask_input),
            masks,
            embedding.offset,
        )


def _answers(tile: Tile, prediction: MaskPrediction, model: Sam) -> Iterator[tuple[Answer, ...]]:
    logits = (prediction.low_res_logits[0].float() - model.policy.mask_threshold).cpu().numpy()
    ious = prediction.iou_predictions[0].float().cpu().numpy()
    scores = prediction.object_score[0, :, 0].float().cpu().numpy()
    matrices = tile_matrices(model.config, tile.height, tile.width, tile.zoom)
    for own, iou, score in zip(logits, ious, scores, strict=True):
        yield tuple(
            Answer(tile, mask, float(i), float(score), *matrices)
            for mask, i in zip(own, iou, strict=True)
        )
