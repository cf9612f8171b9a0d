"""Decode: the prompts of many objects in one tile to the decoder's answers."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from napari_sam.embeddings.embedding import Embedding
from napari_sam.model.mask_decoder import MaskPrediction
from napari_sam.model.sam import MASK_STRIDE, Sam
from napari_sam.prompts.arrays import PromptArrays, prompt_arrays
from napari_sam.prompts.prompt import BoxPrompt, MaskPrompt, PointPrompt, PromptSet
from napari_sam.tiles.frame import Frame
from napari_sam.tiles.grid import Tile

from .mask import Mask

# More objects at once are slower: their temporaries leave the processor's cache.
OBJECTS_AT_ONCE = 8
_KINDS = (PointPrompt, BoxPrompt, MaskPrompt)


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
    """

    tile: Tile
    low_res_logits: NDArray[np.float32]
    iou: float
    object_score: float

    def to_mask(self) -> Mask:
        """The mask in the plane; only the part around positive logits is made large."""
        tile, logits = self.tile, self.low_res_logits
        rows, cols = (np.flatnonzero((logits > 0).any(axis)) for axis in (1, 0))
        if len(rows) == 0:
            return self._mask(np.zeros((0, 0), bool), tile.y0, tile.x0)
        # Two more cells than positive ones: interpolation reaches one, the crop's border another.
        y0, y1 = max(rows[0] - 2, 0), rows[-1] + 3
        x0, x1 = max(cols[0] - 2, 0), cols[-1] + 3
        pixels = upsample(logits[y0:y1, x0:x1]) > 0
        y0, x0 = MASK_STRIDE * int(y0), MASK_STRIDE * int(x0)
        inside = pixels[: tile.height - y0, : tile.width - x0]
        return self._mask(inside, tile.y0 + y0, tile.x0 + x0)

    def _mask(self, pixels: NDArray[np.bool_], y0: int, x0: int) -> Mask:
        h, w = pixels.shape
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
        return upsample(self.low_res_logits)[: self.tile.height, : self.tile.width]


def upsample(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Bilinear ``(h, w)`` to ``(4h, 4w)``, as the reference resizes its masks."""
    tensor = torch.from_numpy(np.ascontiguousarray(logits))[None, None]
    large: NDArray[np.float32] = functional.interpolate(
        tensor, scale_factor=MASK_STRIDE, mode="bilinear", align_corners=False
    )[0, 0].numpy()
    return large


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
    frame = Frame(embedding.tile)
    for group in _groups(prompts):
        arrays = prompt_arrays(group, frame)
        box_alone = arrays.boxes is not None and arrays.point_coords is None
        choose = not multimask_output and box_alone and model.config.best_candidate_for_box
        prediction = _run(model, embedding, arrays, multimask_output or choose)
        found = _answers(embedding.tile, prediction, model.config.mask_threshold)
        for object_id, own in zip(arrays.ids, found, strict=True):
            answers[object_id] = (max(own, key=lambda one: one.iou),) if choose else own
    return answers


def _groups(prompts: PromptSet) -> Iterator[PromptSet]:
    """Objects that have the same kinds of prompts, a few at a time."""
    by_kind: dict[tuple[bool, ...], list[int]] = defaultdict(list)
    for object_id, own in prompts.objects.items():
        by_kind[tuple(any(isinstance(p, kind) for p in own) for kind in _KINDS)].append(object_id)
    for ids in by_kind.values():
        for start in range(0, len(ids), OBJECTS_AT_ONCE):
            yield PromptSet({i: prompts.objects[i] for i in ids[start : start + OBJECTS_AT_ONCE]})


def _run(
    model: Sam, embedding: Embedding, arrays: PromptArrays, multimask_output: bool
) -> MaskPrediction:
    def tensor(values: NDArray[np.generic] | None) -> Tensor | None:
        return None if values is None else torch.from_numpy(values)[None].to(model.device)

    with torch.inference_mode():
        return model.decode(
            embedding.features,
            tensor(arrays.point_coords),
            tensor(arrays.point_labels),
            tensor(arrays.boxes),
            tensor(arrays.mask_input),
            multimask_output,
        )


def _answers(
    tile: Tile, prediction: MaskPrediction, threshold: float
) -> Iterator[tuple[Answer, ...]]:
    logits = (prediction.low_res_logits[0].float() - threshold).cpu().numpy()
    ious = prediction.iou_predictions[0].float().cpu().numpy()
    scores = prediction.object_score[0, :, 0].float().cpu().numpy()
    for own, iou, score in zip(logits, ious, scores, strict=True):
        yield tuple(Answer(tile, m, float(i), float(score)) for m, i in zip(own, iou, strict=True))
