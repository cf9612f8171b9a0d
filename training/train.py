"""Training loop of the built-in model: resumable, on a CPU or a GPU."""

import json
import math
import time
from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file
from torch import Tensor

from napari_sam.learning.batch import Batch
from napari_sam.model.precision import Precision
from napari_sam.model.sam import Sam
from napari_sam.weights.families import CELLS_TINY_POLICY, cells_tiny
from napari_sam.weights.header import from_header, to_header
from napari_sam.weights.load import save_weights
from napari_sam.weights.precision import fastest_precision

from .atlas import Atlas
from .batches import BatchStream
from .feed import Feed
from .held_back import held_back_batches, split
from .objective import Objective
from .recipe import RECIPES
from .replay import Course, Replay, Step
from .samples import load_sets

DENSE_ONLY_UNTIL = 0.08
"""Share of the run in which only the proposal head is trained. From random weights, the noisy
gradients of the prompts would hide those of the dense targets, and the encoder would not learn."""
LARGE_FROM = 0.40
"""Share of the run after which windows of the full size join."""
DENSE_WEIGHT = 4.0  # weight of the proposal loss; the losses of prompts have weight 1
EMA_DECAY = 0.999  # of the average of the weights, for each step
COURSES = 16  # sequences of prompts and corrections for each size of windows
LOG_EVERY = 50  # steps between two lines of the log
MEASURE_EVERY = 250  # steps between two measurements on images that are held back
REFRESH_EVERY = 8  # steps between two exchanges of procedural canvases
SAVE_EVERY = 60.0  # seconds between two checkpoints


@dataclass(frozen=True, slots=True)
class TrainingPlan:
    """Options of a run, from the command line; written to ``plan.json``.

    Parameters
    ----------
    data, out : Path
        Folder of the training sets; folder for checkpoint, log and exported weights.
    minutes : float
        Length of the run. The schedule follows the clock, because the speed of a shared CPU
        varies. Time between an interruption and the resumption does not count.
    learning_rate, weight_decay : float
        Options of AdamW (arXiv:1711.05101).
    corrections : float
        Average rounds of corrections in a step, after a first click and a first box.
    own : float
        Average rounds in a step in which the model gives itself a further prompt.
    windows : int
        Windows of 256 pixels in a batch; batches of other sizes have the same area.
    objects : int
        Prompted objects in each window of 256 pixels; more in larger windows.
    largest : int
        Side in pixels of the largest windows, from 128 to 1024.
    procedural : int
        Canvases of four procedural images in memory.
    workers : int
        Processes that paint new procedural canvases; with 0 the first canvases stay.
    seed : int
        Seed of windows, prompts and initial weights.
    switches : dict
        Overrides of fields of `ModelConfig` and `AnswerPolicy`, for ablations.
    start : Path or None
        File of weights to start from; tensors whose names and shapes agree are used.
    recipe : str
        Name in :data:`~training.recipe.RECIPES`: the sets and procedural images.
    leave_out : tuple of str
        Names of sets that the run must not see, also not in other looks.
    """

    data: Path
    out: Path
    minutes: float
    learning_rate: float = 8e-4
    weight_decay: float = 0.05
    corrections: float = 0.4
    own: float = 0.5
    windows: int = 4
    objects: int = 8
    largest: int = 1024
    procedural: int = 60
    workers: int = 0
    seed: int = 0
    switches: dict[str, Any] = field(default_factory=dict)
    start: Path | None = None
    recipe: str = "new"
    leave_out: tuple[str, ...] = ()


