"""Follow objects from plane to plane, through z or time.

Source: SAM 2 (arXiv:2408.00714, section 4) and its video predictor, with planes for frames.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Protocol

import torch
from torch import Tensor
from torch.nn import functional

from napari_sam.errors import ModelError

from .config import PATCH
from .features import ImageFeatures
from .mask_decoder import MaskPrediction
from .memory import Memory
from .memory_bank import MemoryBank, PlaneMemory
from .sam import MASK_STRIDE, Sam

_NO_OBJECT = -1024.0  # logit of every pixel if the object score is not positive
_SURE = 10.0  # logit inside of a mask prompt, and its negative outside
_MULTIMASK_CLICKS = 1  # number of clicks up to which the best of three candidates is the answer
_BOX_CLICKS = 2  # a box counts as two clicks, its corners


class Planes(Protocol):
    """Sequence of the features of a stack, such as a list; may encode a plane when it is read."""

    def __len__(self) -> int:
        """Number of planes of the stack."""
        ...

    def __getitem__(self, plane: int, /) -> ImageFeatures:
        """Features of one window of a plane, ``B = 1``."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class PlanePrompt:
    """Prompts of ``C`` objects on one plane: points and boxes, or masks.

    Parameters
    ----------
    point_coords, point_labels, boxes, mask_input : Tensor or None
        As :meth:`~napari_sam.model.sam.Sam.decode` takes them, ``B = 1``.
    masks : Tensor or None
        ``(1, C, H, W)`` bool or float masks of the window, at any size. The answer is the mask
        itself; the decoder computes the object pointer alone.
    """

    point_coords: Tensor | None = None
    point_labels: Tensor | None = None
    boxes: Tensor | None = None
    mask_input: Tensor | None = None
    masks: Tensor | None = None

    @property
    def clicks(self) -> int:
        """Number of clicks of each object; a box counts as two."""
        points = 0 if self.point_labels is None else self.point_labels.shape[-1]
        return points + (0 if self.boxes is None else _BOX_CLICKS)


@dataclass(frozen=True, slots=True, eq=False)
class PlaneMasks:
    """Masks of ``C`` objects on one plane, from :func:`track`.

    Parameters
    ----------
    plane : int
        Index of the plane.
    low_res_logits : Tensor
        ``(1, C, H/4, W/4)`` float; -1024 in every pixel of an absent object.
    iou_predictions : Tensor
        ``(1, C)`` float.
    object_score : Tensor
        ``(1, C, 1)`` float logit.
    """

    plane: int
    low_res_logits: Tensor
    iou_predictions: Tensor
    object_score: Tensor


def track(
    model: Sam,
    planes: Planes,
    prompts: Mapping[int, PlanePrompt],
    *,
    reverse: bool = False,
    start: int | None = None,
    bank: MemoryBank | None = None,
) -> Iterator[PlaneMasks]:
    """Follow ``C`` objects through a stack.

    Parameters
    ----------
    model : Sam
        A model with memory.
    planes : Planes
        Features of the stack; a plane is read when the walk reaches it.
    prompts : mapping of int to PlanePrompt
        Prompts by plane, for the same ``C`` objects on each.
    reverse : bool
        Walk down instead of up.
    start : int, optional
        Plane at which the walk begins; the first prompted plane by default.
    bank : MemoryBank, optional
        Memories of an earlier walk, to which this walk adds. A walk in the other direction takes
        the bank of the first walk and no prompts.

    Yields
    ------
    PlaneMasks
        Planes in the order of the walk, without planes that an earlier walk had prompts for.

    Raises
    ------
    ModelError
        If the model has no memory, or nothing is prompted.
    """
    memory = _memory_of(model)
    bank = MemoryBank(memory.config, len(planes)) if bank is None else bank
    answers = {}
    for plane in sorted(prompts):
        answers[plane] = _answer_prompt(model, memory, planes[plane], bank, plane, prompts[plane])
    if not bank.prompted:
        raise ModelError("no object was shown on any plane; add a point, a box or a mask first")
    first = min(bank.prompted) if start is None else start
    for plane in range(first, -1, -1) if reverse else range(first, bank.count):
        if plane in answers:
            yield answers[plane]
        elif plane not in bank.prompted:
            features = planes[plane]
            answer = _follow(model, memory, features, bank, plane, reverse)
            bank.keep(plane, answer.remembered(memory, features, prompted=False))
            yield answer.on(plane)


