"""The training loop: resumable, on a CPU or a GPU."""

import json
import math
import time
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file
from torch import Tensor

from napari_sam.model.features import ImageFeatures
from napari_sam.model.sam import Sam
from napari_sam.weights.families import CELLS_TINY_POLICY, cells_tiny
from napari_sam.weights.header import from_header, to_header
from napari_sam.weights.load import save_weights

from .annotator import FIRST_PROMPTS, Annotator
from .atlas import Atlas
from .batches import Batch, BatchStream
from .feed import Feed
from .losses import proposal_loss
from .replay import Course, Replay, Step
from .samples import load_sets

# Shares of the run. From random weights, the sparse gradients of prompts drown the dense ones, and
# the encoder learns nothing for a long time: so it first learns the dense targets alone.
DENSE_ONLY_UNTIL = 0.08
LARGE_FROM = 0.40  # then windows of the full size join
DENSE_WEIGHT = 4.0
EMA_DECAY = 0.999
COURSES = 16  # which prompts come first and what is corrected, of each size of windows
LOG_EVERY = 50  # steps
REFRESH_EVERY = 8  # steps after which new procedural images are looked for
SAVE_EVERY = 60.0  # seconds


@dataclass(frozen=True, slots=True)
class TrainingPlan:
    """Everything that determines a run.

    Parameters
    ----------
    data, out : Path
        Folder of the training sets; folder of checkpoint, log and exported weights.
    minutes : float
        Length of the run; the schedule follows the clock, because a shared CPU's speed does not
        hold still. Pauses between resumed parts do not count.
    learning_rate, weight_decay : float
        AdamW.
    corrections : float
        Rounds of corrections a step, on average, after a first click and a first box.
    windows : int
        Windows of 256 pixels in a batch, and of larger ones as many as have the same area.
    objects : int
        Objects that are asked for in each window of 256 pixels; in larger ones, some more.
    procedural : int
        Canvases of four procedural images at a time.
    workers : int
        Processes that paint procedural canvases anew for ever; with 0 the first ones stay.
    seed : int
        Of windows, prompts and initial weights.
    switches : dict
        Overrides of fields of `ModelConfig` and `AnswerPolicy`, for ablations.
    start : Path or None
        Weights to start from, as far as names and shapes agree.
    """

    data: Path
    out: Path
    minutes: float
    learning_rate: float = 8e-4
    weight_decay: float = 0.05
    corrections: float = 0.4
    windows: int = 4
    objects: int = 8
    procedural: int = 60
    workers: int = 0
    seed: int = 0
    switches: dict[str, Any] = field(default_factory=dict)
    start: Path | None = None