class Training:
    """State of a run: model, average of its weights, optimiser, clock.

    Parameters
    ----------
    plan : TrainingPlan
        Options of the run.
    device : torch.device
        Device to train on.
    """

    def __init__(self, plan: TrainingPlan, device: torch.device) -> None:
        self.plan, self.device = plan, device
        torch.manual_seed(plan.seed)
        header = to_header(cells_tiny(), CELLS_TINY_POLICY)
        self.model = Sam(*from_header(header | plan.switches)).to(device)
        if plan.start is not None:
            start_from(self.model, plan.start)
        self.average = deepcopy(self.model).requires_grad_(False)
        self.optimizer = torch.optim.AdamW(
            parameter_groups(self.model, plan.weight_decay),
            lr=plan.learning_rate,
            betas=(0.9, 0.98),
            fused=True,
        )
        self.replay = Replay(self.work, device)
        bfloat16 = fastest_precision(str(device)) is Precision.BF16
        self.objective = Objective(plan.seed, plan.own, plan.corrections, bfloat16)
        self.step, self.seconds = 0, 0.0
        plan.out.mkdir(parents=True, exist_ok=True)
        if self.checkpoint.exists():
            self.resume()

    @property
    def checkpoint(self) -> Path:
        """File from which a run resumes."""
        return self.plan.out / "checkpoint.pt"

    @property
    def progress(self) -> float:
        """Share of the run that has passed, 0..1."""
        return min(1.0, self.seconds / (60 * self.plan.minutes))

    def resume(self) -> None:
        """Load model, average, optimiser and clock from the checkpoint."""
        state = torch.load(self.checkpoint, map_location=self.device, weights_only=True)
        self.model.load_state_dict(state["model"])
        self.average.load_state_dict(state["average"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.step, self.seconds = state["step"], state["seconds"]

    def save(self) -> None:
        """Write checkpoint and exported weights, replacing each file in one step."""
        state = {
            "model": self.model.state_dict(),
            "average": self.average.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "step": self.step,
            "seconds": self.seconds,
        }
        partial = self.checkpoint.with_suffix(".partial")
        torch.save(state, partial)
        partial.replace(self.checkpoint)
        save_weights(self.average, self.plan.out / f"{self.model.config.name}.safetensors")

    def learn(self, batch: Batch, rng: np.random.Generator) -> dict[str, Tensor]:
        """Set the gradients of one batch as ``parameter.grad``; returns the losses by name."""
        dense_only = self.plan.start is None and self.progress < DENSE_ONLY_UNTIL
        course = (batch.rgb.shape[-1], 0 if dense_only else 1 + int(rng.integers(COURSES)))
        step = self.replay(batch, course)
        for parameter, gradient in zip(self.model.parameters(), step.gradients, strict=True):
            parameter.grad = gradient
        return step.losses

    def work(self, batch: Batch, course: Course) -> Step:
        """Losses and gradients of a batch, for :class:`Replay`; the course chooses the prompts."""
        losses = self.objective.losses(self.model, batch, course)
        prompted = [loss for name, loss in losses.items() if name != "dense"]
        total = DENSE_WEIGHT * losses["dense"]
        if prompted:
            total = total + torch.stack(prompted).mean()
        parameters = list(self.model.parameters())
        gradients = torch.autograd.grad(total, parameters, allow_unused=True)
        aligned = tuple(_in_layout_of(*pair) for pair in zip(gradients, parameters, strict=True))
        return Step(aligned, {name: loss.detach() for name, loss in losses.items()})

    @torch.no_grad()
    def losses_of(self, batches: Sequence[Batch]) -> dict[str, float]:
        """Mean losses of the averaged weights on batches, of the proposals and first prompts."""
        first_prompts = replace(self.objective, own=0, corrections=0)
        by_batch = [first_prompts.losses(self.average, batch, (0, 1)) for batch in batches]
        names = by_batch[0] if by_batch else ()
        return {name: float(torch.stack([x[name] for x in by_batch]).mean()) for name in names}

    def update(self) -> None:
        """Step the optimiser and the average of the weights."""
        for group in self.optimizer.param_groups:
            group["lr"] = self.plan.learning_rate * schedule(self.step, self.progress)
        norm = torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        # The optimiser skips a batch whose gradients are not finite. It tests the flag on the
        # device; a test here would wait for the running work of a GPU.
        self.optimizer.found_inf = (~norm.isfinite()).float()  # type: ignore[attr-defined]
        self.optimizer.step()
        self._update_average()
        self.optimizer.zero_grad(set_to_none=True)
        self.step += 1

    @torch.no_grad()
    def _update_average(self) -> None:
        """Exponential moving average of the weights, with a short memory in the first steps."""
        decay = min(EMA_DECAY, (1 + self.step) / (10 + self.step))
        averages, weights = (
            [weight.data for weight in model.parameters()] for model in (self.average, self.model)
        )
        torch._foreach_lerp_(averages, weights, 1 - decay)


def _in_layout_of(gradient: Tensor | None, parameter: Tensor) -> Tensor | None:
    """Gradient in the memory layout of its parameter, which the fused optimiser needs."""
    return None if gradient is None else torch.empty_like(parameter).copy_(gradient)


def parameter_groups(model: Sam, weight_decay: float) -> list[dict[str, Any]]:
    """Parameter groups of the optimiser: weight decay for matrices alone."""
    matrices = [p for p in model.parameters() if p.ndim >= 2 and p.shape[0] > 4]
    vectors = [p for p in model.parameters() if p.ndim < 2 or p.shape[0] <= 4]
    return [
        {"params": matrices, "weight_decay": weight_decay},
        {"params": vectors, "weight_decay": 0.0},
    ]


def start_from(model: Sam, path: Path) -> None:
    """Load the tensors of a weights file whose names and shapes the model has."""
    state, saved = model.state_dict(), load_file(path)
    shared = {k: v for k, v in saved.items() if k in state and v.shape == state[k].shape}
    model.load_state_dict(state | shared)


def schedule(step: int, progress: float, warmup: int = 200) -> float:
    """Factor of the learning rate: linear warm-up over ``warmup`` steps, then cosine to 0.01."""
    return min(1.0, (step + 1) / warmup) * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * progress)))


