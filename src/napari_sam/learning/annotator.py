"""Simulated annotation: a first prompt, then corrections where the answer was wrong."""

import torch
from numpy.random import Generator
from torch import Tensor

from napari_sam.model.features import ImageFeatures
from napari_sam.model.sam import MASK_STRIDE, Sam

from .batch import Batch
from .losses import prompt_loss, resample
from .prompts import MASK_LOGIT, correct, deepest, own_boxes

FIRST_PROMPTS = (
    {"point": 0.76, "mask and point": 0.12, "mask": 0.12},
    {"box": 0.6, "box and point": 0.4},
)
"""Two annotators of each step: kind of the first prompt -> probability."""
OWN_BOX_SHARE = 0.5  # share of lone clicks asked again with a predicted box instead of the answer
MASK_INPUT_SHARE = 0.3  # share of corrections that feed the previous answer back as a mask prompt


class Annotator:
    """Simulated user who prompts and corrects all objects of a batch in one step.

    Parameters
    ----------
    batch : Batch
        Windows and objects.
    kinds : dict
        Kind of the first prompt -> probability; an entry of :data:`FIRST_PROMPTS`.
    rng : Generator
        Source of the choices.
    """

    def __init__(self, batch: Batch, kinds: dict[str, float], rng: Generator) -> None:
        self.batch, self.rng = batch, rng
        objects = batch.objects
        kind = str(rng.choice(list(kinds), p=list(kinds.values())))
        with_point, with_box = "point" in kind, "box" in kind
        self.coords: Tensor | None = objects.point[:, :, None] if with_point else None
        self.labels: Tensor | None = None
        if with_point:
            self.labels = torch.ones(
                (*objects.point.shape[:2], 1), dtype=torch.long, device=objects.point.device
            )
        self.boxes = objects.box if with_box else None
        self.masks: Tensor | None = objects.mask_logits if "mask" in kind else None
        self._last_logits: Tensor | None = None

    @torch.no_grad()
    def ask_itself(self, proposals: Tensor | None) -> None:
        """Add a prompt that the model gives itself, as :mod:`napari_sam.masks.own_prompts` does.

        At a lone click the box that the proposal head predicts there, or the last answer as a mask;
        to a lone box the middle of the last answer.

        Parameters
        ----------
        proposals : Tensor or None
            ``(B, 6, h, w)``; without, no box is added.
        """
        if self._last_logits is None:
            raise ValueError("ask_itself() needs an answer: call answer() first")
        inside = self._last_logits[:, :, 0] > 0
        lone = self.masks is None and (self.coords is None or self.boxes is None)
        if lone and self.coords is None:
            points = deepest(inside)
            self.coords = (MASK_STRIDE * points + (MASK_STRIDE - 1) / 2)[:, :, None]
            self.labels = torch.ones_like(self.coords[..., 0], dtype=torch.long)
        elif (
            lone
            and self.coords is not None
            and proposals is not None
            and self.rng.random() < OWN_BOX_SHARE
        ):
            self.boxes = own_boxes(proposals, self.coords[:, :, 0])
        else:
            self.masks = torch.where(inside, MASK_LOGIT, -MASK_LOGIT)

    def answer(self, model: Sam, features: ImageFeatures, all_masks: bool) -> Tensor:
        """Decode the prompts; returns the loss, a scalar.

        ``all_masks`` trains the three candidates too, after a first prompt.
        """
        prediction = model.decode_tokens(
            features,
            self.coords,
            self.labels,
            self.boxes,
            self.masks,
            slice(0, 4) if all_masks else slice(0, 1),
            self.batch.offset,
        )
        low_res = prediction.low_res_logits.float()
        logits = resample(low_res, 2)
        loss = prompt_loss(
            logits,
            prediction.iou_predictions.float(),
            prediction.object_score.float(),
            self.batch.objects.target,
            self.batch.objects.candidate,
            self.batch.targets.near_border,
        )
        self._last_logits = low_res[:, :, :1].detach()
        return loss

    @torch.no_grad()
    def correct(self) -> None:
        """Add a click to each object where the last answer was wrong."""
        if self._last_logits is None:
            raise ValueError("correct() needs an answer: call answer() first")
        target = self.batch.objects.target[:, :, 0] > 0.5
        points, labels = correct(resample(self._last_logits, 2)[:, :, 0] > 0, target)
        # a user does not click into an object that does not exist
        labels = labels.masked_fill(~target.flatten(2).any(-1) & (labels > 0), -1)
        points, labels = (2 * points + 0.5)[:, :, None], labels[..., None]
        self.coords = points if self.coords is None else torch.cat([self.coords, points], 2)
        self.labels = labels if self.labels is None else torch.cat([self.labels, labels], 2)
        previous = self._last_logits[:, :, 0].clamp(-20, 20)
        self.masks = previous if self.rng.random() < MASK_INPUT_SHARE else None
