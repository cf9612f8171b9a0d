"""Optimise: gradient steps on a copy of a model, stopped and taken up again at any step."""

from collections.abc import Iterator
from dataclasses import dataclass
from time import monotonic

import torch
from torch import Tensor

from napari_sam.errors import LearningError
from napari_sam.learning.teach import Step, copy_of, seeded
from napari_sam.model.sam import Sam

from .decoder_step import trained_parts
from .progress_file import ProgressFile, fits, restore, to_tensors
from .schedule import DECODER_RATE, ENCODER_RATE, SAM_RATE, Schedule

SAVE_EVERY = 15.0
"""Seconds after which the progress is written: a process that is killed loses no more."""


@dataclass(frozen=True, slots=True, eq=False)
class Learned:
    """State after a step.

    Parameters
    ----------
    learner : Sam
        The copy that learns; the same after each step.
    losses : tuple of float
        Loss of each step so far.
    done : float
        Share of the course, 0 to 1.
    """

    learner: Sam
    losses: tuple[float, ...]
    done: float


def optimise(model: Sam, step: Step, schedule: Schedule, file: ProgressFile) -> Iterator[Learned]:
    """Let a copy of a model learn.

    Parameters
    ----------
    model : Sam
        The model, which stays as it is.
    step : callable
        Loss of a step, from the copy and a generator of random numbers.
    schedule : Schedule
        Length and pace.
    file : ProgressFile
        Where the progress is kept. If it has some, the course goes on from there.

    Yields
    ------
    Learned
        Before the first step and after each one. Closing the generator writes the progress.

    Raises
    ------
    LearningError
        If a loss is not finite, or the file is of another training.
    """
    learner = copy_of(model)
    parameters = _choose(learner, schedule)
    rate = _rate(model, schedule)
    optimizer = torch.optim.AdamW(parameters, lr=rate, weight_decay=0.0)
    file.make_folder()
    losses, seconds = _resume(file, learner, optimizer)
    written = monotonic()
    try:
        while (done := schedule.progress(len(losses), seconds)) < 1:
            yield Learned(learner, tuple(losses), done)
            start = monotonic()
            optimizer.param_groups[0]["lr"] = rate * schedule.pace(len(losses), seconds)
            losses.append(_take(step, learner, optimizer, [schedule.seed, len(losses)]))
            seconds += monotonic() - start
            if monotonic() - written > SAVE_EVERY:
                _write(file, learner, optimizer, losses, seconds)
                written = monotonic()
    except GeneratorExit:  # between two steps
        _write(file, learner, optimizer, losses, seconds)
        raise
    _write(file, learner, optimizer, losses, seconds)
    yield Learned(learner, tuple(losses), 1.0)


def _rate(model: Sam, schedule: Schedule) -> float:
    if schedule.encoder:
        return ENCODER_RATE
    return DECODER_RATE if model.config.proposals else SAM_RATE


def _choose(learner: Sam, schedule: Schedule) -> list[torch.nn.Parameter]:
    """Freeze the other parts; return the learning parameters."""
    learner.requires_grad_(schedule.encoder)
    if not schedule.encoder:
        for part in trained_parts(learner):
            part.requires_grad_(True)
    return [parameter for parameter in learner.parameters() if parameter.requires_grad]


def _take(step: Step, learner: Sam, optimizer: torch.optim.Optimizer, seed: list[int]) -> float:
    """Take a step; return its loss."""
    with seeded(seed) as rng, torch.enable_grad():
        loss = step(learner, rng)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(optimizer.param_groups[0]["params"], 1.0)
        if not bool(loss.isfinite() & norm.isfinite()):
            raise LearningError(
                f"the loss of step {seed[1] + 1} is not finite, so no model was made: look for "
                "images without content, or choose another model"
            )
        optimizer.step()
    return float(loss.detach())


def _resume(
    file: ProgressFile, learner: Sam, optimizer: torch.optim.Optimizer
) -> tuple[list[float], float]:
    """Losses and seconds of the progress so far; the weights are set to it."""
    progress = file.read()
    if progress is None or not fits(progress[0], learner):
        return [], 0.0
    tensors, seconds = progress
    restore(tensors, learner, optimizer)
    losses: list[float] = tensors["losses"].tolist()
    return losses, seconds


def _write(
    file: ProgressFile,
    learner: Sam,
    optimizer: torch.optim.Optimizer,
    losses: list[float],
    seconds: float,
) -> None:
    curve: Tensor = torch.tensor(losses, dtype=torch.float64)
    file.write(to_tensors(learner, optimizer) | {"losses": curve}, seconds)