def run(plan: TrainingPlan, device: torch.device) -> Iterator[dict[str, float]]:
    """Train, and write a line to ``log.jsonl`` every 50 steps.

    An eighth of the images of each set is held back; the log has the losses on them beside those of
    the images learned from.

    Parameters
    ----------
    plan : TrainingPlan
        Options of the run; a checkpoint in ``plan.out`` is resumed.
    device : torch.device
        Device to train on.

    Yields
    ------
    dict
        A line of the log: step, minutes, learning rate and mean losses.
    """
    torch.set_float32_matmul_precision("high")
    recipe = RECIPES[plan.recipe]
    names = [name for name in recipe.sets if name not in plan.leave_out]
    learned, held_back = split(load_sets(plan.data, names))
    feed = Feed(learned, plan.seed, plan.workers, plan.procedural, recipe)
    try:
        atlas = Atlas(feed.canvases(), device)
        stream = BatchStream(atlas, plan.seed, plan.windows, plan.objects, plan.largest)
        unseen = held_back_batches(held_back, device, plan.windows, plan.objects)
        training = Training(plan, device)
        (plan.out / "plan.json").write_text(json.dumps(asdict(plan), default=str, indent=2))
        try:
            yield from _train(training, feed, stream, unseen)
        finally:  # also after an interruption by the user
            training.save()
    finally:
        feed.close()


def _train(
    training: Training, feed: Feed, stream: BatchStream, unseen: Sequence[Batch]
) -> Iterator[dict[str, float]]:
    losses: list[dict[str, Tensor]] = []
    saved = training.seconds
    clock = time.perf_counter()
    while training.progress < 1:
        rng = np.random.default_rng([training.plan.seed, training.step, 1])
        batch = stream.draw(training.step, training.progress >= LARGE_FROM)
        losses.append(training.learn(batch, rng))
        training.update()
        if training.step % REFRESH_EVERY == 0:
            feed.refresh(stream.atlas)
        now = time.perf_counter()
        training.seconds, clock = training.seconds + now - clock, now
        if training.step % LOG_EVERY == 0:
            yield _log(training, losses, unseen)
            losses = []
        if training.seconds - saved > SAVE_EVERY:
            training.save()
            saved = training.seconds


def _log(
    training: Training, losses: list[dict[str, Tensor]], unseen: Sequence[Batch]
) -> dict[str, float]:
    """Write and return a line of the log: mean losses of the last steps, and of unseen images."""
    line = {
        "step": training.step,
        "minutes": round(training.seconds / 60, 2),
        "lr": training.optimizer.param_groups[0]["lr"],
    }
    for key in dict.fromkeys(key for values in losses for key in values):
        values = torch.stack([x[key] for x in losses if key in x])
        line[key] = round(float(values.mean()), 4)
    if training.step % MEASURE_EVERY == 0:
        line |= {f"unseen {k}": round(v, 4) for k, v in training.losses_of(unseen).items()}
    with (training.plan.out / "log.jsonl").open("a") as file:
        file.write(json.dumps(line) + "\n")
    return line
