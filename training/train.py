"""The training loop: resumable, on a CPU or a GPU."""

import json
import math
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file
from torch import Tensor
from torch.optim.swa_utils import AveragedModel
from torch.utils.data import DataLoader

from napari_sam.model.config import ModelConfig
from napari_sam.model.features import ImageFeatures
from napari_sam.model.sam import Sam
from napari_sam.weights.load import save_weights

from .annotator import FIRST_PROMPTS, Annotator
from .batches import Batch, BatchStream
from .losses import proposal_loss
from .procedural import procedural_set
from .samples import load_sets

# Shares of the run. From random weights, the sparse gradients of prompts drown the dense ones, and
# the encoder learns nothing for a long time: so it first learns the dense targets alone.
DENSE_ONLY_UNTIL = 0.08
LARGE_FROM = 0.70  # then windows of the full size join
DENSE_WEIGHT = 4.0
EMA_DECAY = 0.998


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
    batches : int
        Batches whose gradients are added before a step.
    procedural : int
        Procedural images.
    workers : int
        Loader processes; 0 draws the windows in the training process.
    seed : int
        Of windows, prompts and initial weights.
    switches : dict
        Overrides of :class:`ModelConfig`, for ablations.
    start : Path or None
        Weights to start from, as far as names and shapes agree.
    """

    data: Path
    out: Path
    minutes: float
    learning_rate: float = 8e-4
    weight_decay: float = 0.05
    corrections: float = 0.4
    batches: int = 1
    procedural: int = 240
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
        config = ModelConfig.from_dict(ModelConfig.cells_tiny().to_dict() | plan.switches)
        self.model = Sam(config).to(device)
        if plan.start is not None:
            start_from(self.model, plan.start)
        self.average = AveragedModel(self.model, multi_avg_fn=moving_average)
        self.optimizer = torch.optim.AdamW(
            parameter_groups(self.model, plan.weight_decay),
            lr=plan.learning_rate,
            betas=(0.9, 0.98),
        )
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
        averaged: Sam = self.average.module  # type: ignore[assignment]
        save_weights(averaged, self.plan.out / f"{self.model.config.name}.safetensors")

    def learn(self, batch: Batch, rng: np.random.Generator) -> dict[str, float]:
        """Gradients of one batch."""
        images = torch.cat([self.model.preprocess(rgb) for rgb in batch.rgb])
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.device.type == "cuda"):
            features = self.model.encode_image(images, batch.offset)
            dense = proposal_loss(features.proposals, batch.centre, batch.foreground)
            losses = self._annotate(batch, features, rng)
            loss = torch.stack(losses).mean() if losses else 0.0
        ((loss + DENSE_WEIGHT * dense) / self.plan.batches).backward()
        names = ("click", "box", "correction")
        values = dict(zip(names, (value.item() for value in losses), strict=False))
        return {"dense": dense.item()} | values

    def _annotate(
        self, batch: Batch, features: ImageFeatures, rng: np.random.Generator
    ) -> list[Tensor]:
        """Losses of a first click, a first box, and corrections of either."""
        if self.plan.start is None and self.progress < DENSE_ONLY_UNTIL:
            return []
        annotators = [Annotator(batch, kinds, rng) for kinds in FIRST_PROMPTS]
        losses = [one.answer(self.model, features, all_masks=True) for one in annotators]
        for _ in range(int(self.plan.corrections + rng.random())):
            one = annotators[int(rng.integers(len(annotators)))]
            losses.append(one.answer(self.model, features, all_masks=False))
        return losses

    def update(self) -> None:
        """One step of the optimiser."""
        for group in self.optimizer.param_groups:
            group["lr"] = self.plan.learning_rate * schedule(self.step, self.progress)
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        self.average.update_parameters(self.model)
        self.step += 1


@torch.no_grad()
def moving_average(averaged: Any, current: Any, count: Any) -> None:
    """Exponential moving average that forgets the random start quickly."""
    decay = min(EMA_DECAY, (1 + int(count)) / (10 + int(count)))
    for mean, value in zip(averaged, current, strict=True):
        mean.lerp_(value, 1 - decay)


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
    training = Training(plan, device)
    (plan.out / "plan.json").write_text(json.dumps(asdict(plan), default=str, indent=2))
    sets = load_sets(plan.data) | {"procedural": procedural_set(plan.procedural, plan.seed)}
    rng = np.random.default_rng([plan.seed, training.step])
    losses: list[dict[str, float]] = []
    while training.progress < 1:
        large = training.progress >= LARGE_FROM
        stream = BatchStream(sets, plan.seed, training.step, large)
        loader = DataLoader(
            stream,
            batch_size=None,
            num_workers=plan.workers,
            multiprocessing_context="fork" if plan.workers else None,
        )
        clock = time.perf_counter()
        for index, batch in enumerate(loader, 1):
            losses.append(training.learn(batch.to(device), rng))
            if index % plan.batches:
                continue
            training.update()
            now = time.perf_counter()
            training.seconds, clock = training.seconds + now - clock, now
            if training.step % 50 == 0:
                yield _log(training, losses)
                losses = []
            if training.progress >= 1 or large != (training.progress >= LARGE_FROM):
                break
    training.save()


def _log(training: Training, losses: list[dict[str, float]]) -> dict[str, float]:
    """Mean losses of the last steps, as one line; also the moment to save."""
    line = {
        "step": training.step,
        "minutes": round(training.seconds / 60, 2),
        "lr": training.optimizer.param_groups[0]["lr"],
    }
    for key in dict.fromkeys(key for values in losses for key in values):
        line[key] = round(float(np.mean([x[key] for x in losses if key in x])), 4)
    with (training.plan.out / "log.jsonl").open("a") as file:
        file.write(json.dumps(line) + "\n")
    if training.step % 250 == 0:
        training.save()
    return line