class Training:
    """State of a run: model, its running average, optimiser, clock.

    Parameters
    ----------
    plan : TrainingPlan
        The run.
    device : torch.device
        Where to train.
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
        self.step, self.seconds = 0, 0.0
        plan.out.mkdir(parents=True, exist_ok=True)
        if self.checkpoint.exists():
            self.resume()

    @property
    def checkpoint(self) -> Path:
        """File from which the run resumes."""
        return self.plan.out / "checkpoint.pt"

    @property
    def progress(self) -> float:
        """Share of the run that is done."""
        return min(1.0, self.seconds / (60 * self.plan.minutes))

    def resume(self) -> None:
        """Go on where the checkpoint was written."""
        state = torch.load(self.checkpoint, map_location=self.device, weights_only=True)
        self.model.load_state_dict(state["model"])
        self.average.load_state_dict(state["average"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.step, self.seconds = state["step"], state["seconds"]

    def save(self) -> None:
        """Write checkpoint and exported weights, each in one step."""
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
        """Gradients of one batch; returns its losses."""
        dense_only = self.plan.start is None and self.progress < DENSE_ONLY_UNTIL
        course = (batch.rgb.shape[-1], 0 if dense_only else 1 + int(rng.integers(COURSES)))
        step = self.replay(batch, course)
        for parameter, gradient in zip(self.model.parameters(), step.gradients, strict=True):
            parameter.grad = gradient
        return step.losses

    def work(self, batch: Batch, course: Course) -> Step:
        """Losses and gradients; the course is the size of the windows, and what users do there."""
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.device.type == "cuda"):
            features = self.model.image_encoder(self._normalise(batch.rgb), batch.offset)
            dense = proposal_loss(features.proposals, batch.targets)
            losses = self._annotate(batch, features, course) if course[1] else []
            loss = torch.stack(losses).mean() if losses else 0.0
        total = loss + DENSE_WEIGHT * dense
        parameters = list(self.model.parameters())
        gradients = torch.autograd.grad(total, parameters, allow_unused=True)
        names = ("click", "box", "correction")
        values = {name: value.detach() for name, value in zip(names, losses, strict=False)}
        laid = tuple(_laid_alike(*pair) for pair in zip(gradients, parameters, strict=True))
        return Step(laid, {"dense": dense.detach()} | values)

    def _normalise(self, rgb: Tensor) -> Tensor:
        config = self.model.config
        moments = zip(rgb.unbind(1), config.pixel_mean, config.pixel_std, strict=True)
        return torch.stack([(channel - mean) / std for channel, mean, std in moments], 1)

    def _annotate(self, batch: Batch, features: ImageFeatures, course: Course) -> list[Tensor]:
        """Losses of a first click, a first box, and corrections of either."""
        rng = np.random.default_rng([self.plan.seed, *course])
        annotators = [Annotator(batch, kinds, rng) for kinds in FIRST_PROMPTS]
        losses = [one.answer(self.model, features, all_masks=True) for one in annotators]
        for _ in range(int(self.plan.corrections + rng.random())):
            one = annotators[int(rng.integers(len(annotators)))]
            one.correct()
            losses.append(one.answer(self.model, features, all_masks=False))
        return losses

    def update(self) -> None:
        """One step of the optimiser."""
        for group in self.optimizer.param_groups:
            group["lr"] = self.plan.learning_rate * schedule(self.step, self.progress)
        norm = torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        # One batch whose gradients are no numbers must not take the weights with it. The optimiser
        # asks for itself: to ask here would wait for all that is under way on a graphics card.
        self.optimizer.found_inf = (~norm.isfinite()).float()  # type: ignore[attr-defined]
        self.optimizer.step()
        self._follow()
        self.optimizer.zero_grad(set_to_none=True)
        self.step += 1

    @torch.no_grad()
    def _follow(self) -> None:
        """Move the average towards the weights; it forgets the start quickly."""
        decay = min(EMA_DECAY, (1 + self.step) / (10 + self.step))
        averages, weights = (
            [weight.data for weight in model.parameters()] for model in (self.average, self.model)
        )
        torch._foreach_lerp_(averages, weights, 1 - decay)


def _laid_alike(gradient: Tensor | None, parameter: Tensor) -> Tensor | None:
    """The gradient in the memory layout of its parameter, as the optimiser wants it."""
    return None if gradient is None else torch.empty_like(parameter).copy_(gradient)


def parameter_groups(model: Sam, weight_decay: float) -> list[dict[str, Any]]:
    """Matrices decay; biases, norms and embeddings do not."""
    matrices = [p for p in model.parameters() if p.ndim >= 2 and p.shape[0] > 4]
    others = [p for p in model.parameters() if p.ndim < 2 or p.shape[0] <= 4]
    return [
        {"params": matrices, "weight_decay": weight_decay},
        {"params": others, "weight_decay": 0.0},
    ]


def start_from(model: Sam, path: Path) -> None:
    """Take the tensors of a weights file that the model has too."""
    own, given = model.state_dict(), load_file(path)
    same = {k: v for k, v in given.items() if k in own and v.shape == own[k].shape}
    model.load_state_dict(own | same)


def schedule(step: int, progress: float, warmup: int = 200) -> float:
    """Share of the learning rate: linear warm-up, then cosine to one percent."""
    return min(1.0, (step + 1) / warmup) * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * progress)))


def run(plan: TrainingPlan, device: torch.device) -> Iterator[dict[str, float]]:
    """Train; yields a line of the log every 50 steps, and writes it to ``log.jsonl``.

    Parameters
    ----------
    plan : TrainingPlan
        The run; a checkpoint in ``plan.out`` is resumed.
    device : torch.device
        Where to train.

    Yields
    ------
    dict
        Step, minutes, learning rate and mean losses.
    """
    torch.set_float32_matmul_precision("high")
    feed = Feed(load_sets(plan.data), plan.seed, plan.workers, plan.procedural)
    try:
        atlas = Atlas(feed.canvases(), device)
        stream = BatchStream(atlas, plan.seed, plan.windows, plan.objects)
        training = Training(plan, device)
        (plan.out / "plan.json").write_text(json.dumps(asdict(plan), default=str, indent=2))
        try:
            yield from _train(training, feed, stream)
        finally:  # also when the user interrupts it
            training.save()
    finally:
        feed.close()


def _train(training: Training, feed: Feed, stream: BatchStream) -> Iterator[dict[str, float]]:
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
            yield _log(training, losses)
            losses = []
        if training.seconds - saved > SAVE_EVERY:
            training.save()
            saved = training.seconds


def _log(training: Training, losses: list[dict[str, Tensor]]) -> dict[str, float]:
    """Mean losses of the last steps, as one line."""
    line = {
        "step": training.step,
        "minutes": round(training.seconds / 60, 2),
        "lr": training.optimizer.param_groups[0]["lr"],
    }
    for key in dict.fromkeys(key for values in losses for key in values):
        values = torch.stack([x[key] for x in losses if key in x])
        line[key] = round(float(values.mean()), 4)
    with (training.plan.out / "log.jsonl").open("a") as file:
        file.write(json.dumps(line) + "\n")
    return line
