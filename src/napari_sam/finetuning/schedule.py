"""Schedule: length and pace of a fine-tuning."""

import math
from dataclasses import dataclass

from napari_sam.learning.teach import WARM_UP

ENCODER_RATE = 3e-4
"""Learning rate of the whole built-in model."""

DECODER_RATE = 1e-3
"""Learning rate of the decoder of the built-in model: on two sets, 3e-4 gained less for clicks."""

SAM_RATE = 1e-4
"""Learning rate of the decoder of a SAM, which has ten times as many channels."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """Length and pace of a fine-tuning.

    Parameters
    ----------
    encoder : bool
        Whether the whole model learns, from pixels; otherwise prompt encoder and mask decoder learn
        from embeddings.
    steps : int or None
        Gradient steps: the same folder gives the same model on a machine, also after a pause.
    minutes : float
        Minutes of learning, if `steps` is None.
    partial : bool
        Whether a pixel without a label may be anything, instead of background.
    seed : int
        Seed of windows and prompts.
    """

    encoder: bool = False
    steps: int | None = None
    minutes: float = 4.0
    partial: bool = False
    seed: int = 0

    @property
    def text(self) -> str:
        """Sentence about the learning parts and the length of the course."""
        parts = "The whole model" if self.encoder else "Prompt encoder and mask decoder"
        length = f"{self.minutes:g} minutes" if self.steps is None else f"{self.steps} steps"
        labels = "not known" if self.partial else "background"
        return f"{parts} learned for {length}; pixels without a label were {labels}."

    def progress(self, step: int, seconds: float) -> float:
        """Share of the course that is done before a step, 0 to 1."""
        if self.steps is not None:
            return step / self.steps
        return min(1.0, seconds / (60 * self.minutes))

    def pace(self, step: int, seconds: float) -> float:
        """Factor of the learning rate: linear warm-up, then cosine to 0."""
        warm = min(1.0, (step + 1) / WARM_UP)
        return warm * 0.5 * (1 + math.cos(math.pi * self.progress(step, seconds)))
