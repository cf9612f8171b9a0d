"""One simulated annotation: a first prompt, then corrections where the answer was wrong."""

import torch
from numpy.random import Generator
from torch import Tensor

from napari_sam.model.features import ImageFeatures
from napari_sam.model.sam import Sam

from .batches import Batch
from .losses import prompt_loss, resample
from .prompts import correct

FIRST_PROMPTS = (
    {"point": 0.76, "mask and point": 0.12, "mask": 0.12},
    {"box": 0.6, "box and point": 0.4},
)
MASK_INPUT_SHARE = 0.3  # corrections that also show the previous answer


class Annotator:
    """Prompts of all objects of a batch through the rounds of one step.

    Parameters
    ----------
    batch : Batch
        Windows and objects.
    kinds : dict
        Kinds of the first prompt and how often each is chosen; one of :data:`FIRST_PROMPTS`.
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
        self._answered: Tensor | None = None

    def answer(self, model: Sam, features: ImageFeatures, all_masks: bool) -> Tensor:
        """Decode, and return the loss."""
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
        self._answered = low_res[:, :, :1].detach()
        return loss

    @torch.no_grad()
    def correct(self) -> None:
        """Click where the last answer was wrong."""
        if self._answered is None:
            raise ValueError("nothing was answered yet that could be corrected")
        target = self.batch.objects.target[:, :, 0] > 0.5
        points, labels = correct(resample(self._answered, 2)[:, :, 0] > 0, target)
        # nobody corrects towards an object that is not there
        labels = labels.masked_fill(~target.flatten(2).any(-1) & (labels > 0), -1)
        points, labels = (2 * points + 0.5)[:, :, None], labels[..., None]
        self.coords = points if self.coords is None else torch.cat([self.coords, points], 2)
        self.labels = labels if self.labels is None else torch.cat([self.labels, labels], 2)
        shown = self._answered[:, :, 0].clamp(-20, 20)
        self.masks = shown if self.rng.random() < MASK_INPUT_SHARE else None
