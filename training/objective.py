"""Objective: the losses of a batch, of the proposals and of simulated annotators."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from napari_sam.learning.annotator import FIRST_PROMPTS, Annotator
from napari_sam.learning.batch import Batch
from napari_sam.learning.losses import proposal_loss
from napari_sam.learning.windows import normalise
from napari_sam.model.features import ImageFeatures
from napari_sam.model.sam import Sam

from .replay import Course

FIRST = ("click", "box")
"""Names of the losses of the first prompts, in the order of `FIRST_PROMPTS`."""


@dataclass(frozen=True, slots=True)
class Objective:
    """The losses of a run.

    Parameters
    ----------
    seed : int
        Seed of the choices of the annotators, with the course of a step.
    own, corrections : float
        Average rounds in a step in which the model gives itself a prompt, and is corrected.
    bfloat16 : bool
        Whether to compute in bfloat16.
    """

    seed: int
    own: float
    corrections: float
    bfloat16: bool

    def losses(self, model: Sam, batch: Batch, course: Course) -> dict[str, Tensor]:
        """Losses of a batch by name, scalars.

        Parameters
        ----------
        model : Sam
            The model.
        batch : Batch
            Windows and objects.
        course : tuple of int
            Size of the windows, and number of the sequence of prompts; 0 for no prompts.

        Returns
        -------
        dict
            ``dense`` of the proposals; ``click`` and ``box``, then ``own 0``, ``correction 0``, ...
            of the rounds that the course has.
        """
        with torch.autocast(batch.rgb.device.type, torch.bfloat16, enabled=self.bfloat16):
            features = model.image_encoder(normalise(model.config, batch.rgb), batch.offset)
            dense = proposal_loss(features.proposals, batch.targets, batch.complete)
            prompted = self._annotate(model, batch, features, course) if course[1] else {}
        return {"dense": dense} | prompted

    def _annotate(
        self, model: Sam, batch: Batch, features: ImageFeatures, course: Course
    ) -> dict[str, Tensor]:
        """Losses of a first click and a first box, the model's own prompts, and corrections."""
        rng = np.random.default_rng([self.seed, *course])
        annotators = [Annotator(batch, kinds, rng) for kinds in FIRST_PROMPTS]
        losses = {
            name: user.answer(model, features, all_masks=True)
            for name, user in zip(FIRST, annotators, strict=True)
        }
        for number in range(int(self.own + rng.random())):
            user = annotators[int(rng.integers(len(annotators)))]
            user.ask_itself(features.proposals)
            losses[f"own {number}"] = user.answer(model, features, all_masks=False)
        for number in range(int(self.corrections + rng.random())):
            user = annotators[int(rng.integers(len(annotators)))]
            user.correct()
            losses[f"correction {number}"] = user.answer(model, features, all_masks=False)
        return losses
