"""Decode: the prompts of many objects in a tile to answers, in few passes of the decoder."""

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
from napari_sam.model.sam import MASK_STRIDE, Sam
from napari_sam.prompts.arrays import PromptArrays, prompt_arrays
from napari_sam.prompts.prompt import BoxPrompt, MaskPrompt, PointPrompt, PromptSet
from napari_sam.tiles.bbox import BBox, place
from napari_sam.tiles.cut import inner_sides
from napari_sam.tiles.frame import Frame
from napari_sam.tiles.grid import Tile

from .mask import Mask

TOKENS_AT_ONCE = 2 * 64 * 64
"""Image tokens that one pass of the decoder takes, over all objects: two whole tiles.

With more, the temporaries leave the processor's cache, and a pass is slower."""

OUTSIDE = -10.0
"""Logit of the cells of a tile outside of the window that was decoded."""

_ROWS_AT_ONCE = 32  # of a resampling matrix: numpy starts no threads for so small a product


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """Logits of an object in a tile, with their scores: a mask before drawing.

    Parameters
    ----------
    tile : Tile
        A tile of the image, or a window in a tile.
    low_res_logits : ndarray
        ``(H/4, W/4)`` float32, where ``(H, W)`` is the padded tile in model pixels. The model's
        mask threshold is subtracted already: above 0 is inside.
    iou, object_score : float
        Predicted IoU, and the logit of the probability that there is an object.
    rows, cols : ndarray
        ``(height, H/4)`` and ``(width, W/4)`` float32: matrices of the resampling to data pixels,
        see :func:`~napari_sam.model.preprocess.enlarge`.
    """

    tile: Tile
    low_res_logits: NDArray[np.float32]
    iou: float
    object_score: float
    rows: NDArray[np.float32]
    cols: NDArray[np.float32]

    def to_mask(self) -> Mask:
        """The mask in the plane, drawn only where positive logits contribute."""
        positive = self.low_res_logits > 0
        rows, cols = (
            _touched(matrix, np.atleast_1d(positive.any(axis)))
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

    def in_tile(self, tile: Tile, config: ModelConfig) -> "Answer":
        """The answer of a window as an answer of the tile around it: outside is no object.

        Parameters
        ----------
        tile : Tile
            The tile in which :attr:`tile` is a window, aligned to the model's patches.
        config : ModelConfig
            Of the model, which takes pixels unchanged.
        """
        rows, cols = padded_size(config, tile.height, tile.width)
        logits = np.full((rows // MASK_STRIDE, cols // MASK_STRIDE), OUTSIDE, np.float32)
        y, x = (self.tile.y0 - tile.y0) // MASK_STRIDE, (self.tile.x0 - tile.x0) // MASK_STRIDE
        h, w = self.low_res_logits.shape
        logits[y : y + h, x : x + w] = self.low_res_logits
        matrices = tile_matrices(config, tile.height, tile.width)
        return Answer(tile, logits, self.iou, self.object_score, *matrices)

    def is_cut(self, tile: Tile) -> bool:
        """Whether the object reaches a side of its window beyond which a tile continues.

        Parameters
        ----------
        tile : Tile
            The tile of the image in which :attr:`tile` is a window. The window's sides inside the
            tile have no padding.
        """
        logits = self.low_res_logits
        edges = (logits[0], logits[:, 0], logits[-1], logits[:, -1])
        inner = inner_sides(self.tile.bbox, tile.bbox)
        return any(side and edge.max() > 0 for side, edge in zip(inner, edges, strict=True))


def resample(
    logits: NDArray[np.float32], rows: NDArray[np.float32], cols: NDArray[np.float32]
) -> NDArray[np.float32]:
    """``rows @ logits @ cols.T``, for matrices with few non-zero entries in each row.

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
    used = _band(cols)  # few columns of a small part: numpy then needs no further thread
    return _banded(cols[:, used], _banded(rows, logits[:, used]).T).T


def _banded(matrix: NDArray[np.float32], values: NDArray[np.float32]) -> NDArray[np.float32]:
    """``matrix @ values`` in blocks of rows, each without the zero columns at its ends."""
    product = np.empty((len(matrix), values.shape[1]), np.float32)
    for start in range(0, len(matrix), _ROWS_AT_ONCE):
        block = matrix[start : start + _ROWS_AT_ONCE]
        band = _band(block)
        np.matmul(block[:, band], values[band], out=product[start : start + len(block)])
    return product


def _band(matrix: NDArray[np.float32]) -> slice:
    """Columns of a matrix from the first to the last that is not zero."""
    used = np.flatnonzero(matrix.any(axis=0))
    return slice(int(used[0]), int(used[-1]) + 1) if used.size else slice(0, 0)


def _touched(matrix: NDArray[np.float32], positive: NDArray[np.bool_]) -> slice:
    """Rows or columns of data pixels to which a positive logit contributes."""
    touched = np.flatnonzero(matrix[:, positive].any(axis=1))
    return slice(int(touched[0]), int(touched[-1]) + 1) if touched.size else slice(0, 0)


@lru_cache(maxsize=16)
def tile_matrices(
    config: ModelConfig, height: int, width: int, zoom: float = 1.0, mirrored: bool = False
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Resampling matrices of a tile's logits, cached: tiles of equal size share a pair."""
    rows, cols = (matrix.numpy() for matrix in enlarge(config, height, width, zoom))
    return rows, cols[::-1].copy() if mirrored else cols


def tile_frame(config: ModelConfig, tile: Tile) -> Frame:
    """The frame for turning data coordinates of a tile into model pixels."""
    rows, cols = input_size(config, tile.height, tile.width, tile.zoom)
    padded = padded_size(config, tile.height, tile.width, tile.zoom)
    scale = rows / tile.height, cols / tile.width
    first = (0.0, 0.0) if tile.zoom == 1 else ((scale[0] - 1) / 2, (scale[1] - 1) / 2)
    if tile.mirrored:
        last = (tile.width - 1) * scale[1] + first[1]
        scale, first = (scale[0], -scale[1]), (first[0], last)
    return Frame(tile, scale, padded, first)


def decode(
    model: Sam, embedding: Embedding, prompts: PromptSet, multimask_output: bool = False
) -> dict[int, tuple[Answer, ...]]:
    """Decode the prompts of objects in a tile.

    Parameters
    ----------
    model : Sam
        The model.
    embedding : Embedding
        Of the tile.
    prompts : PromptSet
        All on the tile's plane and inside the tile, see
        :func:`~napari_sam.prompts.arrays.restrict`.
    multimask_output : bool
        Three candidates for each object instead of one answer.

    Returns
    -------
    dict
        Object id to one or three answers.
    """
    if multimask_output:
        return decode_masks(model, embedding, prompts, CANDIDATES)
    answers = decode_masks(model, embedding, prompts)
    return {i: (max(of_object, key=lambda a: a.iou),) for i, of_object in answers.items()}


def decode_masks(
    model: Sam, embedding: Embedding, prompts: PromptSet, masks: slice | None = None
) -> dict[int, tuple[Answer, ...]]:
    """Decode the prompts of objects in a tile to all masks of chosen tokens.

    Parameters
    ----------
    model, embedding, prompts
        As for :func:`decode`.
    masks : slice, optional
        Mask tokens of the decoder to run; by default those of the model's policy.

    Returns
    -------
    dict
        Object id to an answer of each token.
    """
    answers: dict[int, tuple[Answer, ...]] = {}
    frame = tile_frame(model.config, embedding.tile)
    for group in _groups(prompts, _objects_at_once(embedding)):
        arrays = prompt_arrays(group, frame)
        prediction = _run(model, embedding, arrays, masks or _masks(model.policy, arrays))
        by_object = _answers(embedding.tile, prediction, model)
        answers |= dict(zip(arrays.ids, by_object, strict=True))
    return answers


def decode_single(model: Sam, embedding: Embedding, arrays: PromptArrays) -> Answer:
    """The single mask of one object.

    Parameters
    ----------
    model : Sam
        The model.
    embedding : Embedding
        Of the tile.
    arrays : PromptArrays
        Prompts of the object in model pixels of the tile.
    """
    prediction = _run(model, embedding, arrays, SINGLE_MASK)
    ((answer,),) = _answers(embedding.tile, prediction, model)
    return answer


def _masks(policy: AnswerPolicy, arrays: PromptArrays) -> slice:
    """Mask tokens of the decoder to run; the answer is the mask of the best predicted IoU."""
    points = 0 if arrays.point_coords is None else arrays.point_coords.shape[1]
    if policy.best_candidate_for_box and arrays.boxes is not None and not points:
        return CANDIDATES
    only_points = arrays.boxes is None and arrays.mask_input is None
    if policy.best_mask_for_click and only_points and points == 1:
        return slice(0, MASK_TOKENS)
    return SINGLE_MASK


def _objects_at_once(embedding: Embedding) -> int:
    h, w = embedding.features.image_embedding.shape[-2:]
    return max(1, TOKENS_AT_ONCE // (h * w))


def _groups(prompts: PromptSet, most: int) -> Iterator[PromptSet]:
    """Objects with the same kinds of prompts and the same number of points, at most `most` at once.

    So no object needs padding points. The model would see them, and an answer must not depend on
    the other objects of a pass.
    """
    by_kind: dict[tuple[int, ...], list[int]] = defaultdict(list)
    for object_id, of_object in prompts.objects.items():
        points = sum(isinstance(p, PointPrompt) for p in of_object)
        kinds = (any(isinstance(p, kind) for p in of_object) for kind in (BoxPrompt, MaskPrompt))
        by_kind[(points, *kinds)].append(object_id)
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
    matrices = tile_matrices(model.config, tile.height, tile.width, tile.zoom, tile.mirrored)
    for candidates, of_candidates, score in zip(logits, ious, scores, strict=True):
        yield tuple(
            Answer(tile, mask, float(iou), float(score), *matrices)
            for mask, iou in zip(candidates, of_candidates, strict=True)
        )