@dataclass(frozen=True, slots=True, eq=False)
class _Answer:
    """Logits ``(C, H/4, W/4)``, IoU ``(C,)``, object score ``(C, 1)``, pointer ``(C, D)``."""

    logits: Tensor
    iou: Tensor
    score: Tensor
    pointer: Tensor

    def remembered(self, memory: Memory, features: ImageFeatures, prompted: bool) -> PlaneMemory:
        return memory.remember(features, self.logits, self.score, self.pointer, prompted)

    def on(self, plane: int) -> PlaneMasks:
        return PlaneMasks(plane, self.logits[None], self.iou[None], self.score[None])


def _answer_prompt(
    model: Sam,
    memory: Memory,
    features: ImageFeatures,
    bank: MemoryBank,
    plane: int,
    prompt: PlanePrompt,
) -> PlaneMasks:
    """Answer the prompts of a plane and add its memory to the bank."""
    answer = _prompted(model, memory, features, prompt)
    bank.prompted[plane] = answer.remembered(memory, features, prompted=True)
    bank.tracked.pop(plane, None)
    return answer.on(plane)


def _prompted(model: Sam, memory: Memory, features: ImageFeatures, prompt: PlanePrompt) -> _Answer:
    """Answer the prompts of a plane; the decoder sees its image without memories."""
    if prompt.masks is not None:
        return _answer_mask(model, memory, features, prompt.masks)
    prediction = model.decode(
        features,
        prompt.point_coords,
        prompt.point_labels,
        prompt.boxes,
        prompt.mask_input,
        multimask_output=prompt.clicks <= _MULTIMASK_CLICKS,
    )
    return _best(memory, prediction)


def _answer_mask(model: Sam, memory: Memory, features: ImageFeatures, masks: Tensor) -> _Answer:
    """Answer a mask prompt by the mask itself; the decoder computes the object pointer."""
    h, w = (PATCH * side for side in features.image_embedding.shape[-2:])
    drawn = masks[0, :, None].to(features.image_embedding.dtype)
    if drawn.shape[-2:] != (h, w):
        drawn = functional.interpolate(drawn, (h, w), mode="bilinear", antialias=True)
        drawn = (drawn >= 0.5).to(drawn.dtype)
    logits = functional.interpolate(
        (2 * drawn - 1) * _SURE,
        (h // MASK_STRIDE, w // MASK_STRIDE),
        mode="bilinear",
        antialias=True,
    )[:, 0]
    padding = _padding_points(len(drawn), drawn)
    mask_input = memory.mask_downsample(drawn).transpose(0, 1)
    # here the reference's decoder sees the embedding without the vector for empty memory
    bare = replace(features, conditioned=True)
    prediction = model.decode(bare, *padding, mask_input=mask_input)
    score = torch.where(drawn.flatten(1).any(dim=1, keepdim=True), _SURE, -_SURE)
    pointer = memory.or_nothing(_best(memory, prediction).pointer, score)
    return _Answer(logits, torch.ones_like(score[:, 0]), score, pointer)


def _follow(
    model: Sam,
    memory: Memory,
    features: ImageFeatures,
    bank: MemoryBank,
    plane: int,
    reverse: bool,
) -> _Answer:
    """Answer a plane without prompts: the image is conditioned on the memories of each object."""
    conditioned = memory.condition(features, bank.recall(plane, reverse))
    objects = len(conditioned)
    high_res = tuple(x.expand(objects, -1, -1, -1) for x in features.high_res_features)
    coords, labels = (x.transpose(0, 1) for x in _padding_points(objects, conditioned))
    image = ImageFeatures(conditioned, high_res, conditioned=True)
    return _best(memory, model.decode(image, coords, labels, multimask_output=True))


def _padding_points(objects: int, like: Tensor) -> tuple[Tensor, Tensor]:
    """One padding point (label -1) for each object: ``(1, C, 1, 2)`` and ``(1, C, 1)``."""
    labels = torch.full((1, objects, 1), -1, device=like.device)
    return like.new_zeros(1, objects, 1, 2), labels


def _best(memory: Memory, prediction: MaskPrediction) -> _Answer:
    """Mask with the highest predicted IoU of each object; logits of -1024 for an absent object."""
    # objects lie in the batch if each has an image of its own, else in the class dimension
    logits, iou, score, tokens = (
        x.flatten(0, 1)
        for x in (
            prediction.low_res_logits,
            prediction.iou_predictions,
            prediction.object_score,
            prediction.mask_tokens,
        )
    )
    row, best = torch.arange(len(iou), device=iou.device), iou.argmax(dim=-1)
    masks = logits[row, best].where(score[..., None] > 0, _NO_OBJECT)
    return _Answer(masks, iou[row, best], score, memory.point_at(tokens[row, best], score))


def _memory_of(model: Sam) -> Memory:
    if model.memory is None:
        raise ModelError(
            f"{model.config.name} has no memory of other planes; choose a SAM 2 model to propagate"
        )
    memory: Memory = model.memory
    return memory
