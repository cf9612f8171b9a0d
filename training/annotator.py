"""One simulated annotation: a first prompt, then corrections where the answer was wrong."""

import numpy as np
import torch
from numpy.random import Generator
from torch import Tensor
from torch.nn import functional

from napari_sam.model.features import ImageFeatures
from napari_sam.model.sam import Sam

from .batches import Batch
from .losses import prompt_loss, resample
from .prompts import correct

FIRST_PROMPTS = (
    {"point": 0.78, "mask and point": 0.17, "mask": 0.05},
    {"box": 0.85, "box and point": 0.15},
)
MASK_INPUT_SHARE = 0.6  # corrections that also show the previous answer


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
        kind = str(rng.choice(list(kinds), p=list(kinds.values())))
        with_point, with_box = "point" in kind, "box" in kind
        self.coords: Tensor | None = batch.point[:, :, None] if with_point else None
        self.labels: Tensor | None = None
        if with_point:
            self.labels = torch.ones(
                (*batch.point.shape[:2], 1), dtype=torch.long, device=batch.rgb.device
            )
            self._pad_points(int(rng.integers(0, 3)) if rng.random() < 0.3 else 0)
        self.boxes = batch.box if with_box else None
        self.masks: Tensor | None = batch.mask_logits if "mask" in kind else None

    def _pad_points(self, count: int) -> None:
        """Padding, as objects with fewer clicks than others get it."""
        if self.coords is not None and self.labels is not None:
            self.coords = functional.pad(self.coords, (0, 0, 0, count))
            self.labels = functional.pad(self.labels, (0, count), value=-1)

    def answer(self, model: Sam, features: ImageFeatures, all_masks: bool) -> Tensor:
        """Decode, remember what was wrong for the next round, return the loss."""
        prediction = model.decode_tokens(
            features,
            self.coords,
            self.labels,
            self.boxes,
            self.masks,
            slice(0, 4) if all_masks else slice(0, 1),
            self.batch.offset,
        )
        logits = resample(prediction.low_res_logits, 2)
        loss = prompt_loss(
            logits,
            prediction.iou_predictions,
            prediction.object_score,
            self.batch.target,
            self.batch.candidate,
        )
        self._correct(logits[:, :, 0].detach(), prediction.low_res_logits[:, :, 0].detach())
        return loss

    def _correct(self, logits: Tensor, low_res: Tensor) -> None:
        predicted = (logits > 0).flatten(0, 1).cpu().numpy()
        target = (self.batch.target[:, :, 0] > 0.5).flatten(0, 1).cpu().numpy()
        points, labels = correct(predicted, target, self.rng)
        # nobody corrects towards an object that is not there
        labels[~target.any(axis=(1, 2)) & (labels > 0)] = -1
        shape, device = logits.shape[:2], logits.device
        xy = torch.from_numpy(2 * points + np.float32(0.5)).to(device).view(*shape, 1, 2)
        marks = torch.from_numpy(labels).to(device).view(*shape, 1)
        self.coords = xy if self.coords is None else torch.cat([self.coords, xy], 2)
        self.labels = marks if self.labels is None else torch.cat([self.labels, marks], 2)
        self.masks = low_res.clamp(-20, 20) if self.rng.random() < MASK_INPUT_SHARE else None
