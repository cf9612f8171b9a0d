"""Training without a set, whose images are then of an origin that the model has not seen."""

from dataclasses import dataclass
from pathlib import Path

import torch

from training.train import TrainingPlan, run


@dataclass(frozen=True, slots=True)
class LeaveOut:
    """Options of short runs that do not see the set on which they are measured.

    Parameters
    ----------
    data : Path
        Folder of the training sets.
    runs : Path
        Folder of the runs, one for each recipe and set; a run in it is resumed.
    minutes : float
        Length of each run.
    start : Path or None
        Weights to start from, which must not have seen the sets; random weights by default.
    procedural : int
        Canvases of four procedural images in memory.
    """

    data: Path
    runs: Path
    minutes: float
    start: Path | None
    procedural: int

    def train(self, recipe: str, left_out: str, device: str) -> Path:
        """Train a model without sets, names with commas between; returns its weights file."""
        out = self.runs / f"{recipe}, without {left_out}"
        plan = TrainingPlan(
            self.data,
            out,
            self.minutes,
            learning_rate=8e-4 if self.start is None else 3e-4,
            corrections=0.6,
            windows=8,
            objects=5,
            largest=512,
            procedural=self.procedural,
            start=self.start,
            recipe=recipe,
            leave_out=tuple(left_out.split(",")),
        )
        for _ in run(plan, torch.device(device)):
            pass
        return out / "cells-tiny.safetensors"
